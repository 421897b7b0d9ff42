"""Calls and casts from other threads than the loop's: `ref.from_thread`."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Final, Generic, TypeVar, final

from regrow.core.messages import CallMessage, CastMessage
from regrow.errors import LoopThread, NotStarted
from regrow.runtime.pid import Address, Ref, Timeout, check_left_out_timeouts
from regrow.runtime.process import Process, current_process

if TYPE_CHECKING:
    from typing import Never

    from regrow.runtime.engine import Engine

S_co = TypeVar("S_co", covariant=True)
R = TypeVar("R")
T = TypeVar("T")

BETWEEN_LOOKS: Final = 0.1
"""Seconds after which a thread that waits for the loop looks whether the loop still runs."""


@final
class FromThread(Generic[S_co]):
    """A reference for other threads than the loop's: it blocks until the loop has taken the message.

    Inside a `blocking` handler they are the process's own: a zombie's raise, call cycles are found.
    """

    __slots__ = ("_engine", "_target")

    def __init__(self, engine: Engine, target: Address[S_co]) -> None:
        self._engine = engine
        self._target = target

    def cast(self, message: CastMessage[S_co]) -> None:
        """Cast, and return when the message stands in the mailbox.

        Raises:
            LoopThread: This is the loop's own thread; use the plain `cast`.
            NotStarted: The System or its loop has stopped.
            MailboxFull, WrongServer: As of the plain `cast`.
        """
        box: Future[None] = Future()

        def take() -> None:
            self._target.cast(message)
            box.set_result(None)

        self._submit("from_thread.cast", box, take)
        self._wait(box)

    def call(self, message: CallMessage[S_co, R], *, timeout: Timeout) -> R:
        """Call, and block until the answer.

        Raises:
            LoopThread: This is the loop's own thread; use the plain `call`.
            NotStarted: The System or its loop has stopped.
            Exception: Whatever the plain `call` raises.
        """
        return self.run("from_thread.call", lambda: self._target.call(message, timeout=timeout))

    def run(self, operation: str, ask: Callable[[], Coroutine[object, Never, T]]) -> T:
        """Have the loop await what `ask` makes, which waits for this process, and block until then.

        For the runtime; `operation` is what errors call it.
        """
        box: Future[T] = Future()

        def begin() -> None:
            task = self._engine.own_task(self._ask(ask), operation, contextvars.copy_context())
            task.add_done_callback(partial(self._hand_over, box))

        self._submit(operation, box, begin)
        return self._wait(box)

    async def _ask(self, ask: Callable[[], Coroutine[object, Never, T]]) -> T:
        engine = self._engine
        caller = current_process.get(None)
        target: object = self._target
        if isinstance(self._target, Ref):
            target = engine.names.get(self._target.name)
        if caller is None or caller.engine is not engine or not isinstance(target, Process):
            return await ask()
        engine.calls.check_cycle(caller, target)
        before, caller.waiting = caller.waiting, target
        try:
            return await ask()
        finally:
            caller.waiting = before

    def _submit(self, operation: str, box: Future[R], take: Callable[[], None]) -> None:
        engine = self._engine
        engine.check_running()
        if threading.get_ident() == engine.thread:
            raise LoopThread(operation)

        def taken() -> None:
            if not box.set_running_or_notify_cancel():
                return  # whoever waited has gone
            try:
                engine.check_running()
                take()
            except BaseException as error:  # noqa: BLE001  # it is for whoever waits
                box.set_exception(error)

        try:
            engine.loop.call_soon_threadsafe(taken, context=contextvars.copy_context())
        except RuntimeError:
            raise self._stopped() from None

    def _hand_over(self, box: Future[R], task: asyncio.Task[R]) -> None:
        if task.cancelled():
            box.set_exception(self._stopped())
            return
        error = task.exception()
        if error is not None:
            box.set_exception(error)
        else:
            box.set_result(task.result())

    def _wait(self, box: Future[R]) -> R:
        """Wait for the loop, and not for ever if it stands still."""
        loop = self._engine.loop
        still = 0
        while True:
            try:
                return box.result(BETWEEN_LOOKS)
            except TimeoutError:
                if box.done():
                    return box.result()  # the error is its own: a call that timed out
            still = 0 if loop.is_running() else still + 1
            if still >= 2:
                box.cancel()
                raise self._stopped()

    def _stopped(self) -> NotStarted:
        return NotStarted(self._engine.name, "stopped, or its loop is")


check_left_out_timeouts(FromThread, "call")
