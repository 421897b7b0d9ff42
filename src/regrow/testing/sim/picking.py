"""Who goes on, of several that are ready: tasks, the oldest callback, processes of a run queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, final

from regrow.testing.sim.schedules import HOLDS

if TYPE_CHECKING:
    from regrow.testing.sim.decisions import Decisions
    from regrow.testing.sim.trace import Trace

__all__ = ("Picker",)


@final
class Picker:
    """Picks as the decisions say, and keeps back whom they hold.

    Args:
        decisions: Of the run.
        trace: What notes whatever isn't plain.
    """

    __slots__ = ("_made", "_picks", "_question", "_schedule", "_trace", "held")

    def __init__(self, decisions: Decisions, trace: Trace) -> None:
        self._question = question = decisions.schedule
        self._schedule = question.schedule
        self._made = decisions.made
        self._trace = trace
        self._picks = 0
        self.held: dict[object, int] = {}
        """Who is held back, until the how many-th pick."""

    def plain(self) -> bool:
        """Ask whether the oldest of all goes on. If not, `pick` has to say who does."""
        return not self._question.open() and not self.held

    def pick(self, ready: Sequence[object]) -> int:
        """The index of the one that goes on.

        They are given oldest first. All that are None are one, which is as old as the first.
        """
        self._picks = picks = self._picks + 1
        question = self._question
        held = self.held
        asked = question.asked - 1
        open_ = asked >= question.next
        if held:
            # Whether anything is asked mustn't count: a replay is asked where it deviates, and nowhere else.
            back = [one for one, until in held.items() if until <= picks]
            for one in back:
                del held[one]
            return self._of_free(ready, back) if open_ else self._oldest_free(ready)
        if not open_:
            return 0
        schedule = self._schedule  # what follows is `question.choose`, in place
        answer = schedule.choose(asked, ready)
        question.next = schedule.next
        if not answer:
            return 0
        self._made["schedule", asked] = answer
        if answer < 0:
            held[ready[0]] = picks + HOLDS[-answer]
            self._trace.held(ready[0], HOLDS[-answer])
            return self._oldest_free(ready)
        index = answer if ready[answer] is not None else ready.index(None)
        self._trace.chosen(index, ready)
        return index

    def _oldest_free(self, ready: Sequence[object]) -> int:
        """The oldest that isn't held back; if all are, the oldest."""
        held = self.held
        return next((index for index, one in enumerate(ready) if one not in held), 0)

    def _of_free(self, ready: Sequence[object], back: Sequence[object]) -> int:
        """One of those that aren't held back; if all are, one of all. Some are just back."""
        held, picks = self.held, self._picks
        free = [one for one in ready if one not in held] or ready
        if len(free) == 1:
            return ready.index(free[0])  # the question stays open: the last one is never held back
        answer = self._question.choose(free)
        if answer < 0 and free[0] in back:
            return ready.index(free[0])  # not held back for ever, a thousand picks at a time
        if answer < 0:
            held[free[0]] = picks + HOLDS[-answer]
            self._trace.held(free[0], HOLDS[-answer])
            return self._oldest_free(ready)
        if answer:
            self._trace.chosen(answer, free)
        return ready.index(free[answer])
