"""Where a journal waits for the disk, on threads of somebody else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from typing import Never, TypeVar

import pytest

from regrow.delivery.journal.threads import JournalThreads
from regrow.testing import run_virtual

T = TypeVar("T")


class ByHand:
    """Threads that run when they are told to."""

    def __init__(self) -> None:
        self.jobs: list[Callable[[], object]] = []
        self.futures: list[Future[object]] = []

    def submit(self, fn: Callable[[], T], /) -> Future[T]:
        future: Future[T] = Future()
        self.jobs.append(fn)
        self.futures.append(future)  # type: ignore[arg-type]  # what of is nobody's matter here
        return future

    def replace(self) -> None:
        """No thread is lost here."""

    def close(self) -> None:
        """Nothing is left."""


class Interrupted:
    """A lock whose owner is interrupted by a signal just as it is given free."""

    def __init__(self, gate: threading.Semaphore) -> None:
        self.gate = gate
        self.free = threading.Event()

    def acquire(self, *, timeout: float) -> Never:
        self.gate.release()
        assert self.free.wait(10.0 + timeout)
        raise KeyboardInterrupt

    def release(self) -> None:
        self.free.set()


def test_a_thread_that_was_given_up_and_comes_back_is_heard_once() -> None:
    async def main() -> None:
        runner = ByHand()
        threads = JournalThreads(asyncio.get_running_loop(), runner)
        heard: list[BaseException | None] = []
        written: list[int] = []
        ended = threads.run_then(lambda: written.append(1), heard.append, copy_context())
        assert threads.under_way == 1
        runner.futures[0].cancel()
        await ended
        assert [type(error) for error in heard] == [asyncio.CancelledError]
        assert threads.under_way == 0
        runner.jobs[0]()
        threads.take()
        assert (len(heard), written, threads.under_way) == (1, [1], 0)

    run_virtual(main())


def test_the_loop_can_wait_for_the_end_of_a_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regrow.delivery.journal.threads.LONGEST_END", 10.0)

    async def main() -> None:
        threads = JournalThreads(asyncio.get_running_loop(), None)
        gate = threading.Semaphore(0)
        heard: list[str] = []
        first = threads.run_then(gate.acquire, lambda _: heard.append("first"), copy_context())
        second = threads.run_then(gate.acquire, lambda _: heard.append("second"), copy_context())
        gate.release()
        threads.await_end()
        assert heard == ["first"]
        gate.release()
        await asyncio.gather(first, second)
        assert heard == ["first", "second"]
        threads.await_end()  # for nothing
        threads.close()

    asyncio.run(main())


def test_the_loop_does_not_wait_long_for_the_end_of_a_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regrow.delivery.journal.threads.LONGEST_END", 0.0)

    async def main() -> None:
        threads = JournalThreads(asyncio.get_running_loop(), None)
        gate = threading.Semaphore(0)
        heard: list[BaseException | None] = []
        ended = threads.run_then(gate.acquire, heard.append, copy_context())
        threads.await_end()
        assert heard == []
        gate.release()
        await ended
        assert heard == [None]
        threads.close()

    asyncio.run(main())


def test_an_end_is_heard_though_a_signal_interrupts_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        threads = JournalThreads(asyncio.get_running_loop(), None)
        gate = threading.Semaphore(0)
        heard: list[BaseException | None] = []
        ended = threads.run_then(gate.acquire, heard.append, copy_context())
        interrupted = Interrupted(gate)
        monkeypatch.setattr("regrow.delivery.journal.threads.taken", lambda: interrupted)
        with pytest.raises(KeyboardInterrupt):
            threads.await_end()
        assert heard == [None]
        assert ended.done()
        assert threads.under_way == 0
        threads.close()

    asyncio.run(main())
