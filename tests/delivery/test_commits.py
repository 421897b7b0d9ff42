"""How sends are shared out to transactions."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from pathlib import Path
from typing import TypeVar

import pytest

import regrow as rg
from regrow.delivery.journal.threads import JournalThreads
from regrow.testing import pass_time, run_virtual
from tests.delivery.durable_kit import Box, ports, run_system
from tests.delivery.test_busy_loop import Disk
from tests.runtime.threads_kit import jumping

T = TypeVar("T")


class SlowDisk:
    """A thread that takes a second for whatever it is given."""

    def submit(self, fn: Callable[[], T], /) -> Future[T]:
        future: Future[T] = Future()
        asyncio.get_running_loop().call_later(1.0, lambda: future.set_result(fn()))
        return future

    def replace(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        pass


@pytest.mark.parametrize("first", [11, 60, 128])
def test_what_is_sent_at_once_is_shared_out_to_two_transactions_in_turn(tmp_path: Path, first: int) -> None:
    times: Counter[float] = Counter()

    async def sender() -> None:
        for value in range(8):
            await rg.supervised_send("box", Box.note(value), timeout=60.0, durable=True)
            times[asyncio.get_running_loop().time()] += 1

    async def body(_: rg.System) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(first):
                group.create_task(sender(), name=f"sender {number}")
            await pass_time(0.5)  # their transaction is under way
            for number in range(first, 256):
                group.create_task(sender(), name=f"sender {number}")

    async def main() -> None:
        with jumping():
            journal = rg.Journal(tmp_path / "journal.db", sync="none")
            await run_system(journal, body, rg.child(Box, name="box"), ports=ports(threads=SlowDisk()))

    run_virtual(main(), limit=100.0)
    sizes = list(times.values())
    assert sum(sizes) == 8 * 256
    assert max(sizes[3:]) <= 2 * min(sizes[3:-2]), sizes


def test_only_own_threads_say_that_a_commit_has_begun() -> None:
    async def main() -> None:
        threads = JournalThreads(asyncio.get_running_loop(), None)
        assert not threads.begun()
        await threads.run_then(lambda: None, lambda _: None, copy_context())
        assert threads.begun()
        threads.close()
        others = JournalThreads(asyncio.get_running_loop(), Disk([]))
        await others.run_then(lambda: None, lambda _: None, copy_context())
        assert not others.begun()

    run_virtual(main())
