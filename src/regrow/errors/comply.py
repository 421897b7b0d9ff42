"""What the compliance suite is given and can't use, and what it says of an application."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from regrow.errors.base import RegrowError, show

__all__ = (
    "BadApplication",
    "BadCompliance",
    "BadExcuse",
    "ComplianceError",
    "CouldNotRun",
    "LoopHeld",
    "NotCompliant",
)


class ComplianceError(RegrowError):
    """Of the compliance suite."""


class BadApplication(ComplianceError, TypeError):
    """What was named as an application is none.

    Attributes:
        app: What was given, as ``myapp.main:make_system``.
        problem: What is wrong with it.
    """

    def __init__(self, app: str, problem: str) -> None:
        super().__init__(
            f"app={show(app)} can't be used: {problem}; give 'module:factory', a function without arguments"
            " that returns a new rg.System"
        )
        self.app = app
        self.problem = problem


class BadCompliance(ComplianceError, ValueError):
    """An option of the compliance suite can't be used.

    Attributes:
        option: Which one.
        value: What was given.
    """

    def __init__(self, option: str, value: object, allowed: str) -> None:
        super().__init__(f"{option}={show(value)} can't be used: it has to be {allowed}")
        self.option = option
        self.value = value


class BadExcuse(ComplianceError, LookupError):
    """A check is excused that there isn't, or without a reason.

    Attributes:
        check: What was given.
        known: The checks that there are.
    """

    def __init__(self, check: str, reason: str, known: Sequence[str]) -> None:
        near = difflib.get_close_matches(check, known, n=1)
        if check in known:
            problem = f"reason {show(reason)} is none: say in words why it can't run here"
        elif near:
            problem = f"there is no such check; did you mean {near[0]!r}?"
        else:
            problem = f"there is no such check; there are {', '.join(known)}"
        super().__init__(f"check {show(check)} can't be excused: {problem}")
        self.check = check
        self.known: tuple[str, ...] = tuple(known)


class CouldNotRun(ComplianceError):
    """A check had nothing to look at, or couldn't look at it: that is not the same as passed.

    Attributes:
        check: Which one.
        reason: Why.
    """

    def __init__(self, check: str, reason: str) -> None:
        super().__init__(
            f"{check} could not run: {reason}\nif that is as it has to be, say why:"
            f" excuse={{{check!r}: 'the reason'}}"
        )
        self.check = check
        self.reason = reason


class LoopHeld(ComplianceError, TimeoutError):
    """Code of an application held the event loop for so long that its run was interrupted.

    Attributes:
        seconds: The real seconds after which it was.
        place: Where it stood then: file, line and function.
    """

    def __init__(self, seconds: float, place: str | None) -> None:
        super().__init__(
            f"something held the event loop, and was interrupted after {seconds:g} s of real time"
            f" at {place or 'an unknown place'}; what blocks belongs into a blocking handler"
        )
        self.seconds = seconds
        self.place = place


class NotCompliant(ComplianceError, AssertionError):
    """A check found something.

    Attributes:
        check: Which one.
        subject: What it looked at.
        problems: What is wrong, one text each.
    """

    def __init__(self, check: str, subject: str, problems: Sequence[str]) -> None:
        lines = "\n".join(f"- {problem}" for problem in problems)
        super().__init__(f"{check} of {subject}:\n{lines}")
        self.check = check
        self.subject = subject
        self.problems: tuple[str, ...] = tuple(problems)
