"""A run of the child program, seen from its parent. Every wait has an end."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.crash.wire import Start

ROOT = Path(__file__).parents[2]
LAST_WORDS = 10.0
"""Seconds within which the pipe of a killed child must end."""


class Stuck(Exception):
    """Nothing came in time."""


class Child:
    """The child program, loaded and waiting for `begin`.

    Args:
        folder: Where its journal and the receivers' files are.
        arguments: Of the program, after the folder.
    """

    def __init__(self, folder: Path, arguments: list[str]) -> None:
        self._errors = (folder / "stderr").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.child", str(folder), *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._orders = self._process.stdin
        self._pipe = self._process.stdout.fileno()
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLIN)
        self._rest = b""
        self._heard: deque[list[str]] = deque()
        self.ended = False

    def begin(self, start: Start) -> None:
        self.order(msgspec.json.encode(start).decode())

    def order(self, line: str) -> None:
        """Write a line to its standard input."""
        try:
            self._orders.write(f"{line}\n".encode())
        except BrokenPipeError:
            self.ended = True

    def lines(self, until: float) -> Iterator[list[str]]:
        """The words of each line that comes until this time of the monotonic clock, or its end.

        What is not taken stays for the next call.
        """
        while (left := until - time.monotonic()) > 0 and (self._heard or not self.ended):
            if self._heard:
                yield self._heard.popleft()
            else:
                self._read(left)

    def kill(self) -> Iterator[list[str]]:
        """Kill it with SIGKILL; gives the lines that it had written."""
        self._process.kill()
        until = time.monotonic() + LAST_WORDS
        while not self.ended and (left := until - time.monotonic()) > 0:
            self._read(left)
        self.close()
        while self._heard:
            yield self._heard.popleft()

    def wait(self, seconds: float) -> int:
        """Its exit status, once it has ended by itself.

        Raises:
            Stuck: It has not in time, and was killed.
        """
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Stuck(f"the child did not end within {seconds} s") from None
        finally:
            self.close()

    def close(self) -> None:
        """Leave nothing behind, whatever state it is in."""
        self._process.kill()
        self._process.wait()
        for file in (self._process.stdin, self._process.stdout, self._errors):
            if file is not None:
                file.close()
        self.ended = True

    def _read(self, seconds: float) -> None:
        if not self._poll.poll(seconds * 1000):
            return
        data = os.read(self._pipe, 1 << 16)
        self.ended = not data
        *whole, self._rest = (self._rest + data).split(b"\n")
        self._heard.extend(line.decode().split(" ") for line in whole)
