"""Holding a process still: it handles no messages until it is resumed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regrow.errors import BadAddress, NoProcess, NotSuspendable
from regrow.runtime.pid import Ref
from regrow.runtime.process import DEAD, IDLE, QUEUED, SUSPENDED, Process

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine
    from regrow.runtime.pid import Pid


def suspend(engine: Engine, target: Pid[object] | Ref[object]) -> None:
    """See `System.suspend`."""
    engine.check_here("suspend")
    process = _server(target)
    process.more().suspended = True
    if process.task is None:
        if process.status in (IDLE, QUEUED):
            process.status = SUSPENDED  # the run queue passes over it
    elif process.status == IDLE:
        engine.workers.detach(process)
        process.status = SUSPENDED


def resume(engine: Engine, target: Pid[object] | Ref[object]) -> None:
    """See `System.resume`."""
    engine.check_here("resume")
    process = _server(target)
    process.more().suspended = False
    if process.status == SUSPENDED:
        engine.scheduler.settle(process)


def _server(target: Pid[object] | Ref[object]) -> Process:
    process = target.process() if isinstance(target, Ref) else target
    if not isinstance(process, Process):
        raise BadAddress(target, "a Pid or a Ref")
    if process.status == DEAD:
        raise NoProcess(process)
    if process.blueprint.server is None:
        raise NotSuspendable(process)
    return process
