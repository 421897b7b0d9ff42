"""Redrives: whole, in steps, with canaries, rates and ratios, paused, cancelled, and over a crash."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import regrow as rg
from regrow.delivery.deadletters.events import DeadLettersRedriven, RedriveChanged
from regrow.delivery.journal.memory import MemoryStore
from regrow.delivery.journal.operations import PutJob, Revive
from regrow.testing import VirtualLoop, pass_time, run_virtual
from tests.deadletters.kit import START_US, Bench, Item, Shop


async def settled() -> None:
    """Everything that can happen without time passing has happened."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    await loop.settled()


async def running(bench: Bench | None = None) -> Bench:
    bench = bench if bench is not None else Bench(attended=True)
    await bench.queue.opened()
    bench.redrives.launch = bench.launch
    return bench


def test_retry_keeps_id_key_and_history_and_gives_a_new_budget() -> None:
    async def body() -> None:
        bench = await running()
        id = await bench.bury(Shop.order(Item("tea")), key="k-1")
        before = (await bench.letters.show(id)).summary
        await bench.letters.retry(id, actor="ann")
        live = bench.handle.live[id]
        assert (live.mid.hex(), live.key, live.attempts, live.redrives) == (before.message_id, "k-1", 0, 1)
        assert await bench.ids() == []
        assert bench.counts().live == 1
        with pytest.raises(rg.errors.NoSuchDeadLetter):
            await bench.letters.retry(id)
        audit = (await bench.letters.audit())[0]
        assert (audit.actor, audit.action, audit.target) == ("ann", "retry", str(id))

    run_virtual(body())


def test_retry_to_another_recipient_delivers_the_edited_message() -> None:
    async def body() -> None:
        bench = await running()
        id = await bench.bury(Shop.order(Item("tea"), 1), dest="")
        with pytest.raises(rg.errors.RecipientUnknown, match="target="):
            await bench.letters.retry(id)
        bench.classes[""] = Shop
        await bench.letters.edit(id, arguments={"count": 5})
        await bench.letters.retry(id, target="shop")
        live = bench.handle.live[id]
        assert live.dest == "shop"
        assert b"\x05" in live.payload

    run_virtual(body())


def test_a_retry_whose_asker_gives_up_is_carried_through() -> None:
    async def body() -> None:
        bench = await running()
        id = await bench.bury()
        bench.handle.held = []
        asking = asyncio.create_task(bench.letters.retry(id))
        await settled()
        asking.cancel()
        again = asyncio.create_task(bench.letters.retry(id))
        await settled()
        assert (len(bench.handle.held), bench.handle.live) == (1, {})
        bench.handle.held.pop()()
        with pytest.raises(rg.errors.NoSuchDeadLetter):
            await again
        assert list(bench.handle.live) == [id]
        assert bench.queue.depth == 0

    run_virtual(body())


def test_a_redrive_moves_all_oldest_first_once() -> None:
    async def body() -> None:
        bench = await running()
        ids = await bench.many(1_203)
        job = await bench.letters.redrive(actor="ann")
        assert (job.id, job.status) == (1, "running")
        done = await bench.letters.wait(job.id)
        assert (done.status, done.moved, done.ended_us is not None) == ("done", 1_203, True)
        assert list(bench.handle.live) == ids
        assert bench.counts().dead == 0
        batches = [batch for batch in bench.handle.batches if any(isinstance(op, Revive) for op in batch)]
        assert [len(batch) for batch in batches] == [501, 501, 204]
        assert all(isinstance(batch[-1], PutJob) for batch in batches)
        told = [event for event in bench.events if isinstance(event, DeadLettersRedriven)]
        assert [id for event in told for id in event.ids] == ids

    run_virtual(body())


def test_what_dies_again_meanwhile_is_not_moved_twice() -> None:
    async def body() -> None:
        bench = await running()
        ids = await bench.many(3)
        job = await bench.letters.redrive(rate=1)
        await pass_time(0.5)
        await bench.kill(ids[0])
        done = await bench.letters.wait(job.id)
        assert done.moved == 3
        assert await bench.ids() == [ids[0]]

    run_virtual(body())


def test_selection_limit_target_and_the_nameless() -> None:
    async def body() -> None:
        bench = await running()
        ids = await bench.many(5)
        nameless = await bench.bury(dest="")
        chosen = await bench.letters.redrive(id=[ids[0], ids[2], 999])
        assert (await bench.letters.wait(chosen.id)).moved == 2
        limited = await bench.letters.redrive(limit=2, dest="shop")
        assert (await bench.letters.wait(limited.id)).moved == 2
        rest = await bench.letters.redrive()
        assert (await bench.letters.wait(rest.id)).moved == 1
        assert await bench.ids() == [nameless]
        last = await bench.letters.redrive(target="other")
        assert (await bench.letters.wait(last.id)).moved == 1
        assert bench.handle.live[nameless].dest == "other"

    run_virtual(body())


def test_a_dry_run_moves_nothing_and_counts() -> None:
    async def body() -> None:
        bench = await running()
        await bench.many(7)
        await bench.bury(dest="")
        plan = await bench.letters.redrive(dry_run=True)
        assert (plan.id, plan.moved, plan.status) == (0, 7, "done")
        assert (await bench.letters.redrive(dry_run=True, limit=3)).moved == 3
        assert (await bench.letters.redrive(dry_run=True, target="x")).moved == 8
        assert (bench.handle.live, await bench.letters.redrives()) == ({}, ())

    run_virtual(body())


def test_a_rate_is_kept() -> None:
    async def body() -> None:
        bench = await running()
        await bench.many(100)
        loop = asyncio.get_running_loop()
        began = loop.time()
        job = await bench.letters.redrive(rate=10)
        await pass_time(4.99)
        assert 49 <= len(bench.handle.live) <= 52
        done = await bench.letters.wait(job.id)
        assert done.moved == 100
        assert loop.time() - began == pytest.approx(10, abs=0.5)

    run_virtual(body())


def test_pause_stands_still_and_resume_goes_on_from_there() -> None:
    async def body() -> None:
        bench = await running()
        ids = await bench.many(10)
        job = await bench.letters.redrive(rate=1)
        await pass_time(3.5)
        paused = await bench.letters.pause(job.id, actor="ann")
        assert (paused.status, paused.moved) == ("paused", 4)
        await pass_time(60)
        assert list(bench.handle.live) == ids[:4]
        with pytest.raises(rg.errors.RedriveOver, match="is paused: it can't be paused"):
            await bench.letters.pause(job.id)
        await bench.letters.resume(job.id)
        assert (await bench.letters.wait(job.id)).moved == 10
        assert list(bench.handle.live) == ids
        with pytest.raises(rg.errors.RedriveOver, match="is done: it can't be resumed"):
            await bench.letters.resume(job.id)

    run_virtual(body())


@pytest.mark.parametrize("first", ["running", "paused"])
def test_cancel_ends_it_for_good(first: str) -> None:
    async def body() -> None:
        bench = await running()
        await bench.many(10)
        job = await bench.letters.redrive(rate=1)
        await pass_time(1.5)
        if first == "paused":
            await bench.letters.pause(job.id)
        cancelled = await bench.letters.cancel(job.id)
        assert (cancelled.status, cancelled.moved) == ("cancelled", 2)
        assert cancelled.ended_us is not None
        await pass_time(60)
        assert len(bench.handle.live) == 2
        with pytest.raises(rg.errors.RedriveOver, match="is cancelled"):
            await bench.letters.resume(job.id)
        told = [event.status for event in bench.events if isinstance(event, RedriveChanged)]
        assert told[0] == "running"

    run_virtual(body())


def test_canaries_go_first_and_the_rest_when_they_ended_well() -> None:
    async def body() -> None:
        bench = await running()
        ids = await bench.many(20)
        job = await bench.letters.redrive(canary=3)
        await settled()
        assert list(bench.handle.live) == ids[:3]
        await bench.settle(*ids[:2])
        await settled()
        assert list(bench.handle.live) == ids[2:3]
        await bench.settle(ids[2])
        await settled()
        assert list(bench.handle.live) == ids[3:]
        await bench.settle(*ids[3:])
        done = await bench.letters.wait(job.id)
        assert (done.status, done.moved, done.succeeded, done.failed) == ("done", 20, 20, 0)

    run_virtual(body())


def test_a_canary_that_dies_stops_it() -> None:
    async def body() -> None:
        bench = await running()
        ids = await bench.many(20)
        job = await bench.letters.redrive(canary=3)
        await settled()
        await bench.settle(ids[0])
        await bench.kill(ids[1])
        done = await bench.letters.wait(job.id)
        assert (done.status, done.moved, done.succeeded, done.failed) == ("stopped", 3, 1, 1)
        assert len(await bench.ids()) == 18
        assert (await bench.letters.stats()).redrive_failure_ratio == 0.5

    run_virtual(body())


@pytest.mark.parametrize(("failing", "status"), [(1, "done"), (2, "stopped")])
def test_with_a_ratio_canaries_may_fail_as_far_as_it_allows(failing: int, status: str) -> None:
    async def body() -> None:
        bench = await running()
        ids = await bench.many(8)
        job = await bench.letters.redrive(canary=4, stop_ratio=0.25)
        await settled()
        await bench.kill(*ids[:failing])
        await bench.settle(*ids[failing:4])
        await settled()
        if status == "done":
            await bench.settle(*ids[4:])
        done = await bench.letters.wait(job.id)
        assert (done.status, done.failed) == (status, failing)

    run_virtual(body())


def test_it_stops_when_too_many_die_again() -> None:
    async def body() -> None:
        bench = await running()
        ids = await bench.many(1_000)
        job = await bench.letters.redrive(stop_ratio=0.2)
        await settled()
        assert len(bench.handle.live) == 256  # it has to see how they end
        await bench.settle(*ids[:8])
        await settled()
        assert len(bench.handle.live) == 256
        await bench.kill(*ids[8:11])
        done = await bench.letters.wait(job.id)
        assert (done.status, done.failed, done.succeeded) == ("stopped", 3, 8)
        assert done.moved < 300

    run_virtual(body())


def test_it_goes_on_after_a_crash_where_it_was() -> None:
    async def body() -> None:
        store = MemoryStore()
        bench = await running(Bench(store=store, attended=True))
        ids = await bench.many(10)
        job = await bench.letters.redrive(rate=1)
        await pass_time(3.5)
        bench.tasks[0].cancel()
        await asyncio.wait(bench.tasks)
        moved = list(bench.handle.live)
        assert moved == ids[:4]

        after = await running(Bench(store=store, attended=True))
        await after.redrives.take_up()
        done = await after.letters.wait(job.id)
        assert (done.status, done.moved) == ("done", 10)
        assert list(after.handle.live) == ids[4:]
        assert after.counts().live == 10

    run_virtual(body())


@pytest.mark.parametrize("interrupted", ["killed", "paused"])
@pytest.mark.parametrize(("dies", "status"), [(False, "done"), (True, "stopped")])
def test_what_canaries_showed_is_known_after_a_crash(interrupted: str, dies: bool, status: str) -> None:
    async def body() -> None:
        store = MemoryStore()
        bench = await running(Bench(store=store, attended=True))
        ids = await bench.many(8)
        job = await bench.letters.redrive(canary=4)
        await settled()
        await bench.settle(ids[0])
        if interrupted == "killed":
            bench.tasks[0].cancel()
        else:
            await bench.letters.pause(job.id)
        await asyncio.wait(bench.tasks)
        # While nobody watches.
        await bench.settle(ids[1])
        await (bench.kill if dies else bench.settle)(ids[2])

        after = await running(Bench(store=store, attended=True))
        after.handle.live = bench.handle.live
        await (after.redrives.take_up() if interrupted == "killed" else after.letters.resume(job.id))
        await settled()
        if not dies:
            assert list(after.handle.live) == ids[3:4]
            await after.settle(ids[3])
            await settled()
            assert list(after.handle.live) == ids[4:]
            after.tasks[0].cancel()
            await asyncio.wait(after.tasks)
            # Their verdict stands: the others are on their way without new canaries.
            last = await running(Bench(store=store, attended=True))
            last.handle.live = after.handle.live
            await last.redrives.take_up()
            await settled()
            await last.kill(*ids[4:6])
            await last.settle(*ids[6:])
            after = last
        done = await after.letters.wait(job.id)
        assert (done.status, done.moved) == (status, 4 if dies else 8)
        assert (done.succeeded, done.failed) == ((2, 1) if dies else (6, 2))

    run_virtual(body())


def test_taking_up_twice_runs_it_once() -> None:
    async def body() -> None:
        bench = await running()
        ids = await bench.many(5)
        job = await bench.letters.redrive(rate=1)
        await bench.redrives.take_up()
        await settled()
        await bench.redrives.take_up()
        assert (await bench.letters.wait(job.id)).moved == 5
        assert list(bench.handle.live) == ids

    run_virtual(body())


def test_a_journal_that_takes_nothing_pauses_it_without_loss() -> None:
    async def body() -> None:
        bench = await running()
        ids = await bench.many(10)
        job = await bench.letters.redrive(rate=1)
        await pass_time(2.5)
        bench.handle.failing = True
        stood = await bench.letters.wait(job.id)
        assert (stood.status, stood.moved) == ("paused", 3)
        assert bench.counts().dead == 7
        bench.handle.failing = False
        await bench.letters.resume(job.id)
        assert (await bench.letters.wait(job.id)).status == "done"
        assert list(bench.handle.live) == ids

    run_virtual(body())


def test_who_waits_before_it_is_taken_up_is_not_told_too_early() -> None:
    async def body() -> None:
        bench = Bench(attended=True)
        await bench.many(3)
        job = await bench.letters.redrive()
        waiting = asyncio.create_task(bench.letters.wait(job.id))
        await settled()
        assert not waiting.done()
        bench.redrives.launch = bench.launch
        await bench.redrives.take_up()
        assert (await waiting).status == "done"

    run_virtual(body())


def test_progress_is_told_as_it_comes() -> None:
    async def body() -> None:
        bench = await running()
        await bench.many(3)
        job = await bench.letters.redrive(rate=1)
        seen = [job.moved]
        while job.status == "running":
            job = await bench.letters.progress(job)
            seen.append(job.moved)
        assert seen == [0, 1, 2, 3, 3]

    run_virtual(body())


def test_without_handlers_it_moves_at_once_and_what_waits_for_outcomes_is_left_to_the_owner() -> None:
    async def body() -> None:
        store = MemoryStore()
        bench = Bench(store=store)
        await bench.many(4)
        done = await bench.letters.redrive(limit=2)
        assert (done.status, done.moved) == ("done", 2)
        left = await bench.letters.redrive(canary=1)
        assert (left.status, left.moved) == ("running", 0)
        owner = await running(Bench(store=store, attended=True))
        await owner.redrives.take_up()
        await settled()
        assert len(owner.handle.live) == 1
        for task in owner.tasks:
            task.cancel()

    run_virtual(body())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"rate": 0}, "rate=0 .* above 0"),
        ({"rate": float("inf")}, "rate=inf"),
        ({"rate": float("nan")}, "rate=nan"),
        ({"limit": 0}, "limit=0"),
        ({"limit": 1.5}, "limit=1.5"),
        ({"canary": -1}, "canary=-1"),
        ({"stop_ratio": 1.1}, "a share from 0 to 1"),
        ({"stop_ratio": "half"}, "a share from 0 to 1"),
        ({"target": ""}, "target=''"),
        ({"actor": " "}, "actor=' '"),
        ({"actor": None}, "actor=None"),
        ({"dry_run": "no"}, "dry_run='no'"),
    ],
)
def test_bad_options_are_errors_and_start_nothing(options: dict[str, Any], says: str) -> None:
    async def body() -> None:
        bench = await running()
        await bench.bury()
        with pytest.raises(rg.errors.BadDeadLetterOption, match=says):
            await bench.letters.redrive(**options)
        assert (await bench.letters.redrives(), bench.handle.live) == ((), {})

    run_virtual(body())


def test_an_expired_one_is_wanted_again_when_it_is_redriven() -> None:
    async def body() -> None:
        bench = await running()
        gone = await bench.bury(reason="expired", expired_us=START_US - 1)
        wanted = await bench.bury(expired_us=START_US + 10**9)
        await bench.letters.wait((await bench.letters.redrive()).id)
        assert bench.handle.live[gone].expires_us is None
        assert bench.handle.live[wanted].expires_us == START_US + 10**9

    run_virtual(body())
