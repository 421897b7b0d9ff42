"""Strategies, failed group restarts, significant children, stopping, nesting."""

from __future__ import annotations

import asyncio
import itertools
import logging

import pytest

import regrow as rg
from regrow.core.options import AutoShutdown, Restart, ShutdownOption, Strategy
from regrow.runtime.supervision import SupervisorBase
from tests.runtime.kit import play
from tests.runtime.kit_supervision import NORMAL_ENDS, Diary, How, Worker, end, pid_of, states, worker


def sup_of(system: rg.System) -> rg.Ref[rg.Supervisor]:
    return system.ref("sup", rg.Supervisor)


def sup(
    *specs: rg.ChildSpec,
    strategy: Strategy = "one_for_one",
    max_restarts: int = 100,
    auto_shutdown: AutoShutdown = "never",
    backoff: rg.Backoff | None = None,
) -> rg.ChildSpec:
    return rg.supervisor(
        specs,
        name="sup",
        restart="temporary",
        strategy=strategy,
        max_restarts=max_restarts,
        auto_shutdown=auto_shutdown,
        backoff=backoff,
    )


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("one_for_one", ["+b"]),
        ("rest_for_one", ["-d", "-c", "+b", "+c", "+d"]),
        ("one_for_all", ["-d", "-c", "-a", "+a", "+b", "+c", "+d"]),
    ],
)
def test_who_is_restarted_and_in_which_order(strategy: Strategy, expected: list[str], hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        diary.take()
        (await pid_of(sup_of(system), "b")).kill()
        await system.idle()
        assert diary.take() == expected

    play(body, sup(*(worker(who, diary) for who in "abcd"), strategy=strategy), hand_off=hand_off)


def test_a_group_restart_counts_once(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        for _ in range(2):
            (await pid_of(sup_of(system), "a")).kill()
            await system.idle()
        assert sup_of(system).alive
        assert diary.attempts == {"a": 3, "b": 3, "c": 3}

    specs = (worker(who, diary) for who in "abc")
    play(body, sup(*specs, strategy="one_for_all", max_restarts=2), hand_off=hand_off)


def test_a_group_takes_stopped_members_along_and_lets_temporary_ones_go(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        ref = sup_of(system)
        await ref.call(rg.Supervisor.terminate_child("stopped"), timeout=1.0)
        end(await pid_of(ref, "done"), "normal")
        await system.idle()
        diary.take()
        (await pid_of(ref, "a")).kill()
        await system.idle()
        assert diary.take() == ["-temp", "+a", "+stopped", "+done"]
        assert await states(ref) == {"a": "running", "stopped": "running", "done": "running"}

    specs = (
        worker("a", diary),
        worker("stopped", diary),
        worker("done", diary, restart="transient"),
        worker("temp", diary, restart="temporary"),
    )
    play(body, sup(*specs, strategy="one_for_all"), hand_off=hand_off)


def test_the_end_of_a_temporary_member_restarts_nobody(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        diary.take()
        end(await pid_of(sup_of(system), "t"), "crash")
        await system.idle()
        assert diary.take() == ["-t"]  # a handler that raised: its own terminate

    specs = worker("a", diary), worker("t", diary, restart="temporary"), worker("b", diary)
    play(body, sup(*specs, strategy="one_for_all"), hand_off=hand_off)


def test_a_failed_group_restart_keeps_what_came_up_and_tries_again(hand_off: bool) -> None:
    """The trace of OTP 25 with the same tree: a and c start, d fails; then all over again."""
    diary = Diary()

    async def body(system: rg.System) -> None:
        ref = sup_of(system)
        await ref.call(rg.Supervisor.terminate_child("c"), timeout=1.0)
        diary.take()
        (await pid_of(ref, "a")).kill()
        await system.idle()
        assert diary.take() == [
            *("-e", "-d", "-b", "+a", "+c", "!d"),
            *("-c", "-a", "+a", "+c", "+d", "+e"),
        ]
        assert await states(ref) == {"a": "running", "c": "running", "d": "running", "e": "running"}

    specs = (
        worker("a", diary),
        worker("b", diary, restart="temporary"),
        worker("c", diary, restart="transient"),
        worker("d", diary, failing=[2]),
        worker("e", diary),
    )
    play(body, sup(*specs, strategy="one_for_all", max_restarts=3), hand_off=hand_off)


def test_tries_of_a_group_count_each(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        supervisor = sup_of(system).whereis()
        assert supervisor is not None
        (await pid_of(sup_of(system), "a")).kill()
        assert await supervisor.down(timeout=1.0) is rg.SHUTDOWN
        assert (diary.attempts["a"], diary.attempts["b"]) == (1 + 3, 1 + 3)

    specs = worker("a", diary), worker("b", diary, failing=range(2, 99))
    play(body, sup(*specs, strategy="one_for_all", max_restarts=3), hand_off=hand_off)


def test_while_one_member_backs_off_after_a_failed_group_the_others_are_stopped(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        ref = sup_of(system)
        (await pid_of(ref, "b")).kill()
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=1.5)
        assert await states(ref) == {"a": "restarting", "b": "stopped"}
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=2.0)
        assert await states(ref) == {"a": "running", "b": "running"}

    specs = worker("a", diary, failing=[2]), worker("b", diary)
    backoff = rg.Backoff(base=1.0, jitter=0.0)
    play(body, sup(*specs, strategy="one_for_all", backoff=backoff), hand_off=hand_off)


# -- significant children ----------------------------------------------------------------------


@pytest.mark.parametrize("how", ["normal", "shutdown", "shutdown_detail", "crash", "killed"])
@pytest.mark.parametrize("restart", ["transient", "temporary"])
def test_any_significant(restart: Restart, how: How, hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        supervisor = sup_of(system).whereis()
        assert supervisor is not None
        end(await pid_of(sup_of(system), "b"), "killed")  # not significant
        await system.idle()
        assert supervisor.alive
        end(await pid_of(sup_of(system), "a"), how)
        await system.idle()
        assert supervisor.alive is (restart == "transient" and how not in NORMAL_ENDS)

    specs = (
        worker("a", diary, restart=restart, significant=True),
        worker("b", diary, restart="temporary"),
    )
    play(body, sup(*specs, auto_shutdown="any_significant"), hand_off=hand_off)


def test_all_significant_waits_for_the_last(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        ref = sup_of(system)
        supervisor = ref.whereis()
        assert supervisor is not None
        end(await pid_of(ref, "a"), "normal")
        await system.idle()
        assert supervisor.alive
        diary.take()
        end(await pid_of(ref, "b"), "normal")
        assert await supervisor.down(timeout=1.0) is rg.SHUTDOWN
        assert diary.take() == ["-b", "-c"]

    specs = (
        worker("a", diary, restart="transient", significant=True),
        worker("b", diary, restart="temporary", significant=True),
        worker("c", diary),
    )
    play(body, sup(*specs, auto_shutdown="all_significant"), hand_off=hand_off)


def test_terminate_child_of_a_significant_one_is_no_end_of_its_own(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        await sup_of(system).call(rg.Supervisor.terminate_child("a"), timeout=1.0)
        await system.idle()
        assert sup_of(system).alive

    spec = worker("a", diary, restart="transient", significant=True)
    play(body, sup(spec, auto_shutdown="any_significant"), hand_off=hand_off)


def test_a_significant_child_between_restarts_still_counts_as_there(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        ref = sup_of(system)
        end(await pid_of(ref, "a"), "killed")
        await system.idle()
        end(await pid_of(ref, "b"), "normal")
        await system.idle()
        assert await states(ref) == {"a": "restarting", "b": "stopped"}

    specs = (worker(who, diary, restart="transient", significant=True) for who in "ab")
    backoff = rg.Backoff(base=9.0, jitter=0.0)
    play(body, sup(*specs, auto_shutdown="all_significant", backoff=backoff), hand_off=hand_off)


# -- stopping ----------------------------------------------------------------------------------


class Stubborn(rg.GenServer):
    """Takes `seconds` to terminate."""

    def init(self, seconds: float, ends: list[tuple[str, float]]) -> None:
        self.seconds = seconds
        self.ends = ends

    async def terminate(self, reason: rg.ExitReason) -> None:
        loop = asyncio.get_running_loop()
        self.ends.append(("asked", loop.time()))
        await asyncio.wait([loop.create_future()], timeout=self.seconds)
        self.ends.append(("done", loop.time()))


@pytest.mark.parametrize(
    ("shutdown", "seconds", "expected", "reason"),
    [
        (5.0, 3.0, [("asked", 0.0), ("done", 3.0)], rg.SHUTDOWN),
        (2.0, 3.0, [("asked", 0.0)], rg.KILLED),
        ("brutal_kill", 3.0, [], rg.KILLED),
        (None, 6.0, [("asked", 0.0)], rg.KILLED),
    ],
)
def test_a_child_has_its_shutdown_time(
    shutdown: ShutdownOption, seconds: float, expected: object, reason: rg.ExitReason, hand_off: bool
) -> None:
    ends: list[tuple[str, float]] = []
    spec = rg.child(Stubborn, id="s", args=(seconds, ends), shutdown=shutdown)

    async def body(system: rg.System) -> None:
        pid = await pid_of(sup_of(system), "s")
        waiting = asyncio.ensure_future(pid.down(timeout=60.0))
        await system.idle()
        await sup_of(system).call(rg.Supervisor.terminate_child("s"), timeout=60.0)
        assert await waiting is reason
        assert ends == expected

    play(body, sup(spec), hand_off=hand_off)


def test_shutdown_of_a_nested_supervisor_is_the_sum_of_its_children(hand_off: bool) -> None:
    ends: list[tuple[str, float]] = []
    slow = [rg.child(Stubborn, id=f"s{n}", args=(4.0, ends), shutdown=5.0) for n in range(3)]
    inner = rg.supervisor(slow, id="inner", name="inner")

    async def body(system: rg.System) -> None:
        pid = await pid_of(sup_of(system), "inner")
        waiting = asyncio.ensure_future(pid.down(timeout=60.0))
        await system.idle()
        await sup_of(system).call(rg.Supervisor.terminate_child("inner"), timeout=60.0)
        assert await waiting is rg.SHUTDOWN
        assert [what for what, _ in ends] == ["asked", "done"] * 3
        assert asyncio.get_running_loop().time() == 12.0

    play(body, sup(inner), hand_off=hand_off)


def test_an_unexpected_end_at_shutdown_is_reported(hand_off: bool, caplog: pytest.LogCaptureFixture) -> None:
    async def body(system: rg.System) -> None:
        await sup_of(system).call(rg.Supervisor.terminate_child("s"), timeout=60.0)
        contexts = [getattr(record, "regrow_context", None) for record in caplog.records]
        assert contexts.count("shutdown_error") == 1

    with caplog.at_level(logging.ERROR, "regrow"):
        play(body, sup(rg.child(Stubborn, id="s", args=(9.0, []), shutdown=1.0)), hand_off=hand_off)


def test_a_child_that_swallows_its_cancel_is_cancelled_again(hand_off: bool) -> None:
    class Deaf(rg.GenServer):
        @rg.cast
        async def wait(self) -> None:
            for _ in range(1):
                try:
                    await asyncio.get_running_loop().create_future()
                except asyncio.CancelledError:
                    continue
            await asyncio.get_running_loop().create_future()

    async def body(system: rg.System) -> None:
        pid = await pid_of(sup_of(system), "d")
        pid.cast(Deaf.wait())  # type: ignore[arg-type]
        await system.idle()
        await sup_of(system).call(rg.Supervisor.terminate_child("d"), timeout=60.0)
        assert not pid.alive
        assert system.statistics().zombies == 0
        assert await states(sup_of(system)) == {"d": "stopped"}

    play(body, sup(rg.child(Deaf, id="d", shutdown=1.0)), hand_off=hand_off)


@pytest.mark.parametrize("unlinks", [True, False])
def test_a_child_that_traps_or_unlinks_is_supervised_all_the_same(unlinks: bool, hand_off: bool) -> None:
    starts: list[int] = []

    async def naughty(parent: str, system_ref: list[rg.System]) -> None:
        starts.append(1)
        rg.trap_exit(True)
        above = system_ref[0].whereis(parent)
        if unlinks and above is not None:
            rg.unlink(above)
        await rg.receive(int)

    async def body(system: rg.System) -> None:
        box.append(system)
        ref = sup_of(system)
        spec = rg.child(naughty, id="n", args=("sup", box))
        pid = await ref.call(rg.Supervisor.start_child(spec), timeout=1.0)
        assert pid is not None
        await system.idle()
        pid.send(1)
        await system.idle()
        assert len(starts) == 2  # it ended normally and is permanent
        assert (await pid_of(ref, "n")) is not pid

    box: list[rg.System] = []
    play(body, sup(), hand_off=hand_off)


def test_an_exit_signal_that_a_living_child_sends_is_not_its_end(hand_off: bool) -> None:
    diary = Diary()

    class Liar(Worker):
        @rg.call
        def lie(self, above: rg.Pid[object]) -> None:
            above.exit("oops")

    async def body(system: rg.System) -> None:
        ref = sup_of(system)
        above = ref.whereis()
        assert above is not None
        pid = await pid_of(ref, "a")
        await pid.call(Liar.lie(above), timeout=1.0)  # type: ignore[arg-type]
        await system.idle()
        assert above.alive
        assert await pid_of(ref, "a") is pid
        assert diary.attempts["a"] == 1

    play(body, sup(rg.child(Liar, id="a", args=("a", diary))), hand_off=hand_off)


# -- nesting -----------------------------------------------------------------------------------


def test_a_nested_supervisor_that_gives_up_is_restarted_by_the_one_above(hand_off: bool) -> None:
    diary = Diary()
    inner = rg.supervisor([worker("x", diary), worker("y", diary)], id="inner", max_restarts=0)

    async def body(system: rg.System) -> None:
        before = await pid_of(sup_of(system), "inner")
        diary.take()
        row = await before.call(rg.Supervisor.which_children(), timeout=1.0)  # type: ignore[arg-type]
        assert row[0].pid is not None
        row[0].pid.kill()
        await system.idle()
        assert not before.alive
        assert (await pid_of(sup_of(system), "inner")).alive
        assert diary.take() == ["-y", "+x", "+y"]

    play(body, sup(inner), hand_off=hand_off)


def test_children_of_a_killed_supervisor_die_by_their_links(hand_off: bool) -> None:
    diary = Diary()
    reasons: list[rg.ExitReason] = []

    class Trapping(rg.GenServer):
        trap_exit = True

        def terminate(self, reason: rg.ExitReason) -> None:
            reasons.append(reason)

    async def body(system: rg.System) -> None:
        plain, trapping = await pid_of(sup_of(system), "a"), await pid_of(sup_of(system), "t")
        waits = [asyncio.ensure_future(pid.down(timeout=1.0)) for pid in (plain, trapping)]
        await system.idle()
        diary.take()
        sup_of(system).kill()
        assert [await wait for wait in waits] == [rg.KILLED, rg.KILLED]
        assert reasons == [rg.KILLED]  # the word of its supervisor: terminate runs
        assert diary.take() == []

    play(body, sup(worker("a", diary), rg.child(Trapping, id="t")), hand_off=hand_off)


def test_the_root_that_gives_up_fails_the_system(hand_off: bool) -> None:
    diary = Diary()
    cancelled: list[bool] = []

    async def body(system: rg.System) -> None:
        rows = await system.root.call(rg.Supervisor.which_children(), timeout=1.0)
        assert rows[0].pid is not None
        rows[0].pid.kill()
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    with pytest.raises(rg.errors.SystemFailed) as caught:
        play(body, worker("a", diary), max_restarts=0, hand_off=hand_off)
    assert caught.value.reason is rg.SHUTDOWN
    assert cancelled == [True]


# -- back-off ----------------------------------------------------------------------------------


class Fixed:
    """Stands for the system's random numbers."""

    def __init__(self, value: float) -> None:
        self.value = value

    def random(self) -> float:
        return self.value


@pytest.mark.parametrize(("jitter", "waits"), [(0.0, [1.0, 2.0, 4.0]), (0.5, [0.75, 1.5, 3.0])])
def test_restarts_back_off(jitter: float, waits: list[float], hand_off: bool) -> None:
    times: list[float] = []

    class Timed(rg.GenServer):
        def init(self) -> None:
            times.append(asyncio.get_running_loop().time())
            if 1 < len(times) < 4:
                raise RuntimeError("not yet")

    async def body(system: rg.System) -> None:
        (await pid_of(sup_of(system), "t")).kill()
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=20.0)
        assert [later - sooner for sooner, later in itertools.pairwise(times)] == waits
        assert await states(sup_of(system)) == {"t": "running"}

    spec = rg.supervisor(
        [rg.child(Timed, id="t")],
        name="sup",
        max_restarts=5,
        max_seconds=60.0,
        backoff=rg.Backoff(base=1.0, jitter=jitter),
    )
    ports = rg.Ports(random=lambda stream: Fixed(0.5))  # type: ignore[arg-type,return-value]
    play(body, spec, hand_off=hand_off, ports=ports)


def test_a_backed_off_restart_counts_once(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        supervisor = sup_of(system).whereis()
        assert supervisor is not None
        (await pid_of(sup_of(system), "a")).kill()
        assert await supervisor.down(timeout=60.0) is rg.SHUTDOWN
        assert diary.attempts["a"] == 1 + 2

    specs = worker("a", diary, failing=range(2, 99))
    backoff = rg.Backoff(base=0.5, jitter=0.0)
    play(body, sup(specs, max_restarts=2, backoff=backoff), hand_off=hand_off)


def test_the_base_of_supervisors_leaves_the_sum_to_its_kinds() -> None:
    with pytest.raises(NotImplementedError):
        SupervisorBase().shutdown_seconds()
