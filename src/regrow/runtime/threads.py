"""Threads: blocking handlers, calls from other threads, the watchdog's place."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar, final

from regrow.core.messages import CallMessage, CastMessage
from regrow.core.ports import ThreadRunner
from regrow.errors import LoopThread, NotStarted
from regrow.runtime.after import End
from regrow.runtime.pid import Address, Timeout

if TYPE_CHECKING:
    from regrow.runtime.blueprint import Entry
    from regrow.runtime.engine import Engine
    from regrow.runtime.process import Process

S_co = TypeVar("S_co", covariant=True)
R = TypeVar("R")


class Watchdog(Protocol):
    """What is told when a turn of the loop begins and ends."""

    def turn_begins(self) -> None:
        """The runtime begins to use the loop."""
        ...

    def turn_ends(self) -> None:
        """Other callbacks of the loop have had their turn."""
        ...


@final
class PoolRunner:
    """The runtime's own threads for blocking handlers."""

    __slots__ = ("_pool", "lost")

    def __init__(self) -> None:
        self._pool = concurrent.futures.ThreadPoolExecutor(thread_name_prefix="regrow-blocking")
        self.lost = 0

    def submit(self, fn: object, /) -> concurrent.futures.Future[object]:
        """Run `fn` on a thread."""
        return self._pool.submit(fn)  # type: ignore[arg-type]

    def replace(self) -> None:
        """A handler will never give its thread back: allow one more."""
        self.lost += 1
        self._pool._max_workers += 1  # type: ignore[attr-defined]  # noqa: SLF001  # there is no public way to grow a pool

    def close(self) -> None:
        """Take nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)


@final
class Threads:
    """The threads of one System."""

    __slots__ = ("_busy", "_engine", "_runner", "watchdog")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._runner: ThreadRunner | None = engine.ports.threads
        self._busy: dict[Process, concurrent.futures.Future[object]] = {}
        self.watchdog: Watchdog | None = None

    @property
    def busy(self) -> int:
        """Blocking handlers that run now."""
        return len(self._busy)

    async def run(self, process: Process, entry: Entry, argument: object) -> object:
        """Run a blocking callback on a thread, and wait for its end even if the process is killed.

        The thread works in a copy of the process's context.
        """
        engine = self._engine
        runner = self._runner
        if runner is None:
            runner = self._runner = PoolRunner()
        context = contextvars.copy_context()
        instance = process.instance
        started = runner.submit(lambda: context.run(entry.invoke, instance, argument))
        self._busy[process] = started
        done: asyncio.Future[None] = engine.loop.create_future()
        started.add_done_callback(lambda _: _tell(engine, done))
        try:
            await asyncio.shield(done)
        except asyncio.CancelledError:
            if not isinstance(process.after, End):
                raise
            while not done.done():
                try:
                    await asyncio.shield(done)
                except asyncio.CancelledError:
                    continue  # a thread can't be cancelled; after the kill grace the process is a zombie
            raise
        finally:
            if done.done():
                self._busy.pop(process, None)
        return started.result()

    def unpark(self) -> None:
        """The runtime uses the loop again: have the watchdog look."""
        self._engine.parked = False

    async def one_done(self) -> None:
        """Wait until one of the blocking handlers that run now has returned."""
        running = [asyncio.wrap_future(future) for future in self._busy.values()]
        if running:
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)

    def replace_lost(self, process: Process) -> None:
        """`process` became a zombie: if its thread hangs, make up for it."""
        if self._busy.pop(process, None) is not None and self._runner is not None:
            self._runner.replace()

    def close(self) -> None:
        """The System is down."""
        if self._runner is not None and self._engine.ports.threads is None:
            self._runner.close()


def _tell(engine: Engine, done: asyncio.Future[None]) -> None:
    def tell() -> None:
        if not done.done():
            done.set_result(None)

    if not engine.loop.is_closed():
        engine.loop.call_soon_threadsafe(tell)


@final
class FromThread(Generic[S_co]):
    """A reference for other threads than the loop's; its operations block until the loop has taken the message."""

    __slots__ = ("_engine", "_target")

    def __init__(self, engine: Engine, target: Address[S_co]) -> None:
        self._engine = engine
        self._target = target

    def cast(self, message: CastMessage[S_co]) -> None:
        """Cast, and return when the message stands in the mailbox. Raises what `cast` raises."""
        target = self._target

        async def take() -> None:
            target.cast(message)

        self._run("from_thread.cast", take())

    def call(self, message: CallMessage[S_co, R], *, timeout: Timeout) -> R:
        """Call, and block until the answer. Raises what `call` raises."""
        target = self._target

        async def ask() -> R:
            return await target.call(message, timeout=timeout)

        return self._run("from_thread.call", ask())

    def _run(self, operation: str, coroutine: object) -> R:  # type: ignore[type-var]
        import threading

        engine = self._engine
        if threading.get_ident() == engine.thread:
            coroutine.close()  # type: ignore[attr-defined]
            raise LoopThread(operation)
        if not engine.running or engine.loop.is_closed():
            coroutine.close()  # type: ignore[attr-defined]
            raise NotStarted(engine.name, "stopped")
        return asyncio.run_coroutine_threadsafe(coroutine, engine.loop).result()  # type: ignore[arg-type]
