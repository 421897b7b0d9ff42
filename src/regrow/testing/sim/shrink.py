"""Reducing a failing run to the fewest deviations with which it still fails the same way."""

from __future__ import annotations

import math
from types import TracebackType
from typing import Final, NamedTuple, Protocol, TypeAlias, cast, final

from regrow.errors.simulation import InvariantBroken
from regrow.testing.sim.decisions import Deviation, Deviations
from regrow.testing.sim.run import Outcome

__all__ = ("Shrunk", "kind_of", "shrink")

Answer: TypeAlias = tuple[Deviation, int]
ONCE: Final = {"schedule": -1, "turn": 1, "hand off": 1}
"""The answer of each question that says most: keep one back, end the turn, hand nothing off."""
SINGLES: Final = 16
VARIANTS: Final = 12
"""How many of the runs, in a hundred, go to schedules that deviate once, for each question, and rarely."""
BETWEEN: Final = ("regrow", "asyncio")
"""Packages whose frames say nothing about where the user's code failed."""


class Shrunk(NamedTuple):
    """What is left of a failing run.

    Attributes:
        outcome: The reduced run.
        runs: How many it took.
    """

    outcome: Outcome
    runs: int


def kind_of(failure: BaseException) -> tuple[object, ...]:
    """What makes two failures the same: type, and invariant or place; of a group, those of its first."""
    while isinstance(failure, BaseExceptionGroup):
        failure = cast("BaseExceptionGroup[BaseException]", failure).exceptions[0]
    if isinstance(failure, InvariantBroken):
        return type(failure), failure.kind, failure.name
    return type(failure), _place(failure.__traceback__)


def _place(traceback: TracebackType | None) -> tuple[str, int] | None:
    found: tuple[str, int] | None = None
    while traceback is not None:
        frame = traceback.tb_frame
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] not in BETWEEN:
            found = frame.f_code.co_filename, traceback.tb_lineno
        traceback = traceback.tb_next
    return found


class Replay(Protocol):
    """Runs it again."""

    def __call__(self, deviations: Deviations, variant: int | None = None) -> Outcome:
        """With these deviations; with a variant, the schedule is drawn anew, with rare ones."""
        ...


def shrink(first: Outcome, replay: Replay, *, most: int) -> Shrunk:
    """Leave out deviations, as long as the run fails the same way.

    Args:
        first: The failing run.
        replay: Runs it again.
        most: Runs at most.
    """
    shrinking = _Shrinking(first, replay, most)
    if first.deviations and not shrinking.fails({}):
        shrinking.find_rarer()
        shrinking.leave_out()
        shrinking.lower()
    return Shrunk(shrinking.best, shrinking.runs)


@final
class _Shrinking:
    def __init__(self, first: Outcome, replay: Replay, most: int) -> None:
        assert first.failure is not None
        self.best = first
        self.runs = 0
        self._kind = kind_of(first.failure)
        self._replay = replay
        self._most = most
        self._tried: set[frozenset[Answer]] = set()

    def fails(self, deviations: Deviations, variant: int | None = None) -> bool:
        """Whether the run fails the same way with these, and fewer; then it is the best one so far."""
        tried = frozenset(deviations.items())
        if self.runs >= self._most or (variant is None and tried in self._tried):
            return False
        self._tried.add(tried)
        self.runs += 1
        outcome = self._replay(deviations, variant)
        if outcome.failure is None or kind_of(outcome.failure) != self._kind:
            return False
        # A run that fails earlier, or goes another way, hasn't asked for all that it was given.
        better = _weight(outcome.deviations) < _weight(self.best.deviations)
        if better:
            self.best = outcome
        return better

    def find_rarer(self) -> None:
        """A schedule that deviates at every step can't be reduced to one that keeps a task back by one word.

        So look for such a one, with the faults as they are: all that deviate once, and some that do rarely.
        """
        if len(self.best.deviations) == 1:
            return
        faults = {one: answer for one, answer in self.best.deviations.items() if one[0] not in ONCE}
        for question in [one for one in ONCE if any(asked[0] == one for asked in self.best.deviations)]:
            for asked in range(min(self.best.steps, self._most * SINGLES // 100)):
                if self.fails({**faults, (question, asked): ONCE[question]}):
                    return
        for variant in range(self._most * VARIANTS // 100):
            self.fails(faults, variant)

    def leave_out(self) -> None:
        """Delta debugging: halves, quarters and so on, the latest first, as later ones rest on earlier."""
        parts = 2
        while self.runs < self._most and self.best.deviations:
            answers = list(self.best.deviations.items())
            size = math.ceil(len(answers) / parts)
            ends = range(len(answers), 0, -size)
            if any(self.fails(dict(answers[: max(end - size, 0)] + answers[end:])) for end in ends):
                parts = max(parts - 1, 2)
            elif size == 1:
                return
            else:
                parts = min(parts * 2, len(answers))

    def lower(self) -> None:
        """Answers of 1 are easier to read than others."""
        for deviation, answer in list(self.best.deviations.items()):
            if answer > 1 and deviation in self.best.deviations:
                self.fails({**self.best.deviations, deviation: 1})


def _weight(deviations: Deviations) -> tuple[int, int]:
    """What is to become less: their number, and then the answers."""
    return len(deviations), sum(abs(answer) for answer in deviations.values())
