"""`wait_idle`: until nothing is left to run on the loop."""

from __future__ import annotations

import asyncio
from typing import Final

from regrow.errors.waiting import NeverIdle
from regrow.runtime.idle import settle
from regrow.runtime.pid import Pid
from regrow.runtime.steps import steps_of
from regrow.testing.waiting.watch import checked_seconds
from regrow.testing.waiting.world import systems_here, world

__all__ = ("wait_idle",)

MAX_PASSES: Final = 10_000
"""Passes of the loop that work may take at one moment of its time. A message takes less than one."""


async def wait_idle(*, timeout: float = 1.0) -> None:
    """Wait until nothing on this loop is left to run: no message to handle, no task that could go on.

    All Systems on the loop and all of its tasks count, and blocking handlers until they return. Timers that
    haven't gone off don't, nor what waits for the world outside: time does not move because of it, and a
    periodic timer doesn't hold it up. To have work done that a timer begins, wait for what it does.

    Args:
        timeout: Seconds of the loop's time, default 1.0. Work that goes on without time moving, as endless
            work does on virtual time, ends the wait after 10,000 passes of the loop.

    Raises:
        NeverIdle: Something always had something to do.
        BadWait: The timeout is no such number.
    """
    __tracebackhide__ = True
    seconds = checked_seconds("timeout", timeout)
    steps = steps_of(asyncio.get_running_loop())
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            if await settle(asyncio.get_running_loop(), steps.running, passes=MAX_PASSES):
                return
            waited = f"{MAX_PASSES} passes of the loop"
    except TimeoutError:
        if not limit.expired():
            raise
        waited = f"{seconds:g} s"
    raise NeverIdle(waited, _busy(), world())


def _busy() -> list[Pid[object]]:
    rows = [row for system in systems_here() for row in system.listing.processes()]
    return [row.pid for row in rows if row.state in ("queued", "running") and row.kind != "guest"]
