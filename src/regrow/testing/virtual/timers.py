"""The timers of a virtual loop: in order, exactly at their time, and equal ones as they were set."""

from __future__ import annotations

import asyncio
import heapq
import math
from typing import Final, final

from regrow.testing.virtual.outside import called

__all__ = ("Timers", "callback_of", "is_step")

RESOLUTION: Final = 1e-9
"""Seconds: timers closer together than this go off in one jump, as in asyncio itself."""
FEW: Final = 100


@final
class Timers:
    """Asyncio's own handles in an order of ours.

    Asyncio leaves open which of two timers for the same moment goes off first, and lets a timer go off up
    to a tick of the clock early: code that asks the time and sets the rest of its delay anew would never end.
    """

    __slots__ = ("_heap", "_kept", "_serial")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._serial = 0
        self._kept = FEW

    def add(self, handle: asyncio.TimerHandle) -> None:
        """Take a timer in. One for never, or for no number, never goes off."""
        when = handle.when()
        if not -math.inf < when < math.inf:
            return
        self._serial += 1
        heapq.heappush(self._heap, (when, self._serial, handle))
        if len(self._heap) > 2 * self._kept:
            self._forget_cancelled()

    def take_due(self, now: float) -> list[asyncio.TimerHandle]:
        """Those whose time has come, in order."""
        due: list[asyncio.TimerHandle] = []
        heap = self._heap
        while heap and heap[0][0] <= now:
            handle = heapq.heappop(heap)[2]
            if not handle.cancelled():
                due.append(handle)
        return due

    def next_time(self) -> float | None:
        """To when the clock jumps next; None without a timer."""
        heap = self._heap
        while heap and heap[0][2].cancelled():
            heapq.heappop(heap)
        return self.moment(heap[0][0]) if heap else None

    def moment(self, when: float) -> float:
        """`when`, or the time of the last timer that goes off together with one then."""
        heap = self._heap
        seen: list[tuple[float, int, asyncio.TimerHandle]] = []
        while heap and heap[0][0] <= when + RESOLUTION:
            entry = heapq.heappop(heap)
            if not entry[2].cancelled():
                seen.append(entry)
        for entry in seen:
            heapq.heappush(heap, entry)
        return max(when, seen[-1][0]) if seen else when

    def pending(self) -> tuple[asyncio.TimerHandle, ...]:
        """Those that are to go off, in order."""
        return tuple(handle for _, _, handle in sorted(self._heap) if not handle.cancelled())

    def _forget_cancelled(self) -> None:
        self._heap = [entry for entry in self._heap if not entry[2].cancelled()]
        heapq.heapify(self._heap)
        self._kept = max(FEW, len(self._heap))


def callback_of(handle: asyncio.Handle) -> str:
    """What a timer or handle calls, for people: asyncio has no public name for it."""
    return called(getattr(handle, "_callback", handle))


def is_step(handle: asyncio.Handle) -> bool:
    """Whether what it calls is the next step of a task."""
    return isinstance(getattr(getattr(handle, "_callback", None), "__self__", None), asyncio.Task)
