"""`System.run`: a System with an event loop of its own, stopped by the signals of the operating system."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Coroutine, Generator
from types import FrameType
from typing import TYPE_CHECKING, Final, Generic, Never, TypeAlias, TypeVar, final

from regrow.core.arguments import check_main
from regrow.errors import LoopRunning, StopTimeout

if TYPE_CHECKING:
    from regrow.runtime.system import System

T = TypeVar("T")
LoopFactory: TypeAlias = Callable[[], asyncio.AbstractEventLoop]
Main: TypeAlias = Callable[["System"], Coroutine[object, "Never", T]]
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def run(system: System, main: Main[T] | None, loop_factory: LoopFactory | None) -> T | None:
    """See `System.run`."""
    if _loop_runs():
        raise LoopRunning(system.name)
    loop = asyncio.new_event_loop() if loop_factory is None else loop_factory()
    runner = _Run(system, main, loop)
    with contextlib.ExitStack() as stack:
        stack.callback(_close, loop, 2 * system.settings.kill_grace)
        if threading.current_thread() is threading.main_thread():
            stack.enter_context(_handling(loop, runner.signalled))
        asyncio.set_event_loop(loop)
        result = loop.run_until_complete(runner.run())
        if runner.at_once:
            raise KeyboardInterrupt
        return result


def _loop_runs() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@final
class _Run(Generic[T]):
    """One run of a System."""

    __slots__ = (
        *("_body", "_leaving", "_loop", "_main", "_overdue", "_system", "_timer"),
        *("at_once", "stopping"),
    )

    def __init__(self, system: System, main: Main[T] | None, loop: asyncio.AbstractEventLoop) -> None:
        self._system = system
        self._main = main
        self._loop = loop
        self._body: asyncio.Task[T | None] | None = None
        self._overdue: asyncio.Future[None] = loop.create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._leaving = False
        self.stopping = False
        self.at_once = False

    async def run(self) -> T | None:
        self._body = body = asyncio.create_task(  # noqa: RG101  # waited for below, with a bound
            self._in_system(), name=f"{self._system.name} (main)"
        )
        if self.stopping:
            body.cancel()
        await asyncio.wait((body, self._overdue), return_when=asyncio.FIRST_COMPLETED)
        if self._timer is not None:
            self._timer.cancel()
        if self._overdue.done():
            await asyncio.wait([body], timeout=2 * self._system.settings.kill_grace)
            raise StopTimeout(self._system.name, self._system.settings.stop_timeout)
        if body.cancelled() and self.stopping:
            return None
        return body.result()

    async def _in_system(self) -> T | None:
        async with self._system as system:
            try:
                if self._main is not None:
                    coroutine = self._main(system)
                    check_main(self._main, coroutine)
                    return await coroutine
                await system.wait()
            finally:
                self._leaving = True  # the stop has begun: what main returned or raised is the outcome
        return None

    def signalled(self, number: int, _frame: FrameType | None) -> None:
        """A signal has come; this runs between any two byte codes of the main thread."""
        if self.stopping:
            if number == signal.SIGINT:
                self.at_once = True
                self._loop.call_soon_threadsafe(self._kill)
                raise KeyboardInterrupt
            return
        self.stopping = True
        self._loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        if self._body is not None and not self._leaving:
            self._body.cancel()
        self._timer = self._loop.call_later(self._system.settings.stop_timeout, self._expire)

    def _expire(self) -> None:
        self._kill()
        if not self._overdue.done():
            self._overdue.set_result(None)

    def _kill(self) -> None:
        if self._system.state != "not started":
            self._system.kill()


@contextlib.contextmanager
def _handling(
    loop: asyncio.AbstractEventLoop, handler: Callable[[int, FrameType | None], None]
) -> Generator[None]:
    """Have `handler` called for the signals, and put back afterwards who was called before."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        # Not for its callback, which comes too late for a handler that holds the loop, but because
        # this is how a loop that waits is told to look at what happened.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, _nothing)
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            with contextlib.suppress(NotImplementedError):
                loop.remove_signal_handler(number)
            # None: set by somebody outside Python, who can't be asked for it.
            signal.signal(number, old if old is not None else signal.SIG_DFL)


def _nothing() -> None:
    return


def _close(loop: asyncio.AbstractEventLoop, grace: float) -> None:
    """Cancel what is left on the loop, give it `grace` seconds, and close it, whatever still runs."""
    try:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        if tasks:
            loop.run_until_complete(asyncio.wait(tasks, timeout=grace))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
