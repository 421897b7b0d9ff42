"""Steps in which fewer calls than usual run on their caller's stack: the others go through the mailbox."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine
    from regrow.testing.sim.decisions import Question
    from regrow.testing.sim.trace import Trace

__all__ = ("Fewer", "fewer_hand_offs")

ALLOWED: Final = (-1, 0, 1, 2, 4, 8)
"""How many calls of one step may be handed off, by the answer; -1 for as many as always."""


@final
class Fewer:
    """The budgets of hand-offs during one step.

    Args:
        allowed: How many there may be.
        engines: Of the Systems of the run.
    """

    __slots__ = ("_allowed", "_before")

    def __init__(self, allowed: int, engines: Iterable[Engine]) -> None:
        self._allowed = allowed
        self._before: list[tuple[Engine, int]] = []
        for engine in engines:
            left = engine.hand_offs_left
            if left > allowed:
                self._before.append((engine, left))
                engine.hand_offs_left = allowed

    def end(self) -> None:
        """The step is over: what it left of the budgets is theirs again."""
        allowed = self._allowed
        for engine, left in self._before:
            used = allowed - engine.hand_offs_left
            if 0 <= used < allowed or not allowed:  # otherwise they are used up, and will be renewed
                engine.hand_offs_left = left - used


def fewer_hand_offs(question: Question, engines: Iterable[Engine], trace: Trace) -> Fewer | None:
    """Ask how many the next step may hand off; None for as many as always."""
    answer = question.choose(ALLOWED)
    if not answer:
        return None
    trace.fewer(ALLOWED[answer])
    return Fewer(ALLOWED[answer], engines)
