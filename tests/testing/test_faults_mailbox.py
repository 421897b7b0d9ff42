"""Faults of mailboxes and of the wall clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.testing.sim.run import run_seed
from regrow.testing.sim.simulation import Simulation
from tests.testing.faults_kit import Counter, pairs, played, replays, runs, silent, tree

__all__ = ("silent",)

Log = list[object]


# -- by script ---------------------------------------------------------------------------------


def test_a_delayed_cast_holds_up_what_follows_it() -> None:
    log: Log = []

    async def body(sim: Simulation) -> None:
        log.clear()
        async with tree("one", log=log) as system:
            one = system.ref("one", Counter)
            sim.delay(None, one, 3.0, message=Counter.bump)
            one.cast(Counter.bump())
            one.send("after")
            await rt.pass_time(2.9)
            assert log == ["init"]
            await rt.pass_time(0.2)
            assert log == ["init", "bump", "after"]

    assert played(body) == {"delay": 1}


def test_a_delayed_call_is_answered_later() -> None:
    async def body(sim: Simulation) -> None:
        async with tree("one") as system:
            sim.delay(None, "one", 3.0)
            assert await system.ref("one", Counter).call(Counter.add(), timeout=5.0) == 1
            assert sim.time == 3.0

    assert played(body) == {"delay": 1}


def test_a_dropped_and_a_duplicated_cast() -> None:
    log: Log = []

    async def body(sim: Simulation) -> None:
        log.clear()
        async with tree("one", log=log) as system:
            one = system.ref("one", Counter)
            sim.drop(None, one, message=str)
            sim.duplicate(None, one, message=int)
            for message in ("lost", "there", 1, 2):
                one.send(message)
            await system.idle()

    assert played(body) == {"drop": 1, "duplicate": 1}
    assert log[:5] == ["init", "there", 1, 1, 2]


def test_only_messages_of_the_source_are_meant() -> None:
    got: Log = []

    async def receiver() -> None:
        while True:
            got.append(await rg.receive())

    async def sender(text: str, to: rg.Ref[object]) -> None:
        to.send(text)

    async def body(sim: Simulation) -> None:
        got.clear()
        async with rg.System([rg.child(receiver, name="to")]) as system:
            sim.drop("bad", "to", times=9)
            for name in ("good", "bad"):
                system.spawn(sender, name, system.ref("to", object), name=name)
            await system.idle()

    assert played(body) == {"drop": 1}
    assert got == ["good"]


def test_what_must_not_be_lost_never_is() -> None:
    async def body(sim: Simulation) -> None:
        async with tree("one") as system:
            one = system.ref("one", Counter)
            sim.drop(None, one, times=99)
            sim.duplicate(None, one, times=99)
            pid = one.whereis()
            assert pid is not None
            for expected in range(1, 4):
                assert await one.call(Counter.add(), timeout=1.0) == expected
            await rg.supervised_send(pid, Counter.bump(), timeout=1.0)
            assert await one.call(Counter.add(0), timeout=1.0) == 4

    assert played(body) == {}


@pytest.mark.parametrize(
    ("ask_for", "text"),
    [
        (
            lambda sim: sim.drop(None, "one", message=Counter.add),
            "has to be a cast or a class of plain messages: calls, supervised messages and signals are never",
        ),
        (lambda sim: sim.duplicate(None, "one", message=Counter.add), "duplicate(message="),
        (
            lambda sim: sim.delay(None, "one", 1.0, message="bump"),
            "has to be a handler, such as Counter.add,",
        ),
        (
            lambda sim: sim.delay(3, "one", 1.0),
            "delay(source=3) can't be used: source has to be a Pid, a Ref",
        ),
        (lambda sim: sim.delay(None, None, 1.0), "delay(target=None) can't be used: target has to be a Pid"),
        (lambda sim: sim.delay(None, "one", 0.0), "seconds has to be a number above 0"),
        (lambda sim: sim.drop(None, "one", times=0), "times has to be a whole number of at least 1"),
    ],
)
def test_bad_scripts_say_what_is_allowed(ask_for: Callable[[Simulation], object], text: str) -> None:
    async def body(sim: Simulation) -> None:
        with pytest.raises(rg.errors.BadFault) as caught:
            ask_for(sim)
        assert text in str(caught.value)

    assert played(body) == {}


# -- by chance ---------------------------------------------------------------------------------


class Peer(rg.GenServer):
    """Sends numbered messages by all means, and notes by sender what it gets."""

    trap_exit = True

    def init(self, log: list[tuple[int, object]]) -> None:
        self.log = log

    @rg.cast
    def got(self, sender: int, number: int) -> None:
        self.log.append((sender, number))

    @rg.call
    def asked(self, sender: int, number: int) -> None:
        self.log.append((sender, number))

    @rg.cast
    async def talk(
        self, sim: Simulation, others: list[rg.Pid[Peer]], sent: dict[tuple[int, int], int]
    ) -> None:
        me = self.pid.serial
        for other in others:
            rg.link(other)
        for _ in range(12):
            other = sim.random.choice(others)
            number = sent[me, other.serial] = sent.get((me, other.serial), 0) + 1
            match sim.random.randrange(4):
                case 0:
                    other.cast(Peer.got(me, number))
                case 1:
                    other.send((me, number))
                case 2:
                    await rg.supervised_send(other, Peer.got(me, number), timeout=99.0)
                case _:
                    await other.call(Peer.asked(me, number), timeout=99.0)
        self.stop()

    def handle_info(self, message: object) -> None:
        if isinstance(message, rg.Exit):
            self.log.append((message.pid.serial, "end"))
        elif isinstance(message, tuple):
            self.log.append(message)


async def peers(sim: Simulation) -> None:
    """Two talk to two others at once and end; each pair has its order, the EXIT last."""
    logs: list[list[tuple[int, object]]] = [[] for _ in range(4)]
    children = [rg.child(Peer, name=f"p{i}", args=(log,), restart="temporary") for i, log in enumerate(logs)]
    sent: dict[tuple[int, int], int] = {}
    async with rg.System(children) as system:
        pids = [pid for i in range(4) if (pid := system.ref(f"p{i}", Peer).whereis()) is not None]
        for one in pids[:2]:
            one.cast(Peer.talk(sim, pids[2:], sent))
        for one in pids[:2]:
            await one.down(timeout=999.0)
        await system.idle()
        for log, receiver in zip(logs[2:], pids[2:], strict=True):
            for one in pids[:2]:
                got = [what for who, what in log if who == one.serial]
                assert got == [*range(1, sent.get((one.serial, receiver.serial), 0) + 1), "end"]


def test_every_pair_keeps_its_order_whatever_is_delayed() -> None:
    faults = rt.Faults(delay=0.4, max_delay=2.0)
    delayed, orders = 0, set[str]()
    for outcome in runs(peers, 25, faults):
        if outcome.failure is not None:
            raise outcome.failure
        delayed += outcome.faults["delay"]
        orders.add(outcome.trace_hash)
    assert delayed > 200
    assert len(orders) == 25


def test_messages_of_different_pairs_change_their_order() -> None:
    orders: set[tuple[object, ...]] = set()

    async def sender(text: str, to: rg.Ref[object]) -> None:
        to.send(text)

    async def receiver() -> None:
        orders.add((await rg.receive(), await rg.receive()))

    async def body(sim: Simulation) -> None:
        async with rg.System([rg.child(receiver, name="to", restart="temporary")]) as system:
            for text in ("first", "second"):
                system.spawn(sender, text, system.ref("to", object))
                await rt.pass_time(0.01)
            await rt.pass_time(5.0)

    for outcome in runs(body, 20, rt.Faults(delay=0.5)):
        assert outcome.failure is None
    assert orders == {("first", "second"), ("second", "first")}
    orders.clear()
    for outcome in runs(body, 20):
        assert outcome.failure is None
    assert orders == {("first", "second")}


def test_by_chance_only_what_is_lossy_is_lost_and_signals_never_are() -> None:
    async def body(sim: Simulation) -> None:
        log: Log = []
        async with tree("one", "two", log=log) as system:
            one = system.ref("one", Counter)
            for expected in range(1, 6):
                assert await one.call(Counter.add(), timeout=9.0) == expected
                one.cast(Counter.bump())
                one.send("info")
            pid = one.whereis()
            assert pid is not None

            async def watch() -> None:
                rg.monitor(pid)
                pid.exit("enough")
                assert isinstance(await rg.receive(rg.Down, timeout=9.0), rg.Down)

            watching = system.spawn(watch)
            assert await watching.down(timeout=9.0) is rg.NORMAL
            assert {"bump", "info"}.isdisjoint(log)

    outcome = run_seed(body, 5, faults=rt.Faults(drop=1.0))
    if outcome.failure is not None:
        raise outcome.failure
    assert outcome.faults == {"drop": 10}


def test_messages_to_others_than_victims_are_left_alone() -> None:
    async def body(sim: Simulation) -> None:
        async with tree("one", "two") as system:
            for name in ("one", "two"):
                system.ref(name, Counter).cast(Counter.bump())
            await system.idle()
            counts = [
                await system.ref(name, Counter).call(Counter.add(0), timeout=1.0) for name in ("one", "two")
            ]
            assert counts == [1, 0]

    faults = rt.Faults(drop=1.0, spare=lambda pid: pid.registered_name == "one")
    outcome = run_seed(body, 0, faults=faults)
    assert (outcome.failure, outcome.faults) == (None, {"drop": 1})


def test_mailbox_faults_can_come_after_the_start() -> None:
    async def body(sim: Simulation) -> None:
        async with tree("one") as system:
            one = system.ref("one", Counter)
            assert await one.call(Counter.add(), timeout=1.0) == 1
            sim.drop(None, one)
            one.cast(Counter.bump())
            assert await one.call(Counter.add(), timeout=1.0) == 2

    assert played(body) == {"drop": 1}


# -- the wall clock ----------------------------------------------------------------------------


def test_the_wall_clock_goes_with_the_loop_and_jumps_when_told() -> None:
    async def body(sim: Simulation) -> None:
        began = sim.wall()
        assert began == 1_577_836_800.0
        await rt.pass_time(5.0)
        assert sim.wall() - began == 5.0
        sim.jump_wall(-3600.0)
        assert sim.wall() - began == -3595.0
        assert sim.time == 5.0

    assert played(body) == {"wall_jump": 1}


def test_the_wall_clock_jumps_by_chance_both_ways_and_again_in_a_replay() -> None:
    jumps: set[bool] = set()
    seen: list[float] = []

    async def body(sim: Simulation) -> None:
        seen.clear()
        async with tree("one") as system:
            for _ in range(20):
                before = sim.wall()
                await system.ref("one", Counter).call(Counter.add_later(), timeout=1.0)
                seen.append(sim.wall() - before)

    faults = rt.Faults(wall_jump=0.2, max_wall_jump=100.0)
    for outcome in runs(body, 5, faults):
        jumps |= {change > 0 for change in seen if abs(change) > 1}
        assert all(abs(change) <= 101 for change in seen)
        assert pairs(replays(body, outcome, faults)) == pairs(outcome)
    assert jumps == {True, False}


def test_timers_go_by_the_loop_and_not_by_the_wall() -> None:
    async def body(sim: Simulation) -> None:
        loop = asyncio.get_running_loop()
        sim.jump_wall(10_000.0)
        began = loop.time()
        async with tree("one") as system:
            rg.send_after(system.ref("one", Counter), "tick", 2.0)
            await rt.pass_time(2.5)
        assert loop.time() - began == 2.5

    assert played(body) == {"wall_jump": 1}
