"""Holding a process still: it handles no messages until it is resumed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regrow.errors import NoProcess, NotSuspendable
from regrow.runtime.process import DEAD, IDLE, QUEUED, SUSPENDED, Process

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine
    from regrow.runtime.pid import Pid


def suspend(engine: Engine, pid: Pid[object]) -> None:
    """See `System.suspend`."""
    engine.check_here("suspend")
    process = _server(pid)
    process.more().suspended = True
    if process.task is None:
        if process.status in (IDLE, QUEUED):
            process.status = SUSPENDED  # the run queue passes over it
    elif process.status == IDLE:
        engine.workers.detach(process)
        process.status = SUSPENDED


def resume(engine: Engine, pid: Pid[object]) -> None:
    """See `System.resume`."""
    engine.check_here("resume")
    process = _server(pid)
    process.more().suspended = False
    if process.status == SUSPENDED:
        engine.scheduler.settle(process)


def _server(pid: Pid[object]) -> Process:
    if not isinstance(pid, Process) or pid.status == DEAD:
        raise NoProcess(pid)
    if pid.blueprint.server is None:
        raise NotSuspendable(pid)
    return pid
