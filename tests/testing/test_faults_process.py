"""Faults of processes: each strikes whom it may, is counted, and comes again in a replay."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.testing.sim.run import run_seed
from regrow.testing.sim.simulation import Simulation
from tests.testing.faults_kit import Counter, pairs, played, replays, runs, silent, tree

__all__ = ("silent",)

Log = list[object]
Ask = rg.types.CallMessage[Counter, int]


async def ask(ref: rg.Ref[Counter], *messages: Ask) -> None:
    """Ask, whatever becomes of it."""
    for message in messages:
        try:
            await ref.call(message, timeout=30.0)
        except rg.errors.CallError:
            continue


async def busy(sim: Simulation) -> None:
    """Two counters that are asked ten times each; one of them is restarted after an exit now and then."""
    async with tree("one", "two") as system:
        for turn in range(10):
            for name in ("one", "two"):
                ref = system.ref(name, Counter)
                ref.cast(Counter.bump())
                sim.wall()
                await ask(ref, Counter.add(), Counter.add_later(), Counter.add_on_thread())
            if turn % 3 == 2:
                pid = system.whereis("one")
                if pid is not None:
                    pid.exit("enough")
                    await pid.down(timeout=60.0)


# -- each kind ---------------------------------------------------------------------------------

KINDS = {
    "kill": rt.Faults(kill=0.05),
    "crash": rt.Faults(crash=0.05),
    "crash_init": rt.Faults(crash_init=0.3),
    "crash_terminate": rt.Faults(crash_terminate=0.3),
    "hang": rt.Faults(hang=0.05),
    "slow": rt.Faults(slow=0.05),
    "storm": rt.Faults(storm=0.05),
    "delay": rt.Faults(delay=0.1),
    "drop": rt.Faults(drop=0.2),
    "duplicate": rt.Faults(duplicate=0.2),
    "wall_jump": rt.Faults(wall_jump=0.1),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_counted_and_comes_again_in_a_replay(kind: str) -> None:
    faults = KINDS[kind]
    struck = 0
    for outcome in runs(busy, 6, faults):
        assert outcome.failure is None
        assert outcome.faults.keys() <= {kind}
        assert pairs(replays(busy, outcome, faults)) == pairs(outcome)
        struck += outcome.faults.get(kind, 0)
    assert struck >= 3


def test_without_faults_nothing_strikes() -> None:
    for outcome in runs(busy, 3):
        assert outcome.faults == {}
        assert outcome.failure is None


def test_a_replay_without_one_of_its_faults_leaves_the_others_alone() -> None:
    faults = rt.Faults(slow=0.1, max_slow=0.5, duplicate=0.2)
    outcome = next(one for one in runs(busy, 20, faults) if one.faults.get("slow", 0) >= 2)
    slow = [key for key in outcome.deviations if key[0].startswith("slow ")]
    fewer = {key: answer for key, answer in outcome.deviations.items() if key != slow[0]}
    again = run_seed(busy, outcome.seed, faults=faults, replay=fewer)
    assert again.faults == {**outcome.faults, "slow": outcome.faults["slow"] - 1}
    assert [key for key in again.deviations if key[0].startswith("slow ")] == slow[1:]


# -- who ---------------------------------------------------------------------------------------


class Service:
    """Has a counter as its process."""

    service_name = "service"

    def child_spec(self) -> rg.ChildSpec:
        return rg.child(Counter, name="service")


def struck_by(faults: rt.Faults) -> set[str]:
    """Who is killed."""
    struck: set[str] = set()

    async def body(sim: Simulation) -> None:
        nested = rg.supervisor([rg.child(Counter, name="deep")], name="middle")
        system = rg.System([rg.child(Counter, name="child"), nested], services=[Service()])

        async def plain() -> None:
            for _ in range(3):
                await rg.receive()

        async with system:
            spawned = system.spawn(plain, name="spawned")
            watched = {name: system.whereis(name) for name in ("child", "deep", "service", "spawned")}
            for _ in range(3):
                spawned.send("hello")
                for name in ("child", "deep", "service"):
                    await ask(system.ref(name, Counter), Counter.add())
            await system.idle()
            struck.update(name for name, pid in watched.items() if pid is not None and not pid.alive)

    outcome = run_seed(body, 1, faults=faults)
    assert outcome.failure is None
    return struck - {"spawned"} | ({"spawned"} if outcome.faults.get("kill", 0) > 20 else set())


def test_by_default_children_of_supervisors_are_struck_and_nobody_else() -> None:
    assert struck_by(rt.Faults(crash=1.0)) == {"child", "deep"}


def test_only_and_spare_make_it_fewer() -> None:
    assert struck_by(rt.Faults(crash=1.0, only=lambda pid: pid.registered_name == "deep")) == {"deep"}
    assert struck_by(rt.Faults(crash=1.0, spare=lambda pid: pid.registered_name == "deep")) == {"child"}


def test_supervisors_among_the_children_are_killed_and_no_more() -> None:
    async def body(sim: Simulation) -> None:
        nested = rg.supervisor([rg.child(Counter, name="deep")], name="middle")
        async with rg.System([nested], max_restarts=1000) as system:
            for _ in range(30):
                middle = system.ref("middle", rg.Supervisor)
                try:
                    await middle.call(rg.Supervisor.count_children(), timeout=1.0)
                except rg.errors.CallError:
                    await rt.pass_time(1.0)

    faults = rt.Faults(
        kill=0.1,
        crash=0.1,
        hang=0.1,
        slow=0.1,
        crash_terminate=1.0,
        only=lambda pid: pid.registered_name == "middle",
    )
    counted: set[str] = set()
    for outcome in runs(body, 10, faults):
        assert outcome.failure is None
        counted |= outcome.faults.keys()
    assert counted == {"kill"}


def test_children_without_a_name_are_called_by_their_place() -> None:
    async def body(sim: Simulation) -> None:
        many = rg.dynamic_supervisor(name="many")
        async with rg.System([many, rg.child(Counter, id="plain")]) as system:
            start = rg.DynamicSupervisor.start_child(rg.child(Counter, id="worker"))
            pid = await system.ref("many", rg.DynamicSupervisor).call(start, timeout=1.0)
            assert pid is not None
            for one in system.processes():
                one.send("hello")
            await system.idle()

    outcome = run_seed(body, 1, faults=rt.Faults(crash=1.0, spare=lambda pid: pid.kind != "Counter"))
    assert sorted(question for question, _ in outcome.deviations if question.startswith("crash ")) == [
        "crash many/worker",
        "crash plain",
    ]


# -- when --------------------------------------------------------------------------------------


def test_chance_leaves_the_first_start_alone() -> None:
    async def body(sim: Simulation) -> None:
        async with tree("one"):
            pass

    for outcome in runs(body, 3, rt.Faults(crash_init=1.0, hang=1.0)):
        assert outcome.failure is None


@pytest.mark.parametrize("how", ["until", "calm"])
def test_there_is_an_end_to_it(how: str) -> None:
    async def body(sim: Simulation) -> None:
        async with tree("one") as system:
            ref = system.ref("one", Counter)
            await ask(ref, *[Counter.add()] * 20)
            await rt.pass_time(100.0)
            if how == "calm":
                sim.calm()
            before = dict(sim.faults)
            for _ in range(50):
                await ref.call(Counter.add(), timeout=1.0)
            assert sim.faults == before

    faults = rt.Faults(crash=0.3, until=100.0 if how == "until" else float("inf"))
    total = 0
    for outcome in runs(body, 5, faults):
        assert outcome.failure is None
        total += outcome.faults.get("crash", 0)
    assert total > 5


@pytest.mark.parametrize("message", [Counter.add(), Counter.add_later(), Counter.add_on_thread()])
def test_what_hangs_by_chance_goes_on_when_all_is_calm(message: Ask) -> None:
    async def body(sim: Simulation) -> None:
        async with tree("one") as system:
            asking = asyncio.ensure_future(system.ref("one", Counter).call(message, timeout=500.0))
            await rt.pass_time(100.0)
            assert not asking.done()
            sim.calm()
            assert await asking == 1
            assert sim.time <= 100.1

    outcome = run_seed(body, 0, faults=rt.Faults(hang=1.0))
    assert (outcome.failure, outcome.faults) == (None, {"hang": 1})


# -- by script ---------------------------------------------------------------------------------


def test_a_kill_at_the_nth_step() -> None:
    log: Log = []

    async def body(sim: Simulation) -> None:
        log.clear()
        async with tree("one", log=log) as system:
            one = system.ref("one", Counter)
            sim.kill(one, at_step=3)
            for _ in range(4):
                one.cast(Counter.bump())
            await system.idle()

    assert played(body) == {"kill": 1}
    assert log[:4] == ["init", "bump", "bump", "init"]


def test_a_kill_at_once() -> None:
    async def body(sim: Simulation) -> None:
        async with tree("one", "two") as system:
            pids = [system.whereis(name) for name in ("one", "two")]
            sim.kill("one")
            assert pids[1] is not None
            sim.kill(pids[1])
            for pid in pids:
                assert pid is not None
                assert await pid.down(timeout=1.0) in {rg.KILLED, rg.NOPROC}
            with pytest.raises(rg.errors.BadFault, match="a name that somebody holds"):
                sim.kill("nobody")

    assert played(body) == {"kill": 2}


@pytest.mark.parametrize("message", [Counter.add(), Counter.add_later(), Counter.add_on_thread()])
def test_a_crash_in_a_handler(message: Ask) -> None:
    async def body(sim: Simulation) -> None:
        async with tree("one") as system:
            one = system.ref("one", Counter)
            sim.crash_in(one, type(message).__handler__.name, times=2)
            for _ in range(2):
                one.cast(Counter.bump())
                with pytest.raises(
                    rg.errors.ProcessExited, match="InjectedCrash: a simulated fault in Counter"
                ):
                    await one.call(message, timeout=1.0)
            assert await one.call(message, timeout=1.0) == 1

    assert played(body) == {"crash": 2}


def test_a_crash_is_no_answer_of_a_handler_that_declares_everything() -> None:
    async def body(sim: Simulation) -> None:
        async with tree("one") as system:
            one = system.ref("one", Counter)
            sim.crash_in(one, "declares_all")
            with pytest.raises(rg.errors.ProcessExited, match="InjectedCrash"):
                await one.call(Counter.declares_all(), timeout=1.0)

    assert played(body) == {"crash": 1}


def test_a_crash_in_init_before_the_first_start() -> None:
    async def body(sim: Simulation) -> None:
        sim.crash_in("one", "init")
        with pytest.raises(rg.errors.ChildStartFailed, match=r"a simulated fault in Counter\.init"):
            async with tree("one"):
                pass
        async with tree("one"):
            pass

    assert played(body) == {"crash_init": 1}


def test_a_crash_in_terminate_is_the_reason() -> None:
    async def body(sim: Simulation) -> None:
        async with tree("one") as system:
            pid = system.whereis("one")
            assert pid is not None
            sim.crash_in(pid, "terminate")
            ending = asyncio.ensure_future(pid.down(timeout=1.0))
            stop = rg.Supervisor.terminate_child("one")
            await system.root.call(stop, timeout=1.0)
            assert "a simulated fault in Counter.terminate" in str(await ending)

    assert played(body) == {"crash_terminate": 1}


def test_a_crash_where_a_plain_process_receives() -> None:
    got: Log = []

    async def plain() -> None:
        while True:
            got.append(await rg.receive())

    async def body(sim: Simulation) -> None:
        got.clear()
        async with rg.System([rg.child(plain, name="plain", restart="temporary")]) as system:
            pid = system.whereis("plain")
            assert pid is not None
            sim.crash_in("plain", "receive")
            for text in ("first", "second"):
                pid.send(text)
            assert "InjectedCrash" in str(await pid.down(timeout=1.0))

    assert played(body) == {"crash": 1}
    assert got == []


def test_no_fault_makes_a_plain_process_wait_and_none_is_counted() -> None:
    got: Log = []

    async def plain() -> None:
        got.append(await rg.receive())

    async def body(sim: Simulation) -> None:
        async with rg.System([rg.child(plain, name="plain", restart="temporary")]) as system:
            pid = system.whereis("plain")
            assert pid is not None
            sim.hang("plain")
            pid.send("hello")
            assert await pid.down(timeout=1.0) == rg.NORMAL

    outcome = run_seed(body, 1, faults=rt.Faults(hang=0.5, slow=0.5))
    assert (outcome.failure, outcome.faults, got) == (None, {}, ["hello"])


@pytest.mark.parametrize("message", [Counter.add(), Counter.add_later(), Counter.add_on_thread()])
@pytest.mark.parametrize("hand_off", [True, False])
def test_a_slow_handler_takes_virtual_time(message: Ask, hand_off: bool) -> None:
    async def body(sim: Simulation) -> None:
        async with tree("one", hand_off=hand_off) as system:
            one = system.ref("one", Counter)
            await one.call(message, timeout=1.0)
            sim.slow(one, 7.0)
            before = sim.time
            assert await one.call(message, timeout=30.0) == 2
            assert 7.0 <= sim.time - before < 7.2

    assert played(body) == {"slow": 1}


def test_a_slow_process_handles_what_came_meanwhile_in_order() -> None:
    log: Log = []

    async def body(sim: Simulation) -> None:
        log.clear()
        async with tree("one", log=log) as system:
            one = system.ref("one", Counter)
            sim.slow(one, 2.0, "bump")
            one.cast(Counter.bump())
            one.send("after")
            assert log == ["init"]
            await rt.pass_time(3.0)
            await system.idle()

    assert played(body) == {"slow": 1}
    assert log[1:3] == ["bump", "after"]


@pytest.mark.parametrize("message", [Counter.add(), Counter.add_later(), Counter.add_on_thread()])
def test_a_handler_that_hangs_is_ended_by_a_kill(message: Ask) -> None:
    async def body(sim: Simulation) -> None:
        async with tree("one") as system:
            one = system.ref("one", Counter)
            pid = one.whereis()
            assert pid is not None
            sim.hang(one)
            with pytest.raises(rg.errors.CallTimeout):
                await pid.call(message, timeout=50.0)
            pid.kill()
            assert await pid.down(timeout=60.0) is rg.KILLED
            assert await one.call(message, timeout=1.0) == 1

    assert played(body) == {"hang": 1}


def test_a_handler_that_hangs_is_ended_by_a_shutdown_and_terminate_runs() -> None:
    log: Log = []

    async def body(sim: Simulation) -> None:
        log.clear()
        async with tree("one", log=log) as system:
            sim.hang("one", "bump")
            system.ref("one", Counter).cast(Counter.bump())
            await system.idle()

    assert played(body) == {"hang": 1}
    assert log == ["init", ("terminate", rg.SHUTDOWN)]


@pytest.mark.parametrize("where", ["init", "terminate"])
def test_init_and_terminate_hang_too(where: str) -> None:
    async def body(sim: Simulation) -> None:
        children = [rg.child(Counter, name="one", start_timeout=3.0, shutdown=4.0)]
        if where == "init":
            sim.hang("one", "init")
            with pytest.raises(rg.errors.ChildStartFailed, match="was not up after 3 s"):
                async with rg.System(children):
                    pass
            assert sim.time == 3.0
            return
        async with rg.System(children):
            sim.hang("one", "terminate")
        assert sim.time == 4.0

    assert played(body) == {"hang": 1}


def test_a_slow_init_and_a_slow_terminate() -> None:
    log: Log = []

    async def body(sim: Simulation) -> None:
        log.clear()
        sim.slow("one", 2.0, "init")
        sim.slow("one", 3.0, "terminate")
        async with tree("one", log=log) as system:
            assert sim.time == 2.0
            assert await system.ref("one", Counter).call(Counter.add(), timeout=1.0) == 1
        assert sim.time == 5.0

    assert played(body) == {"slow": 2}
    assert log == ["init", ("terminate", rg.SHUTDOWN)]


def test_a_storm_is_more_than_a_supervisor_allows() -> None:
    async def body(sim: Simulation) -> None:
        with pytest.raises(rg.errors.SystemFailed, match="ended with SHUTDOWN"):
            async with rg.System([rg.child(Counter, name="one")]) as system:
                sim.storm("one")
                system.ref("one", Counter).cast(Counter.bump())
                await rt.pass_time(60.0)

    assert played(body) == {"storm": 4}


def test_a_storm_that_is_small_enough_passes() -> None:
    async def body(sim: Simulation) -> None:
        async with rg.System([rg.child(Counter, name="one")]) as system:
            one = system.ref("one", Counter)
            sim.storm(one, kills=3)
            one.cast(Counter.bump())
            await rt.pass_time(1.0)
            assert await one.call(Counter.add(), timeout=1.0) == 1

    assert played(body) == {"storm": 3}


# -- what can't be had -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: rt.Faults(kill=1.5),
            "Faults(kill=1.5) can't be used: kill has to be a probability from 0 to 1",
        ),
        (lambda: rt.Faults(crash=True), "Faults(crash=True) can't be used: crash has to be a probability"),
        (lambda: rt.Faults(max_slow=0), "max_slow has to be a number of seconds above 0"),
        (lambda: rt.Faults(storm_kills=0), "storm_kills has to be a whole number of at least 1"),
        (lambda: rt.Faults(kill=0.6, hang=0.6), "kill has to be at most 1 together with kill=0.6, crash=0"),
        (
            lambda: rt.Faults(drop=0.6, delay=0.6),
            "delay has to be at most 1 together with delay=0.6, drop=0.6",
        ),
        (lambda: rt.Faults(only=cast("Any", 3)), "only has to be a function that takes a Pid"),
        (lambda: rt.Faults(until=-1), "until has to be a number of virtual seconds"),
        (lambda: rt.Faults(thread_latency=float("nan")), "thread_latency has to be a number of seconds"),
        (lambda: rt.StoreFaults(full=-0.1), "StoreFaults(full=-0.1) can't be used: full has to be a prob"),
    ],
)
def test_bad_options_say_what_is_allowed(make: Callable[[], object], text: str) -> None:
    with pytest.raises(rg.errors.BadFault) as caught:
        make()
    assert text in str(caught.value)


def test_options_are_shown_as_far_as_they_differ_and_the_same_in_every_program() -> None:
    assert repr(rt.Faults()) == "Faults()"
    shown = repr(rt.Faults(kill=0.1, only=is_one, store=rt.StoreFaults(full=0.5)))
    assert shown.startswith("Faults(kill=0.1, store=StoreFaults(slow=0.0,")
    assert shown.endswith(", only=is_one)")


def is_one(pid: rg.Pid[object]) -> bool:
    return pid.registered_name == "one"


@pytest.mark.parametrize(
    ("ask_for", "text"),
    [
        (lambda sim: sim.kill(17), "kill(who=17) can't be used: who has to be a Pid, a Ref or a name"),
        (lambda sim: sim.kill("a", at_step=-1), "at_step has to be a whole number of at least 0"),
        (lambda sim: sim.crash_in("a", "no name"), "where has to be the name of a callback"),
        (lambda sim: sim.hang("a", times=0), "hang(times=0) can't be used: times has to be a whole number"),
        (
            lambda sim: sim.slow("a", -1.0),
            "slow(seconds=-1.0) can't be used: seconds has to be a number above 0",
        ),
        (lambda sim: sim.storm("a", kills=0), "kills has to be a whole number of at least 1"),
        (lambda sim: sim.jump_wall(float("nan")), "seconds has to be a finite number"),
    ],
)
def test_bad_scripts_say_what_is_allowed(ask_for: Callable[[Simulation], object], text: str) -> None:
    async def body(sim: Simulation) -> None:
        with pytest.raises(rg.errors.BadFault) as caught:
            ask_for(sim)
        assert text in str(caught.value)

    assert played(body) == {}
