"""What a command writes, and the exit codes."""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Iterable
from enum import IntEnum
from typing import Final, cast

_PATIENCE: Final = 0.5
_INTERVAL: Final = 0.1


class Exit(IntEnum):
    """The exit codes: the same as those of every ``regrow`` command."""

    CLEAN = 0
    """There are files and rules, and nothing was found."""
    FINDINGS = 1
    """Something was found, or a file couldn't be looked at."""
    BAD_USE = 2
    """Wrong arguments or settings, no files, or no rules."""
    OUR_BUG = 101
    """A rule or the linter failed."""
    INTERRUPTED = 130
    """Ctrl-C."""


def show(text: str) -> None:
    """Write a line of the result to the standard output."""
    sys.stdout.write(f"{text}\n")


def show_all(lines: Iterable[str]) -> None:
    """Write the lines of a result to the standard output."""
    for line in lines:
        show(line)


def say(text: str) -> None:
    """Write a line about the run to the standard error."""
    sys.stderr.write(f"{text}\n")


def take_any_name() -> None:
    """Let the standard output write what its encoding lacks: names of files may hold anything."""
    stdout: object = sys.stdout
    if isinstance(stdout, io.TextIOWrapper):
        cast("io.TextIOWrapper", stdout).reconfigure(errors="backslashreplace")


class Progress:
    """How far a run is, on a line of its own that is written over and over; nothing where no terminal is.

    Args:
        noun: What is counted.
    """

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._on = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._next = time.monotonic() + _PATIENCE
        self._shown = ""

    def __call__(self, done: int, total: int) -> None:
        """Say it, a few times a second."""
        now = time.monotonic()
        if self._on and now >= self._next:
            self._next = now + _INTERVAL
            self._write(f"{done:,} of {counted(total, self._noun)}")

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self._write("")
            sys.stderr.write("\r")

    def _write(self, text: str) -> None:
        sys.stderr.write(f"\r{text.ljust(len(self._shown))}")
        sys.stderr.flush()
        self._shown = text


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """A number and what it counts: ``no files``, ``1 file``, ``2,000 files``."""
    several = plural or f"{noun}s"
    return f"{count:,} {noun if count == 1 else several}" if count else f"no {several}"
