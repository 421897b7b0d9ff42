"""Knowing when nothing is left to run."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Sized

    from regrow.runtime.engine import Engine

QUIET_PASSES: Final = 2
"""Quiet passes of the loop that end the wait: the second lets callbacks of I/O and due timers in."""
QUIET_PASSES_BLIND: Final = 16
"""The same where the loop doesn't show its ready queue (uvloop): also as long as a chain of callbacks
without a task may be, such as a gather of gathers."""

_watching: WeakKeyDictionary[asyncio.AbstractEventLoop, set[asyncio.Task[object]]] = WeakKeyDictionary()
"""The tasks that are in `idle`, by loop: each is always ready, and must not keep the others waiting."""


async def idle(engine: Engine) -> None:
    """Return when the run queue is empty, no blocking handler runs and no task of the loop is ready."""
    engine.check_here("idle")
    await settle(engine.loop, lambda: (engine,))


async def settle(
    loop: asyncio.AbstractEventLoop, engines: Callable[[], Sequence[Engine]], *, passes: float = math.inf
) -> bool:
    """The same for several Systems of one loop, or none. False if that took more than so many passes."""
    watching = _watching.setdefault(loop, set())
    me = asyncio.current_task()
    assert me is not None
    ready: Sized | None = getattr(loop, "_ready", None)
    enough = QUIET_PASSES if ready is not None else QUIET_PASSES_BLIND
    quiet = 0
    while quiet < enough:
        if passes <= 0:
            return False
        passes -= 1
        for engine in engines():
            if engine.threads.busy:
                await engine.threads.one_done()
        before = _steps(engines())
        watching.add(me)
        try:
            await asyncio.sleep(0)
        finally:
            watching.discard(me)
        now = engines()
        moved = _steps(now) != before or any(one.scheduler.busy or one.threads.busy for one in now)
        more = len(ready) > len(watching) if ready is not None else _any_ready(loop, watching, me)
        quiet = 0 if moved or more else quiet + 1
    return True


def _steps(engines: Sequence[Engine]) -> list[int]:
    return [engine.scheduler.steps for engine in engines]


def _any_ready(
    loop: asyncio.AbstractEventLoop, watching: set[asyncio.Task[object]], me: asyncio.Task[object]
) -> bool:
    """Whether a task could go on: what it waits for is done, or it waits for nothing but its turn."""
    return any(
        task is not me and task not in watching and _is_ready(task) for task in asyncio.all_tasks(loop)
    )


def _is_ready(task: asyncio.Task[object]) -> bool:
    waits_for: object = getattr(task, "_fut_waiter", task)
    if waits_for is None:
        return True
    return waits_for is not task and asyncio.isfuture(waits_for) and waits_for.done()
