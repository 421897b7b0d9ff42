"""What a command writes, and the exit codes."""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from enum import IntEnum
from typing import Final, TextIO, cast

from regrow.errors.lint import StreamFailed

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
    """Write a line of the result to the standard output.

    Raises:
        StreamFailed: It can't be written.
        BrokenPipeError: Whoever read it has gone.
    """
    with _output() as stream:
        stream.write(f"{text}\n")


def show_all(lines: Iterable[str]) -> None:
    """Write the lines of a result to the standard output."""
    for line in lines:
        show(line)


def show_bytes(data: bytes) -> None:
    """Write the contents of a file to the standard output."""
    with _output() as stream:
        stream.buffer.write(data)


def flush() -> None:
    """Write what was shown and is held back still; where there is no standard output nothing was."""
    if _there(sys.stdout):
        with _output() as stream:
            stream.flush()


def discard() -> None:
    """Throw away what is held back: the interpreter would fail to write it once more on its way out."""
    if _there(sys.stdout):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def standard_input() -> bytes:
    """All that comes from the standard input.

    Raises:
        StreamFailed: It can't be read.
    """
    if not _there(sys.stdin):
        raise StreamFailed("input", "it is closed")
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        raise StreamFailed("input", error.strerror or type(error).__name__) from error


@contextmanager
def _output() -> Generator[TextIO]:
    if not _there(sys.stdout):
        raise StreamFailed("output", "it is closed")
    try:
        yield sys.stdout
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StreamFailed("output", error.strerror or type(error).__name__) from error


def _there(stream: object) -> bool:
    """Whether the program was started with this stream open."""
    return stream is not None


def say(text: str) -> None:
    """Write a line about the run to the standard error, if there is one."""
    if _there(sys.stderr):
        sys.stderr.write(f"{text}\n")


def take_any_name() -> None:
    """Let the standard output write what its encoding lacks: names of files may hold anything."""
    stdout: object = sys.stdout
    if isinstance(stdout, io.TextIOWrapper):
        cast("io.TextIOWrapper", stdout).reconfigure(errors="backslashreplace")


def visible(text: str) -> str:
    """A text for a line of a terminal or a log: what controls it, as names of files may, is escaped."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


class Progress:
    """How far a run is, on a line of its own that is written over and over; nothing where no terminal is.

    Args:
        noun: What is counted.
    """

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._on = _there(sys.stderr) and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
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
