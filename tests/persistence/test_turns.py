"""What a handler of a persistent server does is committed in one step, or not at all."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

import regrow as rg
from regrow.delivery.journal.operations import SaveState
from regrow.testing import pass_time, run_virtual
from tests.persistence.kit import Counter, HandJournal, Refused, Sink, Totals, tree


class Bench:
    """A counter that tells its sink, and a journal whose commits end when the test says so."""

    def __init__(self, system: rg.System, journal: HandJournal) -> None:
        self.system = system
        self.journal = journal
        self.counter = system.ref("counter", Counter)
        self.sink = system.ref("sink", Sink)

    def add(self, by: int) -> asyncio.Task[int]:
        return asyncio.ensure_future(self.counter.call(Counter.add(by), timeout=9.0))

    async def notes(self) -> list[object]:
        await self.system.idle()
        return await self.sink.call(Sink.all(), timeout=1.0)

    async def total(self) -> int:
        return await self.counter.call(Counter.total(), timeout=9.0)

    def kept(self) -> Totals:
        saved = self.journal.loop_reader.state("counter")
        assert saved is not None
        return msgspec.msgpack.decode(saved.data, type=Totals)


def test_state_is_committed_before_the_answer_and_sends_go_out() -> None:
    async def body() -> None:
        journal = HandJournal()
        async with tree(journal) as system:
            b = Bench(system, journal)
            journal.held = True
            asked = b.add(5)
            assert await b.notes() == []
            assert not asked.done()
            journal.let_go()
            assert await asked == 5
            assert await b.notes() == [5]
            assert b.kept().n == 5

    run_virtual(body())


def test_the_next_message_starts_on_uncommitted_state() -> None:
    async def body() -> None:
        journal = HandJournal()
        async with tree(journal) as system:
            b = Bench(system, journal)
            journal.held = True
            first = b.add(1)
            await system.idle()
            second, read = b.add(2), asyncio.ensure_future(b.total())
            await system.idle()
            assert [one.done() for one in (first, second, read)] == [False] * 3
            journal.let_go()
            assert await first == 1
            await system.idle()
            assert not second.done()
            journal.let_go()
            assert [await second, await read] == [3, 3]
            assert await b.notes() == [1, 2]

    run_virtual(body())


def test_turns_that_follow_while_a_commit_runs_are_written_once() -> None:
    async def body() -> None:
        journal = HandJournal()
        async with tree(journal) as system:
            b = Bench(system, journal)
            journal.held = True
            asked = [b.add(1)]
            await system.idle()
            asked += [b.add(1) for _ in range(50)]
            await system.idle()
            journal.let_go()
            await system.idle()
            journal.let_go()
            assert [await one for one in asked] == list(range(1, 52))
            assert journal.saves("counter") == 2

    run_virtual(body())


def test_a_message_that_changes_nothing_writes_nothing() -> None:
    async def body() -> None:
        journal = HandJournal()
        async with tree(journal) as system:
            b = Bench(system, journal)
            assert await b.total() == 0
            assert await b.add(0) == 0
            assert journal.commits == []

    run_virtual(body())


def test_casts_infos_and_timers_are_turns_too() -> None:
    async def body() -> None:
        journal = HandJournal()
        async with tree(journal) as system:
            b = Bench(system, journal)
            b.counter.cast(Counter.note("cast"))
            b.counter.send("info")
            rg.send_after(b.counter, "timer", 1.0)
            await pass_time(2.0)
            await system.idle()
            assert b.kept().seen == ["cast", "info", "timer"]

    run_virtual(body())


@pytest.mark.parametrize("slowly", [False, True])
def test_a_declared_exception_leaves_no_state_and_no_sends(slowly: bool) -> None:
    async def body() -> None:
        journal = HandJournal()
        async with tree(journal) as system:
            b = Bench(system, journal)
            assert await b.add(7) == 7
            message = Counter.add_slowly(-2) if slowly else Counter.add(-2)
            with pytest.raises(Refused):
                await b.counter.call(message, timeout=9.0)
            assert await b.total() == 7
            assert await b.notes() == [7]
            assert b.kept().n == 7

    run_virtual(body())


def test_a_declared_exception_waits_for_the_commits_before_it() -> None:
    async def body() -> None:
        journal = HandJournal()
        async with tree(journal) as system:
            b = Bench(system, journal)
            journal.held = True
            first, refused = b.add(1), b.add(-1)
            await system.idle()
            assert not refused.done()
            journal.fail()
            for asked in (first, refused):
                with pytest.raises(rg.errors.ProcessExited):
                    await asked

    run_virtual(body())


def test_an_async_handler_commits_when_it_returns() -> None:
    async def body() -> None:
        journal = HandJournal()
        async with tree(journal) as system:
            b = Bench(system, journal)
            asked = asyncio.ensure_future(b.counter.call(Counter.add_slowly(4), timeout=9.0))
            await system.idle()
            assert journal.commits == []
            assert await asked == 4
            assert b.kept().n == 4

    run_virtual(body())


def test_a_failed_commit_crashes_the_server_with_all_that_came_after() -> None:
    async def body() -> None:
        journal = HandJournal()
        async with tree(journal) as system:
            b = Bench(system, journal)
            assert await b.add(10) == 10
            journal.held = True
            first = b.add(1)
            await system.idle()
            second = b.add(2)
            await system.idle()
            journal.fail()
            for asked in (first, second):
                with pytest.raises(rg.errors.ProcessExited) as caught:
                    await asked
                assert isinstance(caught.value.reason, rg.Crash)
                assert caught.value.reason.exception_type is rg.errors.JournalFailed
            journal.held = False
            assert await b.total() == 10
            assert await b.notes() == [10]
            assert journal.waiting == []

    run_virtual(body())


def test_a_crash_goes_on_from_the_last_committed_message() -> None:
    async def body() -> None:
        journal = HandJournal()
        async with tree(journal) as system:
            b = Bench(system, journal)
            assert await b.add(3) == 3
            b.counter.cast(Counter.crash())
            await system.idle()
            assert await b.counter.call(Counter.first(), timeout=1.0) == 3
            assert await b.add(1) == 4
            assert await b.notes() == [3, 1]

    run_virtual(body())


def test_a_restart_waits_for_what_the_last_incarnation_handled() -> None:
    async def body() -> None:
        journal = HandJournal()
        async with tree(journal) as system:
            b = Bench(system, journal)
            journal.held = True
            asked = b.add(3)
            await system.idle()
            b.counter.cast(Counter.note("handled, not committed"))
            b.counter.cast(Counter.crash())
            await system.idle()
            assert journal.commits == []
            journal.let_go()
            await system.idle()
            assert len(journal.waiting) == 1
            journal.held = False
            journal.let_go()
            assert await asked == 3
            await system.idle()
            assert await b.counter.call(Counter.first(), timeout=1.0) == 3
            assert b.kept().seen == ["handled, not committed"]

    run_virtual(body())


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_kill_and_shutdown_keep_what_was_handled(how: str) -> None:
    async def body() -> None:
        journal = HandJournal()
        async with tree(journal) as system:
            b = Bench(system, journal)
            asked = b.add(3)
            await asked
            if how == "kill":
                b.counter.kill()
            else:
                await system.root.call(rg.Supervisor.terminate_child("counter"), timeout=1.0)
                await system.root.call(rg.Supervisor.restart_child("counter"), timeout=1.0)
            await system.idle()
            assert await b.total() == 3

    run_virtual(body())


def test_a_new_system_on_the_same_store_goes_on() -> None:
    async def body() -> None:
        journal = HandJournal()
        async with tree(journal) as system:
            assert await Bench(system, journal).add(8) == 8
        again = HandJournal(journal.store)
        async with tree(again) as system:
            b = Bench(system, again)
            assert await b.add(1) == 9
        epochs = [op.state.epoch for batch in again.commits for op in batch if isinstance(op, SaveState)]
        assert epochs == [2]

    run_virtual(body())


def test_a_stale_incarnation_cant_write() -> None:
    async def body() -> None:
        journal = HandJournal()
        async with tree(journal) as system:
            b = Bench(system, journal)
            assert await b.add(1) == 1
            saved = journal.loop_reader.state("counter")
            assert saved is not None
            newer = msgspec.structs.replace(saved, epoch=journal.claim("counter"))
            journal.store.commit([SaveState(newer)])
            with pytest.raises(rg.errors.ProcessExited) as caught:
                await b.add(1)
            assert isinstance(caught.value.reason, rg.Crash)
            assert caught.value.reason.exception_type is rg.errors.StaleEpoch
            assert await b.total() == 1

    run_virtual(body())
