"""Guests: a task that is a process for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from regrow.core.reasons import NORMAL
from regrow.errors import AlreadyRegistered, ProcessExited
from regrow.runtime.after import End
from regrow.runtime.mailbox import Mailbox
from regrow.runtime.process import DEAD, RUNNING, current_process
from regrow.runtime.start import new_process

if TYPE_CHECKING:
    from regrow.runtime.blueprint import Blueprint
    from regrow.runtime.engine import Engine
    from regrow.runtime.pid import Pid


@asynccontextmanager
async def guest(engine: Engine, name: str | None) -> AsyncIterator[Pid[object]]:
    """Make the current task the own task of a new process until the block ends.

    An exit signal cancels the block, which then raises `ProcessExited`.
    """
    engine.check_here("guest")
    task = asyncio.current_task()
    assert task is not None
    inside = current_process.get(None)
    if inside is not None and inside.engine is engine and inside.status != DEAD:
        raise AlreadyRegistered(inside, inside.name or "a process", name or "a guest")
    process = new_process(engine, _blueprint(), name)
    process.task = task  # type: ignore[assignment]
    process.status = RUNNING
    token = current_process.set(process)
    try:
        yield process
    except asyncio.CancelledError:
        if isinstance(process.after, End) and process.status != DEAD:
            reason = process.after.reason
            task.uncancel()
            raise ProcessExited(reason, process) from None
        raise
    finally:
        current_process.reset(token)
        process.task = None
        if process.status != DEAD:
            after = process.after
            engine.exits.finish(process, after.reason if isinstance(after, End) else NORMAL)


def _blueprint() -> Blueprint:
    from regrow.runtime.blueprint import plain_blueprint

    return plain_blueprint("guest", Mailbox())
