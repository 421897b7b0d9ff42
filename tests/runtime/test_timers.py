"""Timers and aliases: no drift, no stale message, nothing left behind."""

from __future__ import annotations

import asyncio

import pytest

import regrow as rg
from tests.runtime.kit import pause, play


class Clockwork(rg.GenServer):
    def init(self) -> None:
        self.seen: list[tuple[float, object]] = []
        self.timers: list[rg.Timer] = []

    @rg.call
    def after(self, message: object, delay: float) -> rg.Timer:
        timer = rg.send_after(self.pid, message, delay)
        self.timers.append(timer)
        return timer

    @rg.call
    def every(self, message: object, interval: float) -> rg.Timer:
        timer = rg.send_interval(self.pid, message, interval)
        self.timers.append(timer)
        return timer

    @rg.call
    def at(self, target: rg.Pid[object] | rg.Ref[object], message: object, interval: float) -> rg.Timer:
        return rg.send_interval(target, message, interval)

    @rg.call
    def once(self, target: rg.Pid[object], message: object, delay: float) -> rg.Timer:
        return rg.send_after(target, message, delay)

    @rg.call
    def cancel(self) -> list[bool]:
        return [timer.cancel() for timer in self.timers]

    @rg.call
    async def busy(self, seconds: float) -> None:
        await pause(seconds)

    @rg.call
    async def busy_and_cancel(self, seconds: float) -> list[bool]:
        await pause(seconds)
        return [timer.cancel() for timer in self.timers]

    @rg.call
    def told(self) -> list[tuple[float, object]]:
        return self.seen

    @rg.cast
    async def block(self, gate: asyncio.Event) -> None:
        await gate.wait()

    @rg.cast
    def leave(self) -> None:
        self.stop()

    def handle_info(self, message: object) -> None:
        self.seen.append((round(asyncio.get_running_loop().time(), 6), message))


class Small(Clockwork):
    mailbox = rg.Mailbox(capacity=1, overflow="drop_oldest")


CHILDREN = [rg.child(Clockwork, name=name, restart="temporary") for name in ("one", "two")]


def one(system: rg.System) -> rg.Ref[Clockwork]:
    return system.ref("one", Clockwork)


def two(system: rg.System) -> rg.Ref[Clockwork]:
    return system.ref("two", Clockwork)


async def seen_by(ref: rg.Ref[Clockwork]) -> list[tuple[float, object]]:
    return await ref.call(Clockwork.told(), timeout=1.0)


def test_a_timer_goes_off_once_and_is_over(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        timer = await one(system).call(Clockwork.after("late", 2.0), timeout=1.0)
        await one(system).call(Clockwork.after("now", 0), timeout=1.0)
        assert timer.remaining == 2.0
        assert timer in system.timers.list()
        await pause(3.0)
        assert await seen_by(one(system)) == [(0.0, "now"), (2.0, "late")]
        assert timer.remaining is None
        assert system.timers.list() == ()
        assert await one(system).call(Clockwork.cancel(), timeout=1.0) == [False, False]

    play(body, *CHILDREN, hand_off=hand_off)


def test_an_interval_does_not_drift_and_skips_what_a_stalled_loop_missed(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        await one(system).call(Clockwork.every("tick", 1.0), timeout=1.0)
        await pause(2.5)
        asyncio.get_running_loop().advance(2.25)  # type: ignore[attr-defined]  # stalled until 4.75
        await pause(2.5)
        times = [at for at, _ in await seen_by(one(system))]
        assert times == [1.0, 2.0, 4.75, 5.0, 6.0, 7.0]

    play(body, *CHILDREN, hand_off=hand_off)


def test_only_one_tick_waits_for_a_busy_process(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        await one(system).call(Clockwork.every("own", 1.0), timeout=1.0)
        pid = one(system).whereis()
        assert pid is not None
        await two(system).call(Clockwork.at(pid, "by pid", 1.0), timeout=1.0)
        await two(system).call(Clockwork.at(one(system), "by name", 1.0), timeout=1.0)
        await one(system).call(Clockwork.busy(5.5), timeout=9.0)
        assert sorted(await seen_by(one(system))) == [(5.5, what) for what in ("by name", "by pid", "own")]
        await pause(1.0)
        assert len(await seen_by(one(system))) == 6

    play(body, *CHILDREN, hand_off=hand_off)


def test_cancel_leaves_no_stale_message_even_if_it_is_queued(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        await one(system).call(Clockwork.after("queued by then", 1.0), timeout=1.0)
        await one(system).call(Clockwork.every("ticks", 1.0), timeout=1.0)
        await one(system).call(Clockwork.after("not yet", 5.0), timeout=1.0)
        assert await one(system).call(Clockwork.busy_and_cancel(3.0), timeout=9.0) == [True, True, True]
        await pause(10.0)
        assert await seen_by(one(system)) == []
        assert await one(system).call(Clockwork.cancel(), timeout=1.0) == [False, False, False]
        assert system.timers.list() == ()

    play(body, *CHILDREN, hand_off=hand_off)


def test_only_the_owner_cancels_but_a_body_outside_processes_may(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async def other(timer: rg.Timer) -> None:
            with pytest.raises(rg.errors.NotMine):
                timer.cancel()

        timer = await one(system).call(Clockwork.after("x", 2.0), timeout=1.0)
        assert await system.spawn(other, timer).down(timeout=1.0) in (rg.NORMAL, rg.NOPROC)
        assert timer.cancel()
        outside = rg.send_after(one(system), "from outside", 1.0)
        assert outside.owner is None
        await pause(2.0)
        assert await seen_by(one(system)) == [(1.0, "from outside")]

    play(body, *CHILDREN, hand_off=hand_off)


def test_timers_die_with_their_owner(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = two(system).whereis()
        assert pid is not None
        await one(system).call(Clockwork.once(pid, "once", 2.0), timeout=1.0)
        await one(system).call(Clockwork.at(pid, "every", 2.0), timeout=1.0)
        one(system).cast(Clockwork.leave())
        await pause(10.0)
        assert await seen_by(two(system)) == []
        assert system.timers.list() == ()

    play(body, *CHILDREN, hand_off=hand_off)


def test_a_tick_that_went_off_before_its_owner_died_arrives(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        gate = asyncio.Event()
        pid = two(system).whereis()
        assert pid is not None
        await one(system).call(Clockwork.once(pid, "once", 2.0), timeout=1.0)
        await one(system).call(Clockwork.at(pid, "every", 2.0), timeout=1.0)
        pid.cast(Clockwork.block(gate))
        await pause(3.0)
        one(system).cast(Clockwork.leave())
        await pause(3.0)
        gate.set()
        await pause(10.0)
        assert sorted(await seen_by(two(system))) == [(6.0, "every"), (6.0, "once")]
        assert system.timers.list() == ()

    play(body, *CHILDREN, hand_off=hand_off)


def test_a_timer_to_the_dead_is_over_and_counted(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = two(system).whereis()
        assert pid is not None
        timer = await one(system).call(Clockwork.at(pid, "to the dead", 1.0), timeout=1.0)
        by_name = await one(system).call(Clockwork.at(two(system), "to a name", 1.0), timeout=1.0)
        pid.kill()
        await pause(3.5)
        assert timer.remaining is None
        assert by_name.remaining == pytest.approx(0.5)  # a name may be taken again
        assert system.statistics().dropped == 4

    play(body, *CHILDREN, hand_off=hand_off)


def test_an_interval_goes_on_after_a_tick_was_dropped_at_the_bound(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        gate = asyncio.Event()
        small = system.ref("small", Small)
        pid = small.whereis()
        assert pid is not None
        await one(system).call(Clockwork.at(pid, "tick", 1.0), timeout=1.0)
        pid.cast(Clockwork.block(gate))
        await pause(1.5)
        pid.send("pushes the tick out")
        await pause(1.0)  # the next tick pushes that out
        gate.set()
        await pause(1.0)
        assert await small.call(Clockwork.told(), timeout=1.0) == [(2.5, "tick"), (3.0, "tick")]
        assert system.statistics().dropped == 2

    play(body, rg.child(Small, name="small"), *CHILDREN, hand_off=hand_off)


def test_an_own_tick_finds_a_full_mailbox_open(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        gate = asyncio.Event()
        small = system.ref("small", Small)
        await small.call(Clockwork.after("own", 1.0), timeout=1.0)
        small.cast(Clockwork.block(gate))
        await system.idle()
        small.send("fills it")
        await pause(2.0)
        small.send("fills it again")
        gate.set()
        await system.idle()
        assert await small.call(Clockwork.told(), timeout=1.0) == [(2.0, "own"), (2.0, "fills it again")]

    play(body, rg.child(Small, name="small"), hand_off=hand_off)


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf"), "soon", None])
def test_bad_times(hand_off: bool, seconds: object) -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.BadTimeout):
            rg.send_after(one(system), "x", seconds)  # type: ignore[arg-type]
        for interval in (seconds, 0):
            with pytest.raises(rg.errors.BadTimeout):
                rg.send_interval(one(system), "x", interval)  # type: ignore[arg-type]
        with pytest.raises(rg.errors.BadAddress):
            rg.send_after("one", "x", 1.0)  # type: ignore[arg-type]
        assert system.timers.list() == ()

    play(body, *CHILDREN, hand_off=hand_off)


def test_many_cancelled_timers_and_answered_calls_leave_the_heap_small(hand_off: bool) -> None:
    """Deadlines far in the future would keep each answered call alive."""
    import gc
    import weakref

    class Payload:
        pass

    async def body(system: rg.System) -> None:
        gone: list[weakref.ref[Payload]] = []
        for _ in range(500):
            payload = Payload()
            gone.append(weakref.ref(payload))
            timer = rg.send_after(one(system), payload, 1000.0)
            del payload
            timer.cancel()
            del timer
            await one(system).call(Clockwork.told(), timeout=1000.0)
        gc.collect()
        assert sum(ref() is not None for ref in gone) <= 64

    play(body, *CHILDREN, hand_off=hand_off)


# -- aliases -----------------------------------------------------------------------------------


def test_an_alias_is_closed_by_hand_after_one_message_or_at_a_time(hand_off: bool) -> None:
    events: list[object] = []

    async def body(system: rg.System) -> None:
        async def owner() -> None:
            by_hand, once, timed = rg.alias(), rg.alias(once=True), rg.alias(expires_in=5.0)
            for alias in (by_hand, once, timed):
                assert alias.active
                alias.send("first")
            assert not once.active
            once.send("dropped")
            by_hand.close()
            by_hand.close()
            by_hand.send("dropped")
            await pause(4.0)
            timed.send("second")
            await pause(2.0)
            assert not timed.active
            timed.send("dropped")
            got.extend([await rg.receive(timeout=1.0) for _ in range(4)])
            with pytest.raises(rg.errors.ReceiveTimeout):
                await rg.receive(timeout=1.0)
            with rg.alias() as inside:
                kept.append(inside)
            kept.append(rg.alias())

        got: list[object] = []
        kept: list[rg.Alias] = []
        system.events.subscribe("message.dropped", events.append)
        assert await system.spawn(owner).down(timeout=60.0) is rg.NORMAL
        assert got == ["first", "first", "first", "second"]
        kept[1].send("to the dead")
        await system.idle()
        assert [alias.active for alias in kept] == [False, False]
        assert [event.cause for event in events] == ["alias_closed"] * 4  # type: ignore[attr-defined]
        assert system.statistics().dropped == 4

    play(body, hand_off=hand_off)


def test_only_its_owner_closes_an_alias(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async def owner() -> None:
            given.append(rg.alias())
            await rg.receive()

        async def other() -> None:
            with pytest.raises(rg.errors.NotMine):
                given[0].close()

        given: list[rg.Alias] = []
        system.spawn(owner)
        await system.idle()
        assert await system.spawn(other).down(timeout=1.0) in (rg.NORMAL, rg.NOPROC)
        assert given[0].active

    play(body, hand_off=hand_off)


def test_a_full_mailbox_does_not_use_an_alias_up(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async def owner() -> None:
            given.append(rg.alias(once=True))
            await pause(1.0)
            await rg.receive(lambda one: one == "fill")
            await pause(1.0)
            got.append(await rg.receive(timeout=5.0))

        given: list[rg.Alias] = []
        got: list[object] = []
        pid = system.spawn(owner)
        await system.idle()
        pid.send("fill")
        with pytest.raises(rg.errors.MailboxFull):
            given[0].send("too early")
        assert given[0].active
        await pause(1.5)
        given[0].send("in time")
        await pid.down(timeout=9.0)
        assert got == ["in time"]

    play(body, hand_off=hand_off, settings=rg.Settings(mailbox_capacity=1))
