"""The threads of a System: those of blocking handlers, and the watchdog's."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast, final

from regrow.core.ports import ThreadRunner
from regrow.runtime.from_thread import FromThread
from regrow.runtime.pid import Address
from regrow.runtime.process import Process
from regrow.runtime.threadpool import Threadpool
from regrow.runtime.watchdog import Watchdog, start_watchdog

if TYPE_CHECKING:
    from regrow.runtime.blueprint import Entry
    from regrow.runtime.engine import Engine

S_co = TypeVar("S_co", covariant=True)


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
        """A hand-off begins and the watchdog wants to know, or who listens for slow ones, or who looks on."""
        engine = self._engine
        # Before the look at `parked`, which another thread sets.
        engine.attention = engine.timing or bool(engine.looks)
        if engine.parked:
            self.unpark()
        if engine.looks:
            engine.steps.over_soon(engine.loop)
        if engine.timing:
            engine.begun = begun = engine.monotonic()
            engine.turn_end = min(engine.turn_end, begun + engine.settings.slow_handler)

    def unpark(self) -> None:
        """The runtime uses the loop again: have the watchdog look."""
        engine = self._engine
        engine.parked = False
        if self._watchdog is not None:
            self._watchdog.used()
        elif engine.running and engine.settings.watchdog and not engine.ports.virtual:
            self._watchdog = start_watchdog(engine)

    def close(self) -> None:
        """The System is down."""
        if self._runner is not None and self._engine.ports.threads is None:
            self._runner.close()
        if self._watchdog is not None:
            self._watchdog.close()
        self._engine.parked = False
