"""A transaction that follows another one on the thread, without the loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Never

import pytest

import regrow as rg
from regrow.delivery.journal.commits import EARLY
from regrow.delivery.journal.memory import MemoryStore
from regrow.delivery.journal.operations import Accept, Operation
from regrow.delivery.service import journal_on
from regrow.errors import JournalFailed, StaleEpoch
from regrow.testing import wait_for
from tests.delivery.durable_kit import Box, Mortal, inside, run_system

LONG = 10.0


class Gate(Mortal):
    """A disk that begins each transaction, and ends none before it may."""

    blocking = True
    journal: rg.Journal

    def __init__(self) -> None:
        super().__init__(MemoryStore())
        self.begun: list[list[Operation]] = []
        self.followed = asyncio.Event()
        self.stale = False
        self.unfit = False
        self.next = threading.Semaphore(0)
        self.may_end = threading.Semaphore(0)

    def prepared(self, batch: Sequence[Operation]) -> Sequence[Operation]:
        self.followed.set()
        if self.unfit:
            raise JournalFailed("the store", "it can't be encoded", "a commit")
        return batch

    def commit(self, batch: Sequence[Operation]) -> None:
        self.begun.append(list(batch))
        self.next.release()
        assert self.may_end.acquire(timeout=LONG)
        if self.stale:
            self.stale = False
            raise StaleEpoch("keeper", 1, 2)
        super().commit(batch)


def on_threads(body: Callable[[Gate], Awaitable[None]]) -> None:
    """Run `body` on a loop of asyncio's own: on others each commit is told to the loop first."""

    async def main() -> None:
        store = Gate()
        store.journal = journal = journal_on(store.as_store())

        async def inner(_: rg.System) -> None:
            try:
                await body(store)
            finally:
                store.may_end.release(100)

        await run_system(journal, inner, rg.child(Box, name="box"))

    asyncio.run(main())


def send(number: int) -> Coroutine[object, Never, rg.Delivery[object]]:
    return rg.supervised_send("box", Box.note(number), timeout=LONG, durable=True, ack="accepted")


def values(batch: list[Operation]) -> int:
    return sum(isinstance(one, Accept) for one in batch)


async def two_of(store: Gate) -> tuple[list[asyncio.Task[Any]], list[asyncio.Task[Any]]]:
    """Sends in a transaction that has begun, and in one that is to follow it."""
    first = [asyncio.create_task(send(number)) for number in range(EARLY)]
    await asyncio.to_thread(store.next.acquire, timeout=LONG)
    second = [asyncio.create_task(send(EARLY + number)) for number in range(EARLY + 7)]
    await store.followed.wait()
    return first, second


def test_the_next_transaction_begins_without_the_loop() -> None:
    async def body(store: Gate) -> None:
        first, second = await two_of(store)
        store.may_end.release()
        assert store.next.acquire(timeout=LONG)  # while the loop stands still
        assert [values(batch) for batch in store.begun] == [EARLY, EARLY + 7]
        assert not any(task.done() for task in first)
        store.may_end.release()
        ended = await asyncio.gather(*first, *second)
        assert {delivery.status for delivery in ended} == {"accepted"}
        store.may_end.release(100)
        await wait_for(lambda: len(Box.kept) == 2 * EARLY + 7)
        assert Box.kept == list(range(2 * EARLY + 7))

    on_threads(body)


def test_what_follows_a_transaction_that_fails_is_not_written() -> None:
    async def body(store: Gate) -> None:
        first, second = await two_of(store)
        store.broken = True
        store.may_end.release(2)
        ended = await asyncio.gather(*first, *second, return_exceptions=True)
        assert {type(error) for error in ended} == {JournalFailed}
        assert [values(batch) for batch in store.begun] == [EARLY]
        store.broken = False
        store.may_end.release(100)
        assert (await send(-1)).status == "accepted"
        await wait_for(lambda: bool(Box.kept))
        assert Box.kept == [-1]
        assert values(store.begun[1]) == 1

    on_threads(body)


def test_what_follows_a_transaction_of_a_stale_incarnation_is_written_after_it() -> None:
    async def body(store: Gate) -> None:
        first, second = await two_of(store)
        store.stale = True
        store.may_end.release()
        assert {type(error) for error in await asyncio.gather(*first, return_exceptions=True)} == {StaleEpoch}
        assert not any(task.done() for task in second)
        assert [values(batch) for batch in store.begun[:1]] == [EARLY]
        store.may_end.release(100)
        assert {delivery.status for delivery in await asyncio.gather(*second)} == {"accepted"}
        assert values(store.begun[1]) == EARLY + 7
        await wait_for(lambda: len(Box.kept) == EARLY + 7)
        assert Box.kept == list(range(EARLY, 2 * EARLY + 7))

    on_threads(body)


def test_senders_of_what_follows_and_cannot_be_encoded_are_told() -> None:
    async def body(store: Gate) -> None:
        store.unfit = True
        first, second = await two_of(store)
        store.may_end.release(100)
        assert {delivery.status for delivery in await asyncio.gather(*first)} == {"accepted"}
        ended = await asyncio.gather(*second, return_exceptions=True)
        assert {type(error) for error in ended} == {JournalFailed}

    on_threads(body)


def test_work_that_waits_when_the_journal_is_given_up_is_not_begun_and_its_owner_told() -> None:
    ran: list[str] = []

    async def body(store: Gate) -> None:
        first = [asyncio.create_task(send(number)) for number in range(EARLY)]
        await asyncio.to_thread(store.next.acquire, timeout=LONG)
        writer = inside(store.journal).opened.writer
        work = writer.between(lambda: ran.append("waited"))
        writer.close(JournalFailed("the store", "it is given up", "an acceptance"))
        later = writer.between(lambda: ran.append("came later"))
        store.may_end.release(100)
        for future in (work, later):
            with pytest.raises(JournalFailed, match="given up"):
                await future
        assert {delivery.status for delivery in await asyncio.gather(*first)} == {"accepted"}

    on_threads(body)
    assert ran == []
