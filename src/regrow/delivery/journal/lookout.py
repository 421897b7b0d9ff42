"""Commits beside handlers that keep the loop busy: threads get the GIL, and are heard, between slices."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from regrow.delivery.journal.threads import JournalThreads
    from regrow.runtime.scheduler import Scheduler

__all__ = ("HAND_OVER", "PERIOD", "Lookout")

HAND_OVER: Final = 2e-5
"""Seconds in which a thread that has work, or waits for the GIL, wakes up."""
PERIOD: Final = 5e-4
"""Seconds between two such waits, so that short slices don't wait longer than they run."""


@final
class Lookout:
    """Looks between two slices whether what a thread does is done, as long as there are slices.

    A thread that comes back from the disk waits for the GIL, up to the switch interval of 5 ms, and what it
    hands to the loop waits for the end of a turn, up to 5 ms more.

    Args:
        scheduler: Whose slices.
        threads: Whose work.
        monotonic: The real time, in seconds.
        sleep: Gives up the GIL for so many seconds.
    """

    __slots__ = ("_looks", "_monotonic", "_next", "_scheduler", "_sleep", "_threads")

    def __init__(
        self,
        scheduler: Scheduler,
        threads: JournalThreads,
        monotonic: Callable[[], float],
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._scheduler = scheduler
        self._threads = threads
        self._monotonic = monotonic
        self._sleep = sleep
        self._looks = False
        self._next = 0.0

    def hand_over(self) -> None:
        """Let a thread that has just got work have the GIL."""
        if not self._threads.begun():
            self._sleep(HAND_OVER)
        self._next = self._monotonic() + PERIOD

    def begin(self) -> None:
        """Work was handed to a thread by `run_then`."""
        if not self._looks and self._scheduler.busy:
            self._looks = True
            self._scheduler.between.append(self._look)

    def _look(self) -> None:
        self._looks = False
        if self._threads.under_way:
            if self._monotonic() >= self._next:
                self._sleep(HAND_OVER)
                self._next = self._monotonic() + PERIOD
            self._threads.take()
            self.begin()
