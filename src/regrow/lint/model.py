"""What a rule says about a file: findings, and the edits that mend them. All plain values."""

from __future__ import annotations

import enum
from typing import NamedTuple


class Severity(enum.StrEnum):
    """How bad a finding is. It changes how a finding is shown, never the exit code."""

    ERROR = "error"
    WARNING = "warning"


class Scope(enum.StrEnum):
    """The files that a rule looks at."""

    EVERYWHERE = "everywhere"
    CODE = "code"
    """What ships: neither tests nor what supports them."""
    TESTS = "tests"
    """Tests and what supports them."""


class Role(enum.StrEnum):
    """What a file is for; its path and the settings ``tests``, ``test-support`` and ``scripts`` say it."""

    CODE = "code"
    TEST = "test"
    SUPPORT = "support"
    """Helpers of tests: ``conftest.py`` and what the setting ``test-support`` names."""
    SCRIPT = "script"
    """Run by hand: not imported by anybody, so nothing there lives long."""


class Safety(enum.StrEnum):
    """What a fix may do to a program."""

    SAFE = "safe"
    """It changes nothing that the program does, or only what the rule is about."""
    UNSAFE = "unsafe"
    """It may change what the program does: applied with ``--unsafe`` only."""
    DISPLAY = "display-only"
    """Shown, never applied: a human has to finish it."""


class Edit(NamedTuple):
    """Characters of a file to be replaced.

    Attributes:
        start: Offset in characters of the file's text (without its byte order mark).
        end: Offset after the last one replaced; `start` to insert.
        text: What stands there afterwards, with line feeds as line ends whatever the file has.
    """

    start: int
    end: int
    text: str


class Fix(NamedTuple):
    """The edits that mend one finding: all of them or none.

    Attributes:
        message: What it does, in one line.
        edits: They don't overlap. None where the message says why a human has to do it.
        safety: Whether it is applied by itself.
        imports: Statements that the new code needs, as `spelled` gives them: ``import regrow as rg``. They
            are added where they are missing.
    """

    message: str
    edits: tuple[Edit, ...]
    safety: Safety
    imports: tuple[str, ...] = ()


def no_fix(reason: str) -> Fix:
    """What stands in the place of a fix where a human has to do it.

    Args:
        reason: Why no program can, in one line without a full stop.
    """
    return Fix(reason, (), Safety.DISPLAY)


class Finding(NamedTuple):
    """A place in a file that breaks a rule.

    Attributes:
        code: The rule's code, ``RG101``.
        name: The rule's name, ``unsupervised-spawn``.
        message: What is wrong here and what to do, in one line.
        path: The file, posix, relative to where the run was started where it lies below that.
        line: First line, from 1 on.
        column: First character in it, from 1 on.
        end_line: Last line.
        end_column: The character after the last one.
        severity: How bad it is.
        scope: Qualified name of the function or class that it stands in, empty at module level.
        text: The source line without its indentation; what fingerprints are made of.
        fix: How to mend it, None if no program can.
    """

    code: str
    name: str
    message: str
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    severity: Severity = Severity.ERROR
    scope: str = ""
    text: str = ""
    fix: Fix | None = None
