"""Guests: a task that is a process for a while."""

from __future__ import annotations

import asyncio
from contextvars import Token
from types import TracebackType
from typing import TYPE_CHECKING, Final, final

from regrow.core.reasons import KILLED, NORMAL, Crash, ExitReason
from regrow.errors import AlreadyAProcess, NotAProcess, ProcessExited
from regrow.runtime.after import End, ProcessExit
from regrow.runtime.blueprint import Blueprint
from regrow.runtime.mailbox import Mailbox
from regrow.runtime.process import DEAD, RUNNING, Process, current_process
from regrow.runtime.start import announce, new_process

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine
    from regrow.runtime.pid import Pid

BLUEPRINT: Final = Blueprint("guest", Mailbox())


@final
class Guest:
    """Makes the current task the own task of a new process until the block ends."""

    __slots__ = ("_before", "_engine", "_name", "_process", "_token")

    def __init__(self, engine: Engine, name: str | None) -> None:
        self._engine = engine
        self._name = name
        self._process: Process | None = None
        self._token: Token[Process] | None = None
        self._before = 0

    async def __aenter__(self) -> Pid[object]:
        engine = self._engine
        engine.check_here("guest")
        task = asyncio.current_task()
        if task is None:
            raise NotAProcess("system.guest()")
        inside = current_process.get(None)
        if inside is not None and inside.engine is engine and inside.status != DEAD:
            raise AlreadyAProcess(inside)
        process = self._process = new_process(engine, BLUEPRINT, self._name)
        process.task = task
        process.status = RUNNING
        engine.exits.guests[process] = 0
        announce(engine, process)
        self._before = task.cancelling()
        self._token = current_process.set(process)
        return process

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        process, token = self._process, self._token
        task = asyncio.current_task()
        assert process is not None
        assert token is not None
        assert task is not None
        current_process.reset(token)
        process.task = None
        ours = self._engine.exits.guests.pop(process)
        cancelled = isinstance(error, asyncio.CancelledError)
        if ours and not cancelled:
            cancelled = await _take_cancel()
        for _ in range(ours):
            task.uncancel()
        ended = process.after if isinstance(process.after, End) else None
        dead = process.status == DEAD  # as a zombie: the block took too long to end
        if not dead:
            self._engine.exits.finish(process, ended.reason if ended is not None else _reason_of(error))
        if cancelled and task.cancelling() > self._before:
            raise asyncio.CancelledError  # somebody else wants this task to end
        if error is not None and not isinstance(error, asyncio.CancelledError | ProcessExit):
            return
        if ours or ended is not None:
            raise ProcessExited(ended.reason if ended is not None else KILLED, process) from None
        if isinstance(error, ProcessExit):
            raise ProcessExited(error.reason, process) from None


async def _take_cancel() -> bool:
    """Have a cancel that is on its way arrive here, where it is known whose it is."""
    try:
        await asyncio.sleep(0)
    except asyncio.CancelledError:  # noqa: RG402  # the caller passes it on to whom it is for
        return True
    return False


def _reason_of(error: BaseException | None) -> ExitReason:
    if error is None:
        return NORMAL
    if isinstance(error, ProcessExit):
        return error.reason
    return KILLED if isinstance(error, asyncio.CancelledError) else Crash.of(error)
