"""What happens by itself: retries on a schedule of their own, retention, overflow; one timer, no tick."""

from __future__ import annotations

import random

import pytest

import regrow as rg
from regrow.delivery.deadletters.events import (
    AutoRetriesExhausted,
    DeadLetterAdded,
    DeadLettersExpired,
    DeadLettersRedriven,
    HousekeepingFailed,
)
from regrow.delivery.journal.policy import expires_us, retry_us
from regrow.testing import pass_time, run_virtual
from tests.deadletters.kit import DAY, SECOND, START_US, Bench
from tests.deadletters.test_redrive import settled


def test_each_is_retried_when_it_is_due_and_never_before() -> None:
    async def body() -> None:
        bench = Bench()
        await bench.queue.opened()
        late = await bench.bury(retry_us=START_US + 50 * SECOND)
        soon = await bench.bury(retry_us=START_US + 10 * SECOND)
        never = await bench.bury()
        async with bench.upkeep():
            await pass_time(9.99)
            assert list(bench.handle.live) == []
            await pass_time(0.02)
            assert list(bench.handle.live) == [soon]
            await pass_time(40)
            assert list(bench.handle.live) == [soon, late]
        assert await bench.ids() == [never]
        told = [event for event in bench.events if isinstance(event, DeadLettersRedriven)]
        assert [(event.ids, event.auto, event.actor) for event in told] == [
            ((soon,), True, None),
            ((late,), True, None),
        ]

    run_virtual(body())


def test_one_that_comes_later_but_is_due_earlier_is_not_late() -> None:
    async def body() -> None:
        bench = Bench()
        await bench.bury(retry_us=START_US + 3_000 * SECOND)
        async with bench.upkeep():
            await pass_time(1)
            id = await bench.bury(retry_us=START_US + 2 * SECOND)
            await pass_time(1.01)
            assert list(bench.handle.live) == [id]

    run_virtual(body())


def test_after_so_many_it_is_left_to_people_and_says_so() -> None:
    async def body() -> None:
        bench = Bench(rg.DeadLetterPolicy(retries=2))
        id = await bench.bury(retry_us=START_US)
        async with bench.upkeep():
            for _ in range(2):
                await settled()
                await bench.kill(id, retry_us=bench.handle.now_us())
            await settled()
            assert (bench.handle.live, await bench.ids()) == ({}, [id])
            assert (await bench.letters.stats()).next_retry_at is None
            await bench.letters.retry(id)  # people may, as often as they like
        details = [event for event in bench.events if isinstance(event, AutoRetriesExhausted)]
        assert [(event.ids, event.retries) for event in details] == [((id,), 2)]

    run_virtual(body())


def test_an_operators_redrive_does_not_use_up_automatic_ones() -> None:
    async def body() -> None:
        bench = Bench(rg.DeadLetterPolicy(retries=1))
        id = await bench.bury()
        for _ in range(3):
            await bench.letters.retry(id)
            await bench.kill(id)
        await bench.letters.retry(id)
        await bench.kill(id, retry_us=START_US)
        async with bench.upkeep():
            await settled()
            assert list(bench.handle.live) == [id]

    run_virtual(body())


def test_quarantined_ones_are_never_retried_until_released() -> None:
    async def body() -> None:
        bench = Bench()
        id = await bench.bury(retry_us=START_US + 10 * SECOND, fingerprint=5)
        assert await bench.letters.quarantine("0000000000000005") == 1
        async with bench.upkeep():
            await pass_time(1_000)
            assert bench.handle.live == {}
            assert await bench.letters.release("0000000000000005") == 1
            await settled()
            assert list(bench.handle.live) == [id]

    run_virtual(body())


def test_retention_deletes_counts_and_tells() -> None:
    async def body() -> None:
        bench = Bench()
        old = await bench.bury(expires_us=START_US + DAY)
        kept = await bench.bury(expires_us=None)
        async with bench.upkeep():
            await pass_time(86_399)
            assert await bench.ids() == [old, kept]
            await pass_time(1.01)
            assert await bench.ids() == [kept]
        assert bench.counts().discarded == 1
        told = [event for event in bench.events if isinstance(event, DeadLettersExpired)]
        assert [(event.ids, event.cause) for event in told] == [((old,), "age")]
        assert (await bench.letters.audit())[0].action == "expire"

    run_virtual(body())


def test_a_full_queue_refuses_by_default() -> None:
    async def body() -> None:
        bench = Bench(rg.DeadLetterPolicy(max_count=2))
        await bench.queue.opened()
        bench.queue.check_room()
        await bench.many(2)
        with pytest.raises(rg.errors.JournalFull, match="2 dead letters, allowed are 2"):
            bench.queue.check_room()
        await bench.letters.purge(everything=True, why="test")
        bench.queue.check_room(2)

    run_virtual(body())


def test_or_drops_the_oldest_counted_and_told() -> None:
    async def body() -> None:
        bench = Bench(rg.DeadLetterPolicy(max_count=2, overflow="drop_oldest"))
        async with bench.upkeep():
            ids = await bench.many(5)
            bench.queue.check_room(10)
            await settled()
            assert await bench.ids() == ids[3:]
        assert bench.counts().discarded == 3
        told = [event for event in bench.events if isinstance(event, DeadLettersExpired)]
        assert [id for event in told for id in event.ids] == ids[:3]
        assert {event.cause for event in told} == {"overflow"}

    run_virtual(body())


def test_a_journal_that_takes_nothing_is_tried_again_and_nothing_is_lost() -> None:
    async def body() -> None:
        bench = Bench()
        id = await bench.bury(retry_us=START_US)
        bench.handle.failing = True
        async with bench.upkeep():
            await settled()
            assert [type(event) for event in bench.events] == [DeadLetterAdded, HousekeepingFailed]
            bench.handle.failing = False
            await pass_time(30.01)
            assert list(bench.handle.live) == [id]

    run_virtual(body())


def test_a_thousand_due_at_once_leave_the_queue_responsive() -> None:
    async def body() -> None:
        bench = Bench()
        await bench.many(1_200, retry_us=START_US + SECOND)
        async with bench.upkeep():
            await pass_time(1.01)
            page = await bench.letters.list(limit=1)  # answered between two batches, or after
            assert len(page.letters) <= 1
            await settled()
            assert len(bench.handle.live) == 1_200

    run_virtual(body())


def test_the_schedule_is_exponential_with_jitter_and_a_cap() -> None:
    policy = rg.DeadLetterPolicy(backoff=rg.Backoff(base=10, factor=3, cap=100, jitter=0.5))
    stream = random.Random(7)
    for redrives, longest in [(0, 10), (1, 30), (2, 90), (3, 100), (50, 100)]:
        waits = [
            retry_us(policy, "max_attempts", now_us=0, redrives=redrives, random=stream, wanted_until_us=None)
            for _ in range(100)
        ]
        found = [wait / SECOND for wait in waits if wait is not None]
        assert len(found) == 100
        assert longest * 0.5 <= min(found) < longest * 0.6
        assert longest * 0.9 < max(found) <= longest


@pytest.mark.parametrize(
    ("reason", "retried"),
    [
        ("max_attempts", True),
        ("no_route", True),
        ("overflow", True),
        ("circuit_open", True),
        ("crash_loop", False),
        ("rejected", False),
        ("expired", False),
        ("decode_error", False),
        ("outcome_unknown", False),
        ("quarantined", False),
        ("operator", False),
    ],
)
def test_only_what_time_may_mend_is_retried(reason: str, retried: bool) -> None:
    def due(policy: rg.DeadLetterPolicy, until: int | None = None) -> int | None:
        return retry_us(
            policy,
            reason,  # type: ignore[arg-type]
            now_us=0,
            redrives=0,
            random=random.Random(1),
            wanted_until_us=until,
        )

    assert (due(rg.DeadLetterPolicy()) is not None) is retried
    assert due(rg.DeadLetterPolicy(retries=0)) is None
    assert due(rg.DeadLetterPolicy(), until=1) is None


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("keep", 0),
        ("keep", float("nan")),
        ("keep", "14 days"),
        ("max_count", 0),
        ("max_count", True),
        ("overflow", "drop"),
        ("retries", -1),
        ("backoff", 60),
        ("secrets", "token"),
        ("secrets", ("",)),
    ],
)
def test_a_bad_policy_is_an_error(option: str, value: object) -> None:
    with pytest.raises(rg.errors.BadDeadLetterOption, match=f"{option}="):
        rg.DeadLetterPolicy(**{option: value})  # type: ignore[arg-type]


def test_retention_of_14_days_is_the_default() -> None:
    assert expires_us(rg.DeadLetterPolicy(), START_US) == START_US + 14 * DAY
    assert expires_us(rg.DeadLetterPolicy(keep=None), START_US) is None
