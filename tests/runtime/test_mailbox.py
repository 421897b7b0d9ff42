"""Mailboxes: the bound, its policies, places for calls, reservations."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest

import regrow as rg
from tests.runtime.kit import pause, play, start


class Box(rg.GenServer):
    """Does nothing until `gate` opens, so that its mailbox fills."""

    mailbox: ClassVar[rg.Mailbox] = rg.Mailbox(capacity=3)

    def init(self, gate: asyncio.Event | None = None) -> None:
        self.gate = gate or asyncio.Event()
        self.seen: list[object] = []

    @rg.cast
    async def block(self) -> None:
        await self.gate.wait()

    @rg.cast
    def put(self, n: int) -> None:
        self.seen.append(n)

    @rg.call
    def ask(self, n: int) -> list[object]:
        self.seen.append(("ask", n))
        return list(self.seen)

    @rg.call
    async def ask_slowly(self, n: int) -> int:
        await pause(1.0)
        self.seen.append(("ask", n))
        return n

    def handle_info(self, message: object) -> None:
        self.seen.append(message)


class Oldest(Box):
    mailbox = rg.Mailbox(capacity=3, overflow="drop_oldest")


class Newest(Box):
    mailbox = rg.Mailbox(capacity=3, overflow="drop_newest")


class Setting:
    """A blocked box, and what opens it."""

    def __init__(self, system: rg.System, kind: type[Box] = Box) -> None:
        self.system = system
        self.gate = asyncio.Event()
        self.kind = kind

    async def start(self) -> rg.Pid[Box]:
        pid = await start(self.system, self.kind, args=(self.gate,), restart="temporary")
        pid.cast(Box.block())
        await self.system.idle()
        return pid

    async def open(self, pid: rg.Pid[Box]) -> list[object]:
        self.gate.set()
        await rg.sync(pid)
        return await pid.call(Box.ask(0), timeout=5.0)


def test_casts_and_sends_raise_at_the_bound(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        setting = Setting(system)
        pid = await setting.start()
        pid.cast(Box.put(1))
        pid.send("two")
        pid.cast(Box.put(3))
        with pytest.raises(rg.errors.MailboxFull, match="3 messages") as raised:
            pid.cast(Box.put(4))
        assert raised.value.capacity == 3
        with pytest.raises(rg.errors.MailboxFull):
            pid.send("five")
        assert await setting.open(pid) == [1, "two", 3, ("ask", 0)]

    play(body, hand_off=hand_off)


@pytest.mark.parametrize(
    ("kind", "kept", "cause"),
    [(Oldest, [3, 4, 5], "drop_oldest"), (Newest, [1, 2, 3], "drop_newest")],
)
def test_policies_drop_count_and_tell(hand_off: bool, kind: type[Box], kept: list[int], cause: str) -> None:
    events: list[object] = []

    async def body(system: rg.System) -> None:
        setting = Setting(system, kind)
        pid = await setting.start()
        system.events.subscribe("message.dropped", events.append)
        for n in range(1, 6):
            pid.cast(Box.put(n))
        assert await setting.open(pid) == [*kept, ("ask", 0)]
        assert system.statistics().dropped == 2
        assert [event.cause for event in events] == [cause, cause]  # type: ignore[attr-defined]

    play(body, hand_off=hand_off)


@pytest.mark.parametrize("kind", [Oldest, Newest])
def test_a_call_is_never_dropped(hand_off: bool, kind: type[Box]) -> None:
    async def body(system: rg.System) -> None:
        setting = Setting(system, kind)
        pid = await setting.start()
        calls = [asyncio.ensure_future(pid.call(Box.ask(n), timeout=9.0)) for n in range(1, 6)]
        await system.idle()
        pid.cast(Box.put(7))  # all places hold calls: it is the cast that goes
        seen = await setting.open(pid)
        await asyncio.gather(*calls)
        assert seen == [*(("ask", n) for n in range(1, 6)), ("ask", 0)]
        assert system.statistics().dropped == 1

    play(body, hand_off=hand_off)


def test_drop_oldest_takes_the_oldest_that_is_no_call(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        setting = Setting(system, Oldest)
        pid = await setting.start()
        call = asyncio.ensure_future(pid.call(Box.ask(1), timeout=9.0))
        await pause(0)
        pid.send("a")
        pid.cast(Box.put(2))
        pid.cast(Box.put(3))
        pid.send("b")
        assert await setting.open(pid) == [("ask", 1), 3, "b", ("ask", 0)]
        await call

    play(body, hand_off=hand_off)


def test_calls_wait_for_a_place_first_come_first_served(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        setting = Setting(system)
        pid = await setting.start()
        for n in range(3):
            pid.cast(Box.put(n))
        order: list[int] = []

        async def ask(n: int) -> None:
            await pid.call(Box.ask_slowly(n), timeout=50.0)
            order.append(n)

        calls = [asyncio.ensure_future(ask(n)) for n in range(10, 18)]
        await system.idle()
        setting.gate.set()
        await asyncio.gather(*calls)
        assert order == list(range(10, 18))
        assert asyncio.get_running_loop().time() == pytest.approx(8.0)

    play(body, hand_off=hand_off)


def test_a_free_place_goes_to_the_call_that_waits_and_not_to_a_later_cast(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = await Setting(system).start()
        for n in range(3):
            pid.cast(Box.put(n))
        calls = [asyncio.ensure_future(pid.call(Box.ask_slowly(n), timeout=50.0)) for n in range(6)]
        await system.idle()
        calls[0].cancel()
        with pytest.raises(rg.errors.MailboxFull):
            pid.cast(Box.put(9))
        pid.kill()
        await asyncio.wait(calls)
        assert [type(call.exception()) for call in calls[1:]] == [rg.errors.ProcessExited] * 5

    play(body, hand_off=hand_off)


def test_a_place_that_comes_free_while_an_async_handler_runs_is_taken_at_once(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        setting = Setting(system)
        pid = await setting.start()
        calls = [asyncio.ensure_future(pid.call(Box.ask_slowly(n), timeout=50.0)) for n in range(5)]
        await system.idle()
        setting.gate.set()
        await pause(0.5)  # the first is being handled, the others fill the mailbox again
        with pytest.raises(rg.errors.MailboxFull):
            pid.cast(Box.put(9))
        assert await asyncio.gather(*calls) == list(range(5))

    play(body, hand_off=hand_off)


def test_waiting_for_a_place_ends_at_the_deadline(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        setting = Setting(system)
        pid = await setting.start()
        for n in range(3):
            pid.cast(Box.put(n))
        with pytest.raises(rg.errors.CallTimeout):
            await pid.call(Box.ask(9), timeout=2.0)
        assert asyncio.get_running_loop().time() == pytest.approx(2.0)
        assert await setting.open(pid) == [0, 1, 2, ("ask", 0)]

    play(body, hand_off=hand_off)


def test_cancelled_waiters_give_their_turn_away(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        setting = Setting(system)
        pid = await setting.start()
        for n in range(3):
            pid.cast(Box.put(n))
        calls = [asyncio.ensure_future(pid.call(Box.ask_slowly(n), timeout=50.0)) for n in range(4)]
        await system.idle()
        calls[0].cancel()
        calls[2].cancel()
        await system.idle()
        setting.gate.set()
        await asyncio.wait(calls)
        assert [call.cancelled() for call in calls] == [True, False, True, False]
        seen = await pid.call(Box.ask(0), timeout=5.0)
        assert seen == [0, 1, 2, ("ask", 1), ("ask", 3), ("ask", 0)]

    play(body, hand_off=hand_off)


def test_waiters_fail_when_the_process_dies(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = await Setting(system).start()
        for n in range(3):
            pid.cast(Box.put(n))
        calls = [asyncio.ensure_future(pid.call(Box.ask(n), timeout=50.0)) for n in range(2)]
        reserving = asyncio.ensure_future(pid.reserve(timeout=50.0))
        await system.idle()
        pid.exit("gone")
        await asyncio.wait([*calls, reserving])
        assert [getattr(one.exception(), "reason", None) for one in [*calls, reserving]] == ["gone"] * 3
        assert asyncio.get_running_loop().time() < 1.0

    play(body, hand_off=hand_off)


def test_signals_are_never_counted_refused_or_dropped(hand_off: bool) -> None:
    class Watcher(Oldest):
        trap_exit = True

        @rg.cast
        def watch(self, pids: list[rg.Pid[object]]) -> None:
            for pid in pids:
                rg.monitor(pid)
                rg.link(pid)
            rg.send_after(self.pid, "tick", 0.5)

    async def body(system: rg.System) -> None:
        async def sleeper() -> None:
            await pause(1000.0)

        setting = Setting(system, Watcher)
        pid = await start(system, Watcher, args=(setting.gate,))
        others = [system.spawn(sleeper) for _ in range(4)]
        pid.cast(Watcher.watch(others))
        pid.cast(Box.block())
        await system.idle()
        for n in range(5):
            pid.cast(Box.put(n))
        for other in others:
            other.kill()
        await pause(1.0)
        syncing = asyncio.ensure_future(rg.sync(pid))
        await system.idle()
        for n in range(5, 8):
            pid.cast(Box.put(n))
        setting.gate.set()
        await syncing
        seen = await pid.call(Box.ask(0), timeout=1.0)
        assert [one for one in seen if isinstance(one, int)] == [5, 6, 7]
        assert sum(isinstance(one, rg.Down) for one in seen) == 4
        assert sum(isinstance(one, rg.Exit) for one in seen) == 4
        assert seen.count("tick") == 1
        assert system.statistics().dropped == 5

    play(body, hand_off=hand_off)


def test_the_systems_capacity_is_the_default(hand_off: bool) -> None:
    class Plain(rg.GenServer):
        @rg.cast
        def put(self) -> None: ...

    async def body(system: rg.System) -> None:
        pid = system.ref("plain", Plain)
        for _ in range(2):
            pid.cast(Plain.put())
        with pytest.raises(rg.errors.MailboxFull, match="2 messages"):
            pid.cast(Plain.put())

    settings = rg.Settings(mailbox_capacity=2)
    play(body, rg.child(Plain, name="plain"), hand_off=hand_off, settings=settings)


# -- reservations ------------------------------------------------------------------------------


def test_a_reserved_place_is_nobody_elses(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        setting = Setting(system)
        pid = await setting.start()
        place = await pid.reserve(timeout=10.0)
        assert place.held
        pid.cast(Box.put(1))
        pid.cast(Box.put(2))
        with pytest.raises(rg.errors.MailboxFull):
            pid.cast(Box.put(3))
        place.commit(Box.put(4))
        assert not place.held
        with pytest.raises(rg.errors.BadReservation, match="used"):
            place.commit(Box.put(5))
        assert await setting.open(pid) == [1, 2, 4, ("ask", 0)]

    play(body, hand_off=hand_off)


def test_a_released_place_goes_to_the_next(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        setting = Setting(system)
        pid = await setting.start()
        places = [await pid.reserve(timeout=10.0) for _ in range(3)]
        waiting = asyncio.ensure_future(pid.reserve(timeout=10.0))
        calling = asyncio.ensure_future(pid.call(Box.ask(1), timeout=10.0))
        await system.idle()
        assert not waiting.done()
        with places[0]:
            pass
        places[0].release()
        await system.idle()
        fourth = await waiting
        places[1].send("info")
        with pytest.raises(rg.errors.BadReservation, match="released"):
            places[0].commit(Box.put(5))
        places[2].release()
        fourth.commit(Box.put(6))
        setting.gate.set()
        assert await calling == ["info", ("ask", 1)]

    play(body, hand_off=hand_off)


def test_waiting_for_a_reservation_has_a_deadline(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = await Setting(system).start()
        for n in range(3):
            pid.cast(Box.put(n))
        with pytest.raises(rg.errors.PlaceTimeout, match="within 2 s"):
            await pid.reserve(timeout=2.0)
        assert asyncio.get_running_loop().time() == pytest.approx(2.0)
        with pytest.raises(rg.errors.BadTimeout):
            await pid.reserve(timeout=0.0)

    play(body, hand_off=hand_off)


def test_a_reservation_ends_at_its_deadline(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        setting = Setting(system)
        pid = await setting.start()
        places = [await pid.reserve(timeout=5.0) for _ in range(3)]
        await pause(1.0)
        calling = asyncio.ensure_future(pid.call(Box.ask(1), timeout=60.0))
        await pause(5.0)
        assert [place.held for place in places] == [False] * 3
        with pytest.raises(rg.errors.BadReservation, match="expired"):
            places[0].commit(Box.put(1))
        assert (await setting.open(pid))[:1] == [("ask", 1)]
        await calling

    play(body, hand_off=hand_off)


def test_a_reservation_ends_with_its_recipient(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = await Setting(system).start()
        place = await pid.reserve(timeout=5.0)
        pid.kill()
        await pid.down(timeout=1.0)
        assert not place.held
        with pytest.raises(rg.errors.BadReservation, match="gone with its process"):
            place.commit(Box.put(1))
        place.release()
        with pytest.raises(rg.errors.NoProcess):
            await pid.reserve(timeout=5.0)
        with pytest.raises(rg.errors.NoProcess):
            await system.ref("nobody", Box).reserve(timeout=5.0)

    play(body, hand_off=hand_off)


def test_a_cancelled_reserve_takes_no_place(hand_off: bool) -> None:
    """Also when the place was granted in the very moment of the cancel."""

    async def body(system: rg.System) -> None:
        pid = await Setting(system).start()
        places = [await pid.reserve(timeout=50.0) for _ in range(3)]
        early, late = (asyncio.ensure_future(pid.reserve(timeout=50.0)) for _ in range(2))
        await system.idle()
        early.cancel()
        places[0].release()  # granted to the late one, which is cancelled before it runs
        late.cancel()
        await asyncio.wait([early, late])
        assert early.cancelled()
        assert late.cancelled()
        pid.cast(Box.put(1))
        with pytest.raises(rg.errors.MailboxFull):
            pid.cast(Box.put(2))

    play(body, hand_off=hand_off)


def test_a_wrong_message_does_not_use_a_reservation_up(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = await Setting(system).start()
        place = await pid.reserve(timeout=5.0)
        with pytest.raises(rg.errors.NotAMessage):
            place.commit("no message")  # type: ignore[arg-type]
        with pytest.raises(rg.errors.WrongKind):
            place.commit(Box.ask(1))  # type: ignore[arg-type]
        assert place.held

    play(body, hand_off=hand_off)


# -- sync and idle -----------------------------------------------------------------------------


def test_sync_returns_when_all_before_it_is_handled(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        setting = Setting(system)
        pid = await setting.start()
        pid.cast(Box.put(1))
        syncing = asyncio.ensure_future(rg.sync(pid))
        await system.idle()
        assert not syncing.done()
        setting.gate.set()
        await syncing
        assert await pid.call(Box.ask(0), timeout=1.0) == [1, ("ask", 0)]

    play(body, hand_off=hand_off)


def test_sync_fails_with_its_process_and_at_its_deadline(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = await Setting(system).start()
        with pytest.raises(TimeoutError, match="after 2 s"):
            await rg.sync(pid, timeout=2.0)
        syncing = asyncio.ensure_future(rg.sync(pid))
        await system.idle()
        pid.exit("gone")
        with pytest.raises(rg.errors.ProcessExited):
            await syncing
        with pytest.raises(rg.errors.NoProcess):
            await rg.sync(pid)

    play(body, hand_off=hand_off)
