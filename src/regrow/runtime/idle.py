"""Knowing when nothing is left to run, and holding a process still."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from regrow.errors import NoProcess
from regrow.runtime.process import DEAD, IDLE, SUSPENDED, Process

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine
    from regrow.runtime.pid import Pid

QUIET_PASSES: Final = 16
"""Passes of the loop without a step, where the loop doesn't show its ready queue (uvloop)."""


async def idle(engine: Engine) -> None:
    """Return when the run queue is empty, no blocking handler runs and no task of the loop is ready."""
    engine.check_here("idle")
    quiet = 0
    while True:
        before = engine.scheduler.steps
        await asyncio.sleep(0)
        still = not engine.scheduler.busy and engine.scheduler.steps == before
        if engine.threads.busy:
            await engine.threads.one_done()
            quiet = 0
            continue
        if not still:
            quiet = 0
            continue
        ready = getattr(engine.loop, "_ready", None)
        if ready is not None:
            # After our own step nothing else may be ready; one more pass lets callbacks of I/O in.
            quiet = quiet + 1 if not ready else 0
            if quiet >= 2:
                return
        else:
            quiet += 1
            if quiet >= QUIET_PASSES:
                return


def suspend(engine: Engine, pid: Pid[object]) -> None:
    """See `System.suspend`."""
    process = _process(pid)
    process.more().suspended = True
    if process.status == IDLE and process.wakeup is None:
        process.status = SUSPENDED


def resume(engine: Engine, pid: Pid[object]) -> None:
    """See `System.resume`."""
    process = _process(pid)
    extras = process.more()
    extras.suspended = False
    if process.status == SUSPENDED:
        if process.mailbox:
            engine.scheduler.requeue(process)
        else:
            engine.scheduler.rest(process)


def _process(pid: Pid[object]) -> Process:
    if not isinstance(pid, Process) or pid.status == DEAD:
        raise NoProcess(pid)
    return pid
