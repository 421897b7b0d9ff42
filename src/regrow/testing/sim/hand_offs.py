"""Steps in which fewer calls than usual run on their caller's stack: the others go through the mailbox."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine
    from regrow.testing.sim.decisions import Question
    from regrow.testing.sim.trace import Trace

__all__ = ("Cut", "cut_hand_offs", "give_back")

ALLOWED: Final = (-1, 0, 1, 2, 4, 8)
"""How many calls of one step may be handed off, by the answer; -1 for as many as always."""

Cut: TypeAlias = "tuple[Engine, int, int]"
"""Whose budget was cut, what was left of it, and what is allowed."""


def cut_hand_offs(question: Question, engines: Iterable[Engine], trace: Trace) -> list[Cut]:
    """Ask how many calls the next step may hand off, and cut the budgets of those who have more."""
    answer = question.choose(ALLOWED)
    cuts: list[Cut] = []
    if answer:
        allowed = ALLOWED[answer]
        trace.fewer(allowed)
        for engine in engines:
            left = engine.hand_offs_left
            if left > allowed:
                cuts.append((engine, left, allowed))
                engine.hand_offs_left = allowed
    return cuts


def give_back(cuts: Iterable[Cut]) -> None:
    """The step is over: what it left of the budgets is theirs again."""
    for engine, left, allowed in cuts:
        used = allowed - engine.hand_offs_left
        if 0 <= used < allowed or not allowed:  # otherwise they are used up, and will be renewed
            engine.hand_offs_left = left - used
