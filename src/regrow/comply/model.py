"""What came of the checks: outcomes, and the report of all of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Status: TypeAlias = Literal["passed", "failed", "could not run", "excused"]

PASSED: Final = "passed"
FAILED: Final = "failed"
COULD_NOT_RUN: Final = "could not run"
EXCUSED: Final = "excused"
_WORST_FIRST: Final[tuple[Status, ...]] = (FAILED, COULD_NOT_RUN, EXCUSED, PASSED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one check says of one thing that it looked at.

    Attributes:
        check: The check's name.
        subject: What it looked at: a file, a class, a supervisor, a child; empty if there was nothing.
        status: ``"passed"``, ``"failed"``, ``"could not run"`` or ``"excused"``.
        details: What is wrong, or why it could not run, one text each.
        seconds: How long it took.
    """

    check: str
    subject: str
    status: Status
    details: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """What all checks say of an application.

    Attributes:
        package: The package that was looked at.
        app: The application's factory, None if none was given.
        outcomes: In the order of the checks.
        titles: Name of a check -> what it looks for, for all checks there are.
    """

    package: str
    app: str | None
    outcomes: tuple[Outcome, ...]
    titles: dict[str, str]

    @property
    def passed(self) -> bool:
        """Whether every check ran, or is excused, and none found anything."""
        return bool(self.outcomes) and all(one.status in {PASSED, EXCUSED} for one in self.outcomes)

    @property
    def counts(self) -> dict[Status, int]:
        """Status -> how many outcomes have it."""
        found = Counter(one.status for one in self.outcomes)
        return {status: found[status] for status in (PASSED, FAILED, COULD_NOT_RUN, EXCUSED)}

    def of(self, check: str) -> tuple[Outcome, ...]:
        """The outcomes of one check."""
        return tuple(one for one in self.outcomes if one.check == check)

    def status(self, check: str) -> Status:
        """A check's worst outcome: failed, could not run, excused, passed."""
        statuses = {one.status for one in self.of(check)}
        for status in _WORST_FIRST:
            if status in statuses:
                return status
        return COULD_NOT_RUN
