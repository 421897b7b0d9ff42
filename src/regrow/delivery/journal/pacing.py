"""When a supervisor's children may be given messages that may kill them."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final, final

from regrow.runtime.supervision import SupervisorBase

if TYPE_CHECKING:
    from regrow.core.budget import RestartBudget
    from regrow.delivery.journal.owed import Owed
    from regrow.delivery.journal.recipients import Recipient
    from regrow.runtime.process import Process

__all__ = ("ALONE", "Pacer", "Pacers")

ALONE: Final = 1.0
"""Seconds before the redelivery to a process without a supervisor."""
_AFTER: Final = 0.001
"""Seconds past the end of a budget's window, where float arithmetic leaves no doubt."""


@final
class Pacer:
    """Keeps deliveries from using up one supervisor's restart budget.

    A delivery whose handler killed its process is a suspect. It comes again after `max_seconds /
    max_restarts` at the earliest, and one suspect at a time. Once there was a crash, and as long as it
    counts, each process that has deliveries may be the next one, so that only as many get any as there are
    restarts left; the last one is left to others. (Before the first crash nobody is suspected: more
    processes than `max_restarts` that meet their first poison at once can't be helped.)
    """

    __slots__ = ("_budget", "_ready_at", "busy", "suspect", "waiting")

    def __init__(self, budget: RestartBudget | None) -> None:
        self._budget = budget
        self._ready_at = 0.0
        self.suspect: Owed | None = None
        """The one that is under way."""
        self.busy: set[Recipient] = set()
        """Who below that supervisor has something to handle."""
        self.waiting: list[Owed] = []
        """Suspects that wait until that one has ended."""

    @property
    def pace(self) -> float:
        """Seconds between a crash and the next suspect."""
        budget = self._budget
        return ALONE if budget is None else budget.max_seconds / max(1, budget.max_restarts)

    def crashed(self, now: float) -> float:
        """A handler killed its process. Returns when its message may come again."""
        self._ready_at = now + self.pace
        return self._ready_at

    def ended(self, owed: Owed) -> list[Owed]:
        """A hand-out has ended. Returns the suspects that waited for that."""
        if self.suspect is not owed:
            return []
        self.suspect = None
        waiting, self.waiting = self.waiting, []
        return waiting

    def suspect_held_until(self, recipient: Recipient, now: float) -> float | None:
        """None if a suspect may go now; else when, infinity for when the one under way has ended."""
        if self.suspect is not None:
            return inf
        if now < self._ready_at:
            return self._ready_at
        return self.held_until(recipient, now)

    def held_until(self, recipient: Recipient, now: float) -> float | None:
        """None if `recipient` may get one more now; else when."""
        budget = self._budget
        if budget is None or budget.max_restarts == 0 or not budget.used(now):
            return None
        others = len(self.busy) - (recipient in self.busy)
        if budget.left(now) - others > min(1, budget.max_restarts - 1):
            return None
        oldest = budget.oldest
        assert oldest is not None
        return max(oldest + budget.max_seconds, now) + _AFTER


@final
class Pacers:
    """The pacers of one System, by supervisor; made at a first crash."""

    __slots__ = ("_alone", "_by_supervisor")

    def __init__(self) -> None:
        self._by_supervisor: dict[Process, Pacer] = {}
        self._alone = Pacer(None)

    def of(self, process: Process) -> Pacer:
        """The pacer above `process`, made if there is none."""
        above = process.parent
        if above is None or not isinstance(above.instance, SupervisorBase):
            return self._alone
        found = self._by_supervisor.get(above)
        if found is None:
            self._forget_ended()
            found = self._by_supervisor[above] = Pacer(above.instance.budget)
        return found

    def known(self, process: Process) -> Pacer | None:
        """The same, None if nothing below that supervisor has crashed."""
        above = process.parent
        return self._by_supervisor.get(above) if above is not None else None

    def _forget_ended(self) -> None:
        for supervisor in [one for one in self._by_supervisor if not one.alive]:
            del self._by_supervisor[supervisor]
