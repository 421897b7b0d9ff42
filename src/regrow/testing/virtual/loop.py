"""An event loop whose clock is virtual: time jumps to the next timer when nothing is ready.

Everything that runs on it is deterministic and never waits for real, however long the timeouts are.

    def test_timeout() -> None:
        async def body() -> float:
            await asyncio.sleep(3600)
            return asyncio.get_running_loop().time()

        assert run_virtual(body()) == 3600.0

Real threads (``run_in_executor``, ``asyncio.to_thread``) hold the clock while they run, so that a timeout
never fires only because a thread had no turn yet; a test that wants time to pass meanwhile says so with
``jumping_over_threads``. A program in which nothing can ever happen again fails with ``Deadlock``.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import selectors
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Executor
from contextvars import Context
from typing import TYPE_CHECKING, TypeVar, TypeVarTuple, final

from typing_extensions import override

from regrow.core.ports import Ports
from regrow.errors.testing import Deadlock

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

RESOLUTION = 1e-9
"""Timers closer together than this go off together, as in asyncio itself."""
EPOCH = 1_577_836_800.0
"""Where the wall clock stands when the loop's clock stands at 0: 1 January 2020, 00:00 UTC."""

__all__ = ("VirtualLoop", "virtual_loop")


@final
class _JumpingSelector(selectors.BaseSelector):
    """Asks the real selector without waiting and moves the clock instead of sleeping."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()
        self.loop: VirtualLoop | None = None

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        loop = self.loop
        if ready or loop is None or (timeout is not None and timeout <= 0):
            return ready
        if loop.announce_settled():
            return []
        if timeout is None or loop.threads_hold_clock():
            return self._wait(loop)
        loop.advance(timeout)
        return []

    def _wait(self, loop: VirtualLoop) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(loop.patience)
        if not ready:
            raise Deadlock(loop.time(), sorted(t.get_name() for t in asyncio.all_tasks(loop)))
        return ready

    @override
    def register(
        self, fileobj: FileDescriptorLike, events: int, data: object = None
    ) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    @override
    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    @override
    def modify(self, fileobj: FileDescriptorLike, events: int, data: object = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    @override
    def get_map(self) -> Mapping[FileDescriptorLike, selectors.SelectorKey]:
        return self._real.get_map()

    @override
    def close(self) -> None:
        self.loop = None
        self._real.close()


@final
class VirtualLoop(asyncio.SelectorEventLoop):
    """A selector loop on a clock that starts at 0.0 and moves only when nothing is ready.

    Args:
        patience: Real seconds to wait for a thread or a file when no timer is due, before ``Deadlock``.
    """

    def __init__(self, *, patience: float = 10.0) -> None:
        self._now = 0.0
        self.patience = patience
        self._threads = 0
        self._jump_over_threads = False
        self._waiters: list[asyncio.Future[None]] = []
        self._due: list[float] = []
        selector = _JumpingSelector()
        super().__init__(selector)
        selector.loop = self

    @override
    def time(self) -> float:
        """The virtual time in seconds."""
        return self._now

    def regrow_ports(self) -> Ports:
        """What Systems on this loop take for the world: its clock, as the wall clock too, and nothing real.

        Turns then end by counts alone, so that no test depends on how fast the machine is.
        """
        return Ports(monotonic=self.time, wall=lambda: EPOCH + self._now, virtual=True)

    @override
    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """As in asyncio."""
        heapq.heappush(self._due, when)
        return super().call_at(when, callback, *args, context=context)

    def advance(self, seconds: float) -> None:
        """Moves the clock; timers that become due run in the next turn of the loop.

        The clock then stands exactly at a timer's time, although ``now + (when - now)`` often misses it by a
        bit.
        """
        now = self._now + seconds
        while self._due and self._due[0] <= now + RESOLUTION:
            now = max(now, heapq.heappop(self._due))
        self._now = now

    async def settled(self) -> None:
        """Returns when nothing is ready to run any more, before the clock moves.

        Unlike ``asyncio.sleep(0)`` this lets chains of callbacks of any length run out first.
        """
        waiter: asyncio.Future[None] = self.create_future()
        self._waiters.append(waiter)
        await waiter

    def announce_settled(self) -> bool:
        """Wakes those who wait in ``settled``; True if there were any."""
        waiters = [w for w in self._waiters if not w.done()]
        self._waiters.clear()
        for waiter in waiters:
            waiter.set_result(None)
        return bool(waiters)

    def threads_hold_clock(self) -> bool:
        """True while a thread of ``run_in_executor`` runs and nobody asked to jump over it."""
        return self._threads > 0 and not self._jump_over_threads

    @contextlib.contextmanager
    def jumping_over_threads(self) -> Generator[None]:
        """Inside, the clock moves although threads are still running."""
        before, self._jump_over_threads = self._jump_over_threads, True
        try:
            yield
        finally:
            self._jump_over_threads = before

    @override
    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """As in asyncio, and the clock stands still until the function has returned."""
        future = super().run_in_executor(executor, func, *args)
        self._threads += 1
        future.add_done_callback(lambda _: self._thread_ended())
        return future

    def _thread_ended(self) -> None:
        self._threads -= 1


def virtual_loop() -> VirtualLoop:
    """A loop factory, for ``asyncio.Runner(loop_factory=virtual_loop)``."""
    return VirtualLoop()
