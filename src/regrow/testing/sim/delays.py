"""How a callback takes longer than it would: so many virtual seconds, or for ever."""

from __future__ import annotations

import asyncio
from math import inf
from threading import get_ident
from typing import TYPE_CHECKING, final

from regrow.testing.sim.threads import worker_registry

if TYPE_CHECKING:
    from regrow.testing.sim.hazards import Tally

__all__ = ("Delay",)


@final
class Delay:
    """One wait before a callback begins.

    Args:
        seconds: How long, `inf` for ever.
        tally: By whose `calm` it ends, if it is for ever; None: by nothing.
    """

    __slots__ = ("_seconds", "_tally")

    def __init__(self, seconds: float, tally: Tally | None = None) -> None:
        self._seconds = seconds
        self._tally = tally

    async def wait(self) -> None:
        """Wait, on a task."""
        if self._seconds < inf:
            await asyncio.sleep(self._seconds)
        else:
            ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            if self._tally is not None:
                self._tally.hanging.append(ended)
            await ended

    def wait_on_thread(self, now: float) -> None:
        """Wait, on a thread that works for the run, at this virtual time."""
        tally = self._tally
        ready = None if tally is None or self._seconds < inf else lambda: tally.calm
        worker_registry[get_ident()].wait(now + self._seconds, ready)
