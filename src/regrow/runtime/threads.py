"""Threads: blocking handlers, calls and casts from other threads, the watchdog's place."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import TYPE_CHECKING, Final, Generic, TypeVar, cast, final

from regrow.core.messages import CallMessage, CastMessage
from regrow.core.ports import ThreadRunner
from regrow.errors import LoopThread, NotStarted
from regrow.runtime.pid import Address, Ref, Timeout, check_left_out_timeouts
from regrow.runtime.process import Process, current_process
from regrow.runtime.runner import Threadpool
from regrow.runtime.watchdog import Watchdog, start_watchdog

if TYPE_CHECKING:
    from regrow.runtime.blueprint import Entry
    from regrow.runtime.engine import Engine

S_co = TypeVar("S_co", covariant=True)
R = TypeVar("R")

BETWEEN_LOOKS: Final = 0.1
"""Seconds after which a thread that waits for the loop looks whether the loop still runs."""


@final
class _Running:
    """One blocking handler; an executor to the loop, so that it counts it among what it waits for."""

    __slots__ = ("_runner", "future", "given_up", "submitted")

    def __init__(
        self, runner: ThreadRunner, loop: asyncio.AbstractEventLoop, work: Callable[[], object]
    ) -> None:
        self._runner = runner
        self.submitted: Future[object] | None = None
        self.given_up: asyncio.Future[None] = loop.create_future()
        # By the loop's own method: a loop with a clock of its own holds it for as long as a thread runs.
        self.future: asyncio.Future[object] = loop.run_in_executor(cast("Executor", self), work)

    def submit(self, work: Callable[[], object]) -> Future[object]:
        """Take the work from the loop to a thread."""
        self.submitted = self._runner.submit(work)
        return self.submitted

    def cancel(self) -> None:
        """Take it back if it hasn't begun."""
        if self.submitted is not None:
            self.submitted.cancel()


@final
class Threads:
    """The threads of one System."""

    __slots__ = ("_busy", "_engine", "_lost", "_runner", "_watchdog")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._runner: ThreadRunner | None = engine.ports.threads
        self._busy: dict[Process, _Running] = {}
        self._lost: dict[Process, _Running] = {}
        self._watchdog: Watchdog | None = None

    # -- blocking handlers ---------------------------------------------------------------------

    @property
    def busy(self) -> int:
        """Blocking handlers that run, or wait for a thread, now."""
        return len(self._busy)

    @property
    def lost(self) -> tuple[Process, ...]:
        """Zombies whose threads still run."""
        return tuple(self._lost)

    async def run(self, process: Process, entry: Entry, argument: object) -> object:
        """Run a blocking callback on a thread, and wait for its end even if the process is killed.

        The thread works in a copy of the process's context.
        """
        runner = self._runner
        if runner is None:
            runner = self._runner = Threadpool(self._engine.settings.blocking_threads)
        context = contextvars.copy_context()
        work = partial(context.run, entry.invoke, process.instance, argument)
        running = self._busy[process] = _Running(runner, self._engine.loop, work)
        future = running.future
        future.add_done_callback(partial(self._done, process), context=self._engine.contexts.base)
        cancelled: asyncio.CancelledError | None = None
        while not future.done() and not running.given_up.done():
            try:
                await asyncio.wait((future, running.given_up), return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError as error:
                # A thread can't be cancelled. If it hangs, the process is a zombie after its kill grace.
                cancelled = error
                running.cancel()
        if cancelled is not None:
            raise cancelled
        return future.result()

    def _done(self, process: Process, future: asyncio.Future[object]) -> None:
        for table in (self._busy, self._lost):
            if process in table and table[process].future is future:
                del table[process]
        if not future.cancelled():
            future.exception()  # of a handler whose process was killed meanwhile: nobody asks for it

    async def one_done(self) -> None:
        """Wait until one of the blocking handlers that run now has returned."""
        if self._busy:
            running = [one.future for one in self._busy.values()]
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)

    def replace_lost(self, process: Process) -> None:
        """`process` became a zombie: if its thread hangs, make up for it."""
        hanging = self._busy.pop(process, None)
        if hanging is not None and self._runner is not None:
            self._lost[process] = hanging
            hanging.given_up.set_result(None)  # the task doesn't hang on with the thread
            self._engine.counters.lost_threads += 1
            self._runner.replace()

    # -- others -------------------------------------------------------------------------------

    def reference(self, target: Address[S_co]) -> FromThread[S_co]:
        """`target`, for other threads than the loop's."""
        return FromThread(self._engine, target)

    # -- the watchdog --------------------------------------------------------------------------

    def attend(self) -> None:
        """A hand-off begins and somebody wants to know: the watchdog, or who listens for slow handlers."""
        engine = self._engine
        engine.attention = engine.timing  # before the look at `parked`, which another thread sets
        if engine.parked:
            self.unpark()
        if engine.timing:
            engine.begun = begun = engine.monotonic()
            engine.turn_end = min(engine.turn_end, begun + engine.settings.slow_handler)

    def unpark(self) -> None:
        """The runtime uses the loop again: have the watchdog look."""
        engine = self._engine
        engine.parked = False
        if self._watchdog is not None:
            self._watchdog.used()
        elif engine.running and engine.settings.watchdog:
            self._watchdog = start_watchdog(engine)

    def close(self) -> None:
        """The System is down."""
        if self._runner is not None and self._engine.ports.threads is None:
            self._runner.close()
        if self._watchdog is not None:
            self._watchdog.close()
        self._engine.parked = False


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
            LoopThread: this is the loop's own thread; use the plain `cast`.
            NotStarted: the System or its loop has stopped.
            MailboxFull, WrongServer: as of the plain `cast`.
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
            LoopThread: this is the loop's own thread; use the plain `call`.
            NotStarted: the System or its loop has stopped.
            Exception: whatever the plain `call` raises.
        """
        box: Future[R] = Future()

        def ask() -> None:
            # Made like this it passes by the loop's task factory: the task is the runtime's own.
            task = asyncio.Task(self._ask(message, timeout), loop=self._engine.loop, name="from_thread.call")
            task.add_done_callback(partial(self._hand_over, box))

        self._submit("from_thread.call", box, ask)
        return self._wait(box)

    async def _ask(self, message: CallMessage[S_co, R], timeout: Timeout) -> R:
        engine = self._engine
        caller = current_process.get(None)
        target = self._target.process() if isinstance(self._target, Ref) else self._target
        if caller is None or caller.engine is not engine or not isinstance(target, Process):
            return await self._target.call(message, timeout=timeout)
        engine.calls.check_cycle(caller, target)
        before, caller.waiting = caller.waiting, target
        try:
            return await self._target.call(message, timeout=timeout)
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
