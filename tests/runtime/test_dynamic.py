"""DynamicSupervisor: children at run time, each restarted by itself."""

from __future__ import annotations

import asyncio

import pytest

import regrow as rg
from regrow.core.options import Restart
from tests.runtime.kit import play
from tests.runtime.kit_supervision import HOWS, NORMAL_ENDS, Diary, How, Worker, end, worker

Dyn = rg.DynamicSupervisor


def dyn_of(system: rg.System) -> rg.Ref[Dyn]:
    return system.ref("dyn", Dyn)


def dyn(
    *, max_children: int | None = None, max_restarts: int = 100, backoff: rg.Backoff | None = None
) -> rg.ChildSpec:
    return rg.dynamic_supervisor(
        name="dyn", max_children=max_children, max_restarts=max_restarts, restart="temporary", backoff=backoff
    )


async def start(system: rg.System, spec: rg.ChildSpec, args: tuple[object, ...] = ()) -> rg.Pid[Worker]:
    pid = await dyn_of(system).call(Dyn.start_child(spec, args), timeout=60.0)
    assert pid is not None
    return pid  # type: ignore[return-value]


async def rows(system: rg.System) -> list[tuple[str, str]]:
    found = await dyn_of(system).call(Dyn.which_children(), timeout=1.0)
    return [(row.id, row.state) for row in found]


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("restart", ["permanent", "transient", "temporary"])
def test_each_child_is_restarted_by_itself(restart: Restart, how: How, hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        await start(system, worker("other", diary))
        pid = await start(system, worker("a", diary, restart=restart))
        end(pid, how)
        await system.idle()
        again = restart == "permanent" or (restart == "transient" and how not in NORMAL_ENDS)
        assert diary.attempts == {"a": 2 if again else 1, "other": 1}
        assert sorted(await rows(system)) == [("a", "running")] * again + [("other", "running")]

    play(body, dyn(), hand_off=hand_off)


def test_one_spec_serves_many_with_arguments_of_their_own(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        spec = rg.ChildSpec(id="w", target=Worker)
        first = await start(system, spec, ("one", diary))
        second = await start(system, spec, ("two", diary))
        first.kill()
        await system.idle()
        assert diary.take() == ["+one", "+two", "+one"]  # restarted with the same
        assert await second.call(Worker.ping(), timeout=1.0) == "two"

    play(body, dyn(), hand_off=hand_off)


def test_a_plain_child_is_restarted_with_its_arguments(hand_off: bool) -> None:
    seen: list[int] = []

    async def plain(number: int) -> None:
        seen.append(number)
        await rg.receive(str)

    async def body(system: rg.System) -> None:
        pid = await start(system, rg.ChildSpec(id="p", target=plain), (7,))
        await system.idle()
        pid.kill()
        await system.idle()
        assert seen == [7, 7]

    play(body, dyn(), hand_off=hand_off)


def test_arguments_that_do_not_fit_are_refused_before_the_start(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.BadArguments):
            await start(system, rg.ChildSpec(id="w", target=Worker), ("only one",))
        with pytest.raises(rg.errors.NotAChildSpec):
            await start(system, "nonsense", (1,))  # type: ignore[arg-type]
        with pytest.raises(rg.errors.BadSignificant):
            spec = worker("s", Diary(), restart="transient", significant=True)
            await start(system, spec)
        assert await rows(system) == []

    play(body, dyn(), hand_off=hand_off)


def test_a_failing_start_leaves_no_child(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.InitFailed):
            await start(system, worker("a", diary, failing=[1]))
        spec = worker("b", diary, ignoring=[1])
        assert await dyn_of(system).call(Dyn.start_child(spec), timeout=1.0) is None
        counts = await dyn_of(system).call(Dyn.count_children(), timeout=1.0)
        assert (counts.specs, counts.active, counts.supervisors, counts.workers) == (0, 0, 0, 0)

    play(body, dyn(max_children=1), hand_off=hand_off)


def test_the_limit_counts_also_those_between_two_lives(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        pid = await start(system, worker("a", diary))
        await start(system, worker("b", diary, restart="temporary"))
        with pytest.raises(rg.errors.TooManyChildren, match="2 children"):
            await start(system, worker("c", diary))
        supervisor = dyn_of(system).whereis()
        assert supervisor is not None
        system.suspend(supervisor)
        asked = asyncio.ensure_future(dyn_of(system).call(Dyn.start_child(worker("c", diary)), timeout=1.0))
        await system.idle()
        pid.kill()  # its EXIT stands behind the request for one more
        await system.idle()
        system.resume(supervisor)
        with pytest.raises(rg.errors.TooManyChildren):
            await asked
        await system.idle()
        assert len(await rows(system)) == 2

    play(body, dyn(max_children=2), hand_off=hand_off)


def test_every_end_gives_its_place_back(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        for _ in range(3):
            pid = await start(system, worker("a", diary, restart="temporary"))
            end(pid, "crash")
            await system.idle()
            pid = await start(system, worker("b", diary))
            await dyn_of(system).call(Dyn.terminate_child(pid), timeout=1.0)
            pid = await start(system, worker("c", diary))
            end(pid, "killed")
            await system.idle()
            (row,) = await dyn_of(system).call(Dyn.which_children(), timeout=1.0)
            assert row.pid is not None
            await dyn_of(system).call(Dyn.terminate_child(row.pid), timeout=1.0)

    play(body, dyn(max_children=1), hand_off=hand_off)


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, "1"])
def test_a_limit_that_is_none_is_refused(limit: object) -> None:
    with pytest.raises(rg.errors.BadLimit, match="max_children"):
        rg.dynamic_supervisor(max_children=limit)  # type: ignore[arg-type]


def test_terminate_child_is_for_living_children_of_this_supervisor(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        pid = await start(system, worker("a", diary))
        await dyn_of(system).call(Dyn.terminate_child(pid), timeout=1.0)
        assert not pid.alive
        assert diary.take() == ["+a", "-a"]
        await dyn_of(system).call(Dyn.terminate_child(pid), timeout=1.0)  # it is stopped, as OTP says
        for wrong in (system.root, "a"):
            with pytest.raises(rg.errors.NoSuchChild):
                await dyn_of(system).call(Dyn.terminate_child(wrong), timeout=1.0)  # type: ignore[arg-type]
        await system.idle()
        assert await rows(system) == []

    play(body, dyn(), hand_off=hand_off)


def test_a_failing_restart_is_tried_again_in_turn_with_others(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        one = await start(system, worker("a", diary, failing=[2, 3]))
        two = await start(system, worker("b", diary))
        diary.take()
        one.kill()
        two.kill()
        await system.idle()
        assert diary.take() == ["!a", "+b", "!a", "+a"]
        assert len(await rows(system)) == 2

    play(body, dyn(max_restarts=4), hand_off=hand_off)


def test_every_try_counts(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        supervisor = dyn_of(system).whereis()
        assert supervisor is not None
        (await start(system, worker("a", diary, failing=range(2, 99)))).kill()
        assert await supervisor.down(timeout=1.0) is rg.SHUTDOWN
        assert diary.attempts["a"] == 1 + 4

    play(body, dyn(max_restarts=4), hand_off=hand_off)


def test_restarts_back_off_and_show_as_restarting(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        (await start(system, worker("a", diary))).kill()
        await system.idle()
        assert await rows(system) == [("a", "restarting")]
        counts = await dyn_of(system).call(Dyn.count_children(), timeout=1.0)
        assert (counts.specs, counts.active) == (1, 0)
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=2.5)
        assert await rows(system) == [("a", "running")]

    play(body, dyn(backoff=rg.Backoff(base=2.0, jitter=0.0)), hand_off=hand_off)


def test_at_its_end_all_are_told_at_once(hand_off: bool) -> None:
    asked: list[float] = []

    class Slow(rg.GenServer):
        async def terminate(self, reason: rg.ExitReason) -> None:
            asked.append(asyncio.get_running_loop().time())
            await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=3.0)

    async def body(system: rg.System) -> None:
        for _ in range(5):
            await start(system, rg.child(Slow, shutdown=4.0))
        root = system.root
        begun = asyncio.get_running_loop().time()
        await root.call(rg.Supervisor.terminate_child("dyn"), timeout=60.0)
        assert asked == [begun] * 5
        assert asyncio.get_running_loop().time() == begun + 3.0

    play(body, dyn(), hand_off=hand_off)


def test_a_living_child_cannot_be_declared_dead(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        async with system.guest():
            pid = await start(system, worker("a", diary))
            supervisor = dyn_of(system).whereis()
            assert supervisor is not None
            supervisor.exit("from nobody's child")
            await system.idle()
            assert pid.alive
            assert supervisor.alive

    play(body, dyn(), hand_off=hand_off)
