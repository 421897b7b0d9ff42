"""What an audit says: problems, files, and their scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from regrow.lint.engine import RuleFailure

WHOLE: Final = 100
"""The score of what has no problem."""
OUTSIDE: Final = ""
"""The unit of what stands in no function."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something that takes from a file's score.

    Attributes:
        line: Where, from 1 on.
        name: What it is: a rule's name, ``shared-process`` or ``no-timeout``.
        code: The rule's code, empty for what no rule looks at.
        message: What is wrong and what to do.
        unit: The test, fixture or helper that it stands in, empty if it stands in none.
    """

    line: int
    name: str
    code: str
    message: str
    unit: str


@dataclass(frozen=True, slots=True)
class AuditedFile:
    """A file of tests, or of what supports them.

    Attributes:
        path: Posix, as findings show it.
        tests: How many test functions it has.
        async_tests: How many of them are ``async def``.
        units: What the score is a share of: the tests, and each other function (or the module's own code)
            that has a problem.
        isolation: How its tests keep to themselves -> how many do it so.
        problems: By line.
    """

    path: str
    tests: int
    async_tests: int
    units: int
    isolation: Mapping[str, int]
    problems: tuple[Problem, ...]

    @property
    def faulty(self) -> int:
        """How many units have a problem."""
        return len({problem.unit for problem in self.problems})

    @property
    def score(self) -> int:
        """How many of a hundred units have no problem, rounded down: 100 is none at all."""
        return score(self.units, self.faulty)


@dataclass(frozen=True, slots=True)
class Audit:
    """A whole test suite.

    Attributes:
        files: By path.
        failures: Rules that raised an exception: bugs of theirs.
        checked: The names of what was looked for.
        limit: The score that the suite has to have.
        exact: Whether it may not have a better one either, so that the limit follows it.
    """

    files: tuple[AuditedFile, ...]
    failures: tuple[RuleFailure, ...]
    checked: tuple[str, ...]
    limit: int = WHOLE
    exact: bool = False

    @property
    def score(self) -> int:
        """That of all units of all files together: a file of one test weighs as much as one test."""
        return score(sum(file.units for file in self.files), sum(file.faulty for file in self.files))

    @property
    def tests(self) -> int:
        """How many test functions there are."""
        return sum(file.tests for file in self.files)

    @property
    def problems(self) -> dict[str, int]:
        """Name -> how many there are, for everything that was looked for; none is told as 0."""
        found = Counter(problem.name for file in self.files for problem in file.problems)
        return {name: found[name] for name in sorted({*self.checked, *found})}

    @property
    def isolation(self) -> dict[str, int]:
        """How tests keep to themselves -> how many do it so, the most frequent first."""
        return summed(file.isolation for file in self.files)

    @property
    def passed(self) -> bool:
        """Whether the score is what it has to be."""
        return self.score >= self.limit and not self.slack

    @property
    def slack(self) -> int:
        """By how much the limit lags behind the score, where it has to follow it."""
        return max(0, self.score - self.limit) if self.exact else 0


def score(units: int, faulty: int) -> int:
    """How many of a hundred have no problem, rounded down, so that 100 means none has."""
    return WHOLE * (units - faulty) // units if units else WHOLE


def summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The sums of counters, the largest first."""
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(sorted(total.items(), key=lambda pair: (-pair[1], pair[0])))
