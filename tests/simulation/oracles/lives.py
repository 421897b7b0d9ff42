"""Every process is started once and ends once, and then it is dead."""

from __future__ import annotations

from collections.abc import Callable

import regrow as rg
from regrow import events
from tests.simulation.oracles.who import Who


class Lives:
    """Counts starts and ends of processes, as the events tell them.

    Args:
        violate: Told what is wrong: the invariant, and a text.
    """

    def __init__(self, violate: Callable[[str, str], object]) -> None:
        self._violate = violate
        self.running: dict[Who, events.Started] = {}
        self.ended: dict[Who, object] = {}
        """Exit reasons of those that have ended."""

    def heard(self, event: events.Event) -> None:
        if isinstance(event, events.Started):
            if event.pid in self.running or event.pid in self.ended:
                self._violate("one life", f"{event.pid} was started twice")
            if event.parent is not None and event.parent in self.ended:
                self._violate("one life", f"{event.pid} was started by {event.parent}, which had ended")
            self.running[event.pid] = event
        elif isinstance(event, events.Exited):
            if self.running.pop(event.pid, None) is None:
                self._violate("one life", f"{event.pid} ended, but was not running")
            self.ended[event.pid] = event.reason
            if isinstance(event.pid, rg.Pid) and event.pid.alive:
                self._violate("one life", f"{event.pid} is alive after its end")

    def all_over(self) -> None:
        """The System has stopped."""
        if self.running:
            self._violate("nothing left", f"processes after the stop: {sorted(map(str, self.running))}")
