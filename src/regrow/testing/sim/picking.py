"""Who goes on, of several that are ready: tasks, the oldest callback, processes of a run queue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, final

from regrow.testing.sim.schedules import HOLDS, Ranked

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

    __slots__ = ("_choose", "_made", "_note", "_picks", "_question", "_soonest", "_trace", "held", "pick")

    def __init__(self, decisions: Decisions, trace: Trace) -> None:
        self._question = question = decisions.schedule
        schedule = question.schedule
        self._choose = schedule.choose
        self._made = decisions.made
        self._trace = trace
        self._note = None if trace.tells else trace.add
        self._picks = self._soonest = 0
        self.held: dict[object, int] = {}
        """Who is held back, until the how many-th pick."""
        self.pick: Callable[[Sequence[object]], int] = (
            self._ranking if isinstance(schedule, Ranked) else self._pick
        )
        """The index of the one that goes on.

        They are given oldest first. All that are None are one, which is as old as the first.
        """

    def plain(self) -> bool:
        """Ask whether the oldest of all goes on. If not, `pick` has to say who does."""
        return not self._question.open() and not self.held

    def _ranking(self, ready: Sequence[object]) -> int:
        """`pick` by ranks: something is asked each time, and nobody is held back."""
        asked, choose, note = self._question.asked - 1, self._choose, self._note
        index = choose(asked, ready)
        if index:
            self._made["schedule", asked] = index
            if note is None:
                self._trace.chosen(index, ready)
            else:
                note(index)  # what `trace.chosen` does, in place
        return index

    def _pick(self, ready: Sequence[object]) -> int:
        """`pick` by walks and plans."""
        self._picks = picks = self._picks + 1
        question = self._question
        held = self.held
        asked = question.asked - 1
        open_ = asked >= question.next
        if held:
            # Whether anything is asked mustn't count: a replay is asked where it deviates, and nowhere else.
            back = self._come_back() if picks >= self._soonest else ()
            return self._of_free(ready, back) if open_ else self._oldest_free(ready)
        if not open_:
            return 0
        answer = self._choose(asked, ready)  # this and the next lines are `question.choose`, in place
        question.next = question.schedule.next
        if not answer:
            return 0
        self._made["schedule", asked] = answer
        if answer < 0:
            self._hold(ready[0], HOLDS[-answer])
            return self._oldest_free(ready)
        index = answer if ready[answer] is not None else ready.index(None)
        if self._note is None:
            self._trace.chosen(index, ready)
        else:
            self._note(index)  # what `trace.chosen` does, in place
        return index

    def _hold(self, one: object, picks: int) -> None:
        """Pass it over, for so many picks."""
        until = self.held[one] = self._picks + picks
        self._soonest = min(self._soonest, until) if len(self.held) > 1 else until
        self._trace.held(one, picks)

    def _come_back(self) -> Sequence[object]:
        """Who is no longer held."""
        held, picks = self.held, self._picks
        back = [one for one, until in held.items() if until <= picks]
        for one in back:
            del held[one]
        self._soonest = min(held.values(), default=0)
        return back

    def _oldest_free(self, ready: Sequence[object]) -> int:
        """The oldest that isn't held back; if all are, the oldest."""
        held = self.held
        for index, one in enumerate(ready):
            if one not in held:
                return index
        return 0

    def _of_free(self, ready: Sequence[object], back: Sequence[object]) -> int:
        """One of those that aren't held back; if all are, one of all. Some are just back."""
        held = self.held
        free = [one for one in ready if one not in held] or ready
        if len(free) == 1:
            return ready.index(free[0])  # the question stays open: the last one is never held back
        answer = self._question.choose(free)
        if answer < 0 and free[0] in back:
            return ready.index(free[0])  # not held back for ever, a thousand picks at a time
        if answer < 0:
            self._hold(free[0], HOLDS[-answer])
            return self._oldest_free(ready)
        if answer:
            self._trace.chosen(answer, free)
        return ready.index(free[answer])
