"""One supervisor and its children: restart types, budget, child management, start and stop."""

from __future__ import annotations

import asyncio

import pytest

import regrow as rg
from regrow.core.options import Restart
from regrow.testing import run_virtual
from tests.runtime.kit import play
from tests.runtime.kit_supervision import (
    HOWS,
    NORMAL_ENDS,
    Diary,
    How,
    children,
    end,
    pid_of,
    states,
    worker,
)


def sup_of(system: rg.System) -> rg.Ref[rg.Supervisor]:
    return system.ref("sup", rg.Supervisor)


def sup(*specs: rg.ChildSpec, max_restarts: int = 100, max_seconds: float = 5.0) -> rg.ChildSpec:
    return rg.supervisor(
        specs, name="sup", restart="temporary", max_restarts=max_restarts, max_seconds=max_seconds
    )


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("restart", ["permanent", "transient", "temporary"])
def test_who_is_restarted_after_which_end(restart: Restart, how: How, hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        ref = sup_of(system)
        before = await pid_of(ref, "a")
        end(before, how)
        await system.idle()
        assert not before.alive
        rows = await children(ref)
        again = restart == "permanent" or (restart == "transient" and how not in NORMAL_ENDS)
        assert diary.attempts["a"] == (2 if again else 1)
        if again:
            assert rows["a"].state == "running"
            assert rows["a"].pid is not before
        elif restart == "transient":
            assert (rows["a"].state, rows["a"].pid) == ("stopped", None)  # the spec stays
        else:
            assert "a" not in rows
        assert rows["b"].state == "running"
        assert diary.attempts["b"] == 1

    play(body, sup(worker("a", diary, restart=restart), worker("b", diary)), hand_off=hand_off)


def test_children_start_in_order_and_stop_in_reverse(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        assert diary.take() == ["+a", "+b", "+c"]

    play(body, sup(*(worker(who, diary) for who in "abc")), hand_off=hand_off)
    assert diary.take() == ["-c", "-b", "-a"]


# -- the budget --------------------------------------------------------------------------------


@pytest.mark.parametrize("allowed", [0, 1, 3])
def test_the_budget_is_exceeded_at_one_more_than_allowed(allowed: int, hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        exceeded: list[object] = []
        system.events.subscribe("supervisor.budget_exceeded", exceeded.append)
        supervisor = sup_of(system).whereis()
        assert supervisor is not None
        for count in range(allowed):
            (await pid_of(sup_of(system), "a")).kill()
            await system.idle()
            assert supervisor.alive, count
        (await pid_of(sup_of(system), "a")).kill()
        assert await supervisor.down(timeout=1.0) is rg.SHUTDOWN
        assert diary.attempts["a"] == allowed + 1
        assert len(exceeded) == 1

    play(body, sup(worker("a", diary), max_restarts=allowed), hand_off=hand_off)


@pytest.mark.parametrize(("wait", "survives"), [(4.999, False), (5.0, False), (5.001, True)])
def test_the_window_is_exact_in_float_seconds(wait: float, survives: bool, hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        supervisor = sup_of(system).whereis()
        assert supervisor is not None
        (await pid_of(sup_of(system), "a")).kill()
        await system.idle()
        loop = asyncio.get_running_loop()
        moved = loop.create_future()
        loop.call_at(loop.time() + wait, moved.set_result, None)
        await moved
        (await pid_of(sup_of(system), "a")).kill()
        await system.idle()
        assert supervisor.alive is survives

    play(body, sup(worker("a", diary), max_restarts=1, max_seconds=5.0), hand_off=hand_off)


def test_every_attempt_of_a_failing_restart_counts(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        supervisor = sup_of(system).whereis()
        assert supervisor is not None
        (await pid_of(sup_of(system), "a")).kill()
        assert await supervisor.down(timeout=1.0) is rg.SHUTDOWN
        assert diary.attempts["a"] == 1 + 3

    play(body, sup(worker("a", diary, failing=range(2, 99)), max_restarts=3), hand_off=hand_off)


def test_a_failing_restart_is_tried_until_it_works(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        failed: list[object] = []
        system.events.subscribe("supervisor.restart_failed", failed.append)
        (await pid_of(sup_of(system), "a")).kill()
        await system.idle()
        assert await states(sup_of(system)) == {"a": "running", "b": "running"}
        assert diary.take() == ["+a", "+b", "!a", "!a", "+a"]
        assert len(failed) == 2

    children_ = worker("a", diary, failing=(2, 3)), worker("b", diary)
    play(body, sup(*children_, max_restarts=3), hand_off=hand_off)


def test_normal_ends_of_transient_and_temporary_children_never_count(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        ref = sup_of(system)
        for _ in range(5):
            end(await pid_of(ref, "a"), "normal")
            await system.idle()
            await ref.call(rg.Supervisor.restart_child("a"), timeout=1.0)
        end(await pid_of(ref, "t"), "crash")
        await system.idle()
        assert ref.alive
        assert diary.attempts["a"] == 6

    specs = worker("a", diary, restart="transient"), worker("t", diary, restart="temporary")
    play(body, sup(*specs, max_restarts=0), hand_off=hand_off)


def test_a_supervisor_that_gives_up_stops_its_children_in_reverse(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        diary.take()
        supervisor = sup_of(system).whereis()
        assert supervisor is not None
        (await pid_of(sup_of(system), "b")).kill()
        await supervisor.down(timeout=1.0)
        assert diary.take() == ["-c", "-a"]

    play(body, sup(*(worker(who, diary) for who in "abc"), max_restarts=0), hand_off=hand_off)


# -- starting ----------------------------------------------------------------------------------


def test_a_first_start_that_fails_undoes_what_had_started(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        raise AssertionError("it must not come so far")

    with pytest.raises(rg.errors.ChildStartFailed) as caught:
        play(body, worker("a", diary), worker("b", diary), worker("c", diary, failing=[1]), hand_off=hand_off)
    assert caught.value.child_id == "c"
    assert isinstance(caught.value.reason, rg.Crash)
    assert diary.take() == ["+a", "+b", "!c", "-b", "-a"]


def test_a_failing_grandchild_names_the_whole_path(hand_off: bool) -> None:
    diary = Diary()
    inner = rg.supervisor([worker("x", diary), worker("y", diary, failing=[1])], id="inner")

    async def body(system: rg.System) -> None:
        raise AssertionError("it must not come so far")

    with pytest.raises(rg.errors.ChildStartFailed) as caught:
        play(body, worker("a", diary), inner, hand_off=hand_off)
    assert caught.value.child_id == "inner"
    reason = caught.value.reason
    assert isinstance(reason, rg.Shutdown)
    assert isinstance(reason.detail, tuple)
    assert reason.detail[:2] == ("failed_to_start_child", "y")
    assert diary.take() == ["+a", "+x", "!y", "-x", "-a"]


def test_children_that_ignore_keep_their_spec_unless_temporary(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        ref = sup_of(system)
        assert await states(ref) == {"a": "stopped", "b": "stopped"}
        assert await ref.call(rg.Supervisor.restart_child("a"), timeout=1.0) is not None
        assert await ref.call(rg.Supervisor.restart_child("b"), timeout=1.0) is None
        assert await states(ref) == {"a": "running", "b": "stopped"}

    specs = (
        worker("a", diary, ignoring=[1]),
        worker("b", diary, restart="transient", ignoring=[1, 2]),
        worker("c", diary, restart="temporary", ignoring=[1]),
    )
    play(body, sup(*specs), hand_off=hand_off)


def test_a_restart_may_ignore(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        (await pid_of(sup_of(system), "a")).kill()
        await system.idle()
        assert await states(sup_of(system)) == {"a": "stopped"}

    play(body, sup(worker("a", diary, ignoring=[2])), hand_off=hand_off)


def test_a_child_that_hangs_in_init_fails_at_its_start_timeout(hand_off: bool) -> None:
    class Hanging(rg.GenServer):
        async def init(self) -> None:
            await asyncio.Event().wait()

    async def body(system: rg.System) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        spec = rg.child(Hanging, id="h", start_timeout=2.0)
        with pytest.raises(rg.errors.StartTimeout, match="2 s"):
            await sup_of(system).call(rg.Supervisor.start_child(spec), timeout=60.0)
        assert loop.time() - begun == 2.0
        assert await states(sup_of(system)) == {}

    play(body, sup(), hand_off=hand_off)


def test_a_start_that_is_cancelled_leaves_nothing(hand_off: bool) -> None:
    diary = Diary()

    class Hanging(rg.GenServer):
        async def init(self) -> None:
            await asyncio.Event().wait()

    async def main() -> None:
        system = rg.System([worker("a", diary), rg.child(Hanging)], hand_off=hand_off)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await system.start()
        assert system.state == "not started"
        assert diary.take() == ["+a", "-a"]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    from regrow.testing import run_virtual

    run_virtual(main(), limit=10.0)


# -- child management --------------------------------------------------------------------------


def test_start_child_refuses_an_id_that_is_there(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        ref = sup_of(system)
        running = await pid_of(ref, "a")
        with pytest.raises(rg.errors.ChildAlreadyStarted) as caught:
            await ref.call(rg.Supervisor.start_child(worker("a", diary)), timeout=1.0)
        assert caught.value.pid is running
        await ref.call(rg.Supervisor.terminate_child("a"), timeout=1.0)
        with pytest.raises(rg.errors.ChildAlreadyPresent):
            await ref.call(rg.Supervisor.start_child(worker("a", diary)), timeout=1.0)

    play(body, sup(worker("a", diary)), hand_off=hand_off)


def test_start_child_that_fails_keeps_no_spec(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        ref = sup_of(system)
        with pytest.raises(rg.errors.InitFailed):
            await ref.call(rg.Supervisor.start_child(worker("b", diary, failing=[1])), timeout=1.0)
        with pytest.raises(rg.errors.NameTaken):
            await ref.call(rg.Supervisor.start_child(worker("c", diary, name="sup")), timeout=1.0)
        with pytest.raises(rg.errors.NotAChildSpec):
            await ref.call(rg.Supervisor.start_child("d"), timeout=1.0)  # type: ignore[arg-type]
        with pytest.raises(rg.errors.BadSignificant):
            spec = worker("e", diary, restart="transient", significant=True)
            await ref.call(rg.Supervisor.start_child(spec), timeout=1.0)
        assert await states(ref) == {}

    play(body, sup(), hand_off=hand_off)


def test_a_server_class_that_cannot_run_does_not_hurt_the_supervisor(hand_off: bool) -> None:
    class Wrong(rg.GenServer):
        mailbox = "big"  # type: ignore[assignment]

    async def body(system: rg.System) -> None:
        before = sup_of(system).whereis()
        with pytest.raises(rg.errors.BadServer, match="'big'"):
            await sup_of(system).call(rg.Supervisor.start_child(rg.child(Wrong)), timeout=1.0)
        assert sup_of(system).whereis() is before

    play(body, sup(), hand_off=hand_off)


def test_a_child_is_terminated_restarted_and_deleted(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        ref = sup_of(system)
        for operation in (rg.Supervisor.restart_child, rg.Supervisor.delete_child):
            with pytest.raises(rg.errors.ChildRunning):
                await ref.call(operation("a"), timeout=1.0)
        for unknown in (
            rg.Supervisor.restart_child,
            rg.Supervisor.delete_child,
            rg.Supervisor.terminate_child,
        ):
            with pytest.raises(rg.errors.NoSuchChild, match="'z'"):
                await ref.call(unknown("z"), timeout=1.0)
        await ref.call(rg.Supervisor.terminate_child("a"), timeout=1.0)
        await ref.call(rg.Supervisor.terminate_child("a"), timeout=1.0)  # twice is fine
        assert await states(ref) == {"a": "stopped", "b": "running"}
        assert await ref.call(rg.Supervisor.restart_child("a"), timeout=1.0) is await pid_of(ref, "a")
        await ref.call(rg.Supervisor.terminate_child("a"), timeout=1.0)
        await ref.call(rg.Supervisor.delete_child("a"), timeout=1.0)
        assert await states(ref) == {"b": "running"}
        await ref.call(rg.Supervisor.terminate_child("b"), timeout=1.0)
        assert await states(ref) == {}  # a temporary child goes with its spec
        assert diary.take() == ["+a", "+b", "-a", "+a", "-a", "-b"]

    play(body, sup(worker("a", diary), worker("b", diary, restart="temporary")), hand_off=hand_off)


def test_restart_child_that_fails_keeps_the_spec(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        ref = sup_of(system)
        await ref.call(rg.Supervisor.terminate_child("a"), timeout=1.0)
        with pytest.raises(rg.errors.InitFailed):
            await ref.call(rg.Supervisor.restart_child("a"), timeout=1.0)
        assert await states(ref) == {"a": "stopped"}

    play(body, sup(worker("a", diary, failing=[2])), hand_off=hand_off)


def test_a_child_between_restarts_can_only_be_terminated(hand_off: bool) -> None:
    diary = Diary()
    spec = rg.supervisor(
        [worker("a", diary)], name="sup", restart="temporary", backoff=rg.Backoff(base=10.0, jitter=0.0)
    )

    async def body(system: rg.System) -> None:
        ref = sup_of(system)
        (await pid_of(ref, "a")).kill()
        await system.idle()
        assert await states(ref) == {"a": "restarting"}
        for operation in (rg.Supervisor.restart_child, rg.Supervisor.delete_child):
            with pytest.raises(rg.errors.ChildRestarting):
                await ref.call(operation("a"), timeout=1.0)
        await ref.call(rg.Supervisor.terminate_child("a"), timeout=1.0)
        assert await states(ref) == {"a": "stopped"}
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=60.0)
        assert diary.attempts["a"] == 1  # the restart that was planned is void

    play(body, spec, hand_off=hand_off)


def test_counts_are_those_of_otp(hand_off: bool) -> None:
    diary = Diary()
    inner = rg.supervisor([worker("x", diary)], id="inner")

    async def body(system: rg.System) -> None:
        ref = sup_of(system)
        await ref.call(rg.Supervisor.terminate_child("b"), timeout=1.0)
        counts = await ref.call(rg.Supervisor.count_children(), timeout=1.0)
        assert (counts.specs, counts.active, counts.supervisors, counts.workers) == (3, 2, 1, 2)
        assert [row.id for row in (await children(ref)).values()] == ["a", "b", "inner"]
        assert (await children(ref))["inner"].kind == "supervisor"

    play(body, sup(worker("a", diary), worker("b", diary), inner), hand_off=hand_off)


def test_a_dead_child_is_not_active_even_before_its_exit_is_handled(hand_off: bool) -> None:
    diary = Diary()

    async def body(system: rg.System) -> None:
        ref = sup_of(system)
        pid = await pid_of(ref, "a")
        supervisor = ref.whereis()
        assert supervisor is not None
        system.suspend(supervisor)
        count = asyncio.ensure_future(ref.call(rg.Supervisor.count_children(), timeout=1.0))
        await system.idle()  # the question stands in the mailbox, the EXIT comes after it
        pid.kill()
        await system.idle()
        system.resume(supervisor)
        assert (await count).active == 0
        await system.idle()
        assert diary.attempts["a"] == 2

    play(body, sup(worker("a", diary)), hand_off=hand_off)


class ByHand(rg.Supervisor):
    """Puts its spec together without `SupervisorSpec.of`, so nothing of it has been checked."""

    def init(self, flags: rg.SupervisorFlags) -> rg.SupervisorSpec:  # type: ignore[override]
        one = worker("a", Diary())
        return rg.SupervisorSpec((one, one), flags)


@pytest.mark.parametrize(
    ("flags", "error"),
    [
        (rg.SupervisorFlags(), "DuplicateChild"),
        (rg.SupervisorFlags(max_restarts=-1), "BadIntensity"),
        (rg.SupervisorFlags(strategy="some"), "BadStrategy"),  # type: ignore[arg-type]
    ],
)
def test_what_a_supervisors_own_init_returns_is_checked(flags: rg.SupervisorFlags, error: str) -> None:
    async def main() -> None:
        with pytest.raises(rg.errors.ChildStartFailed, match=error):
            await rg.System([rg.child(ByHand, args=(flags,))]).start()

    run_virtual(main())
