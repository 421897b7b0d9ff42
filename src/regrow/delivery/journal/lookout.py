"""Commits beside handlers that keep the loop busy: threads get the GIL, and are heard, between slices."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from regrow.delivery.journal.threads import JournalThreads
    from regrow.runtime.scheduler import Scheduler

__all__ = ("HAND_OVER", "Lookout")

HAND_OVER: Final = 2e-5
"""Seconds in which a thread that has work, or waits for the GIL, wakes up."""


@final
class Lookout:
    """Looks between two slices whether what a thread does is done, as long as there are slices.

    A thread that comes back from the disk waits for the GIL, up to the switch interval of 5 ms, and what it
    hands to the loop waits for the end of a turn, up to 5 ms more.

    Args:
        scheduler: Whose slices.
        threads: Whose work.
    """

    __slots__ = ("_looks", "_scheduler", "_threads")

    def __init__(self, scheduler: Scheduler, threads: JournalThreads) -> None:
        self._scheduler = scheduler
        self._threads = threads
        self._looks = False

    def begin(self) -> None:
        """Work was handed to a thread by `run_then`."""
        if not self._looks and self._scheduler.busy:
            self._looks = True
            self._scheduler.between.append(self._look)

    def _look(self) -> None:
        self._looks = False
        if self._threads.under_way:
            time.sleep(HAND_OVER)
            self._threads.take()
            self.begin()
