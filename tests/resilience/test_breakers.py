"""The table of breakers of one System: by recipient, over restarts, told of, and tidied up."""

from __future__ import annotations

import asyncio
import math

import pytest

import regrow as rg
from regrow.resilience.breaker import Breaker
from regrow.resilience.breakers import SWEEP_ENTRIES, SWEEP_SECONDS, BreakerTable, breakers_of
from regrow.runtime.extensions import engine_of
from tests.runtime.kit import pause, play, start

QUICK = rg.BreakerSettings(minimum_calls=2, window_seconds=30.0, open_seconds=5.0, success_threshold=1)


class Worker(rg.GenServer):
    @rg.cast
    def crash(self) -> None:
        self.stop(rg.Shutdown("enough"))


def table_of(system: rg.System) -> BreakerTable:
    """The same as sends use it."""
    return breakers_of(engine_of(system))


def call(table: BreakerTable, recipient: str | rg.Pid[object], now: float, *, ok: bool = False) -> Breaker:
    breaker = table.get(recipient) or table.breaker_for(recipient, QUICK)
    permit = breaker.permit or breaker.acquire(now)
    assert permit
    breaker.record(permit, now, ok, 0.0)
    return breaker


def trip(table: BreakerTable, recipient: str | rg.Pid[object], now: float) -> Breaker:
    call(table, recipient, now)
    return call(table, recipient, now)


def test_one_breaker_per_recipient_and_system() -> None:
    async def body(system: rg.System) -> None:
        breakers, table = rg.Breakers.of(system), table_of(system)
        assert table_of(system) is table
        trip(table, "a", 0.0)
        call(table, "b", 0.0)
        assert [breakers.state(name) for name in ("a", "b", "c")] == ["open", "closed", "closed"]
        async with rg.System(name="other") as other:
            assert rg.Breakers.of(other).listing() == ()

    play(body, hand_off=True)


def test_it_needs_a_system_that_runs_and_begins_anew_with_it() -> None:
    system = rg.System()
    with pytest.raises(rg.errors.NotStarted):
        rg.Breakers.of(system)

    async def body(_: rg.System) -> None:
        for _again in range(2):
            async with system:
                assert rg.Breakers.of(system).listing() == ()
                trip(table_of(system), "a", 0.0)

    play(body, hand_off=True)


def test_the_rows() -> None:
    async def body(system: rg.System) -> None:
        breakers, table = rg.Breakers.of(system), table_of(system)
        await pause(1.0)
        trip(table, "a", 1.0)
        assert table.breaker_for("a").acquire(2.0) == 0
        call(table, "b", 1.0, ok=True)
        breakers.force_open("c")
        opened, closed, forced = breakers.listing()
        assert opened == rg.debug.BreakerInfo(
            recipient="a",
            state="open",
            since=1.0,
            retry_at=6.0,
            forced=False,
            calls=2,
            failed=2,
            slow=0,
            refused=1,
        )
        assert (closed.recipient, closed.state, closed.calls) == ("b", "closed", 1)
        assert (forced.recipient, forced.state, forced.forced, forced.retry_at) == ("c", "open", True, None)

    play(body, hand_off=True)


def test_every_change_is_an_event() -> None:
    async def body(system: rg.System) -> list[rg.events.Event]:
        told: list[rg.events.Event] = []
        system.events.subscribe("breaker", told.append)
        breakers, table = rg.Breakers.of(system), table_of(system)
        trip(table, "a", 0.0)
        await pause(5.0)
        call(table, "a", 5.0, ok=False)
        await pause(5.0)
        call(table, "a", 10.0, ok=True)
        breakers.force_open("a")
        breakers.reset("a")
        breakers.reset("nobody")
        await system.idle()
        return told

    opened, half, closed = rg.events.BreakerOpened, rg.events.BreakerHalfOpened, rg.events.BreakerClosed
    assert play(body, hand_off=True) == [
        opened(at=0.0, breaker="a", cause="failures", calls=2, failed=2, slow=0, retry_at=5.0),
        half(at=5.0, breaker="a"),
        opened(at=5.0, breaker="a", cause="probe", calls=2, failed=2, slow=0, retry_at=10.0),
        half(at=10.0, breaker="a"),
        closed(at=10.0, breaker="a", cause="probes"),
        opened(at=10.0, breaker="a", cause="forced", calls=0, failed=0, slow=0, retry_at=None),
        closed(at=10.0, breaker="a", cause="reset"),
    ]


def test_watchers_learn_of_changes_and_free_places_and_of_nothing_else() -> None:
    async def body(system: rg.System) -> None:
        seen: list[object] = []
        breakers, table = rg.Breakers.of(system), table_of(system)
        table.watch(seen.append)
        call(table, "a", 0.0)
        call(table, "b", 0.0, ok=True)
        assert seen == []
        call(table, "a", 0.0)
        assert seen == ["a"]
        probe = table.breaker_for("a").acquire(5.0)
        table.breaker_for("a").release(probe, 5.0)
        assert seen == ["a"] * 3
        table.unwatch(seen.append)
        breakers.reset("a")
        assert seen == ["a"] * 3

    play(body, hand_off=True)


def test_other_settings_of_a_send_take_effect_and_none_leave_them() -> None:
    async def body(system: rg.System) -> None:
        breakers, table = rg.Breakers.of(system), table_of(system)
        breaker = table.breaker_for("a", QUICK)
        call(table, "a", 0.0)
        assert table.breaker_for("a") is breaker
        assert breaker.settings is QUICK
        breakers.configure("a", rg.BreakerSettings(minimum_calls=9))
        call(table, "a", 0.0)
        assert breaker.state == "closed"
        assert breaker.window(0.0) == (2, 2, 0)

    play(body, hand_off=True)


def test_a_restart_of_the_recipient_keeps_its_breaker() -> None:
    async def body(system: rg.System) -> None:
        breakers, table = rg.Breakers.of(system), table_of(system)
        worker = system.ref("worker", Worker)
        breaker = trip(table, "worker", 0.0)
        before = system.whereis("worker")
        worker.cast(Worker.crash())
        await system.idle()
        assert system.whereis("worker") not in (None, before)
        assert table.get("worker") is breaker
        await pause(10 * SWEEP_SECONDS)
        assert breakers.state("worker") == "open"  # it knows something, and there is a worker

    play(body, rg.child(Worker, name="worker"), hand_off=True)


def test_what_knows_nothing_any_more_is_removed_and_nothing_runs_then() -> None:
    async def body(system: rg.System) -> None:
        breakers, table = rg.Breakers.of(system), table_of(system)
        for _ in range(2):
            for name in ("worker", "gone"):
                call(table, name, asyncio.get_running_loop().time())
            await pause(SWEEP_SECONDS)
            await system.idle()
            assert breakers.listing() == ()
            assert system.statistics().timers == 0

    play(body, rg.child(Worker, name="worker"), hand_off=True)


def test_the_open_breaker_of_a_gone_name_is_removed() -> None:
    async def body(system: rg.System) -> None:
        breakers, table = rg.Breakers.of(system), table_of(system)
        trip(table, "worker", 0.0)
        trip(table, "gone", 0.0)
        await pause(SWEEP_SECONDS)
        await system.idle()
        assert [row.recipient for row in breakers.listing()] == ["worker"]

    play(body, rg.child(Worker, name="worker"), hand_off=True)


def test_the_open_breaker_of_a_dead_pid_is_removed() -> None:
    async def body(system: rg.System) -> None:
        breakers, table = rg.Breakers.of(system), table_of(system)
        dead, living = (
            await start(system, Worker, id="dead", restart="temporary"),
            await start(system, Worker),
        )
        trip(table, dead, 0.0)
        trip(table, living, 0.0)
        dead.cast(Worker.crash())
        await pause(SWEEP_SECONDS)
        await system.idle()
        assert [row.recipient for row in breakers.listing()] == [living]

    play(body, hand_off=True)


def test_what_is_held_open_by_hand_stays_though_nobody_is_there() -> None:
    async def body(system: rg.System) -> None:
        breakers, table = rg.Breakers.of(system), table_of(system)
        breakers.force_open("not yet")
        await pause(100 * SWEEP_SECONDS)
        assert table.breaker_for("not yet").retry_at == math.inf
        breakers.reset("not yet")
        await pause(2 * SWEEP_SECONDS)
        assert breakers.listing() == ()

    play(body, hand_off=True)


def test_results_that_come_after_the_tidying_up_count() -> None:
    """Calls that hang for longer than the window all fail at once: that is what it is there for."""

    async def body(system: rg.System) -> None:
        breakers, table = rg.Breakers.of(system), table_of(system)
        breaker = table.breaker_for("a", QUICK)
        first, second = breaker.acquire(0.0), breaker.acquire(0.0)
        await pause(2 * SWEEP_SECONDS)
        assert breakers.listing() == ()
        breaker.record(first, 120.0, False, 120.0)
        assert table.get("a") is breaker
        breaker.record(second, 120.0, False, 120.0)
        assert breakers.state("a") == "open"

    play(body, hand_off=True)


def test_a_breaker_that_was_dropped_changes_nothing_for_its_successor() -> None:
    async def body(system: rg.System) -> None:
        table = table_of(system)
        told: list[rg.events.Event] = []
        old = trip(table, "a", 0.0)
        probe = old.acquire(5.0)
        await pause(2 * SWEEP_SECONDS)
        system.events.subscribe("breaker", told.append)
        new = table.breaker_for("a", QUICK)
        assert new is not old
        old.record(probe, 120.0, True, 0.0)
        await system.idle()
        assert table.get("a") is new
        assert told == []

    play(body, hand_off=True)


def test_a_sweep_looks_at_a_bounded_number_and_comes_round() -> None:
    async def body(system: rg.System) -> None:
        breakers, table = rg.Breakers.of(system), table_of(system)
        for number in range(3 * SWEEP_ENTRIES):
            trip(table, f"gone-{number}", 0.0)
        left = []
        for seconds in (SWEEP_SECONDS, SWEEP_SECONDS / 2, SWEEP_SECONDS):
            await pause(seconds)
            await system.idle()
            left.append(len(breakers.listing()))
        assert left == [2 * SWEEP_ENTRIES, SWEEP_ENTRIES, 0]

    play(body, hand_off=True)
