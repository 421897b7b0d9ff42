"""What a command writes, and the exit codes."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from enum import IntEnum
from typing import cast


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


def counted(count: int, noun: str) -> str:
    """A number and what it counts: ``no files``, ``1 file``, ``2,000 files``."""
    return f"{count:,} {noun}{'s' * (count != 1)}" if count else f"no {noun}s"
