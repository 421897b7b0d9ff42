"""Waiting for ends, restarts, trees and rest, before or after they have come."""

from __future__ import annotations

import asyncio
import threading

import pytest

import regrow as rg
import regrow.testing as rt
from tests.runtime.kit import pause
from tests.testing.servers import Counter, counter, later, now, play


class Slow(rg.GenServer):
    """Takes a second to be up again."""

    starts = 0

    async def init(self) -> None:
        Slow.starts += 1
        if Slow.starts > 1:
            await pause(1.0)

    @rg.cast
    def crash(self) -> None:
        raise RuntimeError


@pytest.fixture(autouse=True)
def first_start() -> None:
    Slow.starts = 0


def pid_of(system: rg.System, name: str) -> rg.Pid[Counter]:
    pid = system.ref(name, Counter).whereis()
    assert pid is not None
    return pid


# -- wait_down -----------------------------------------------------------------------------------


def test_the_end_of_a_process_gives_its_reason() -> None:
    async def body(system: rg.System) -> None:
        pid = pid_of(system, "counter")
        later(0.5, lambda: pid.exit("enough"))
        assert await rt.wait_down(pid) == "enough"
        assert now() == 0.5
        assert await rt.wait_down(pid) is rg.NOPROC
        ref = system.ref("counter", Counter)
        ref.cast(Counter.crash())
        assert isinstance(await rt.wait_down(ref), rg.Crash)

    play(body)


def test_a_process_that_does_not_end_fails_the_test() -> None:
    async def body(system: rg.System) -> None:
        pid = pid_of(system, "counter")
        with pytest.raises(rg.errors.StillAlive) as caught:
            await rt.wait_down(pid, timeout=0.5)
        assert now() == 0.5
        assert caught.value.pid is pid
        assert str(caught.value).splitlines()[:3] == [
            f"not within 0.5 s: the end of {pid}",
            "it lives",
            "regrow: running",
        ]
        with pytest.raises(rg.errors.BadWait, match=r"^'counter' can't be used: give a Pid or a Ref$"):
            await rt.wait_down("counter")  # type: ignore[arg-type]

    play(body)


# -- wait_restart --------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["before", "meanwhile", "long after"])
def test_a_restart_is_found_whenever_one_begins_to_wait(when: str) -> None:
    async def body(system: rg.System) -> None:
        old = pid_of(system, "counter")
        if when == "before":
            later(0.5, old.kill)
        else:
            old.kill()
        if when == "long after":
            await rt.wait_idle()
            assert not old.alive
        new = await rt.wait_restart(old)
        assert new is system.whereis("counter")
        assert new is not old
        assert await new.call(Counter.get(), timeout=1.0) == 0
        assert now() == (0.5 if when == "before" else 0.0)

    play(body)


def test_it_waits_until_the_init_of_the_new_one_is_done() -> None:
    async def body(system: rg.System) -> None:
        slow = system.ref("slow", Slow)
        old = slow.whereis()
        assert old is not None
        slow.cast(Slow.crash())
        new = await rt.wait_restart(old, timeout=2.0)
        assert now() == 1.0
        assert new is slow.whereis()

    play(body, rg.child(Slow, name="slow"))


def test_one_without_a_name_is_found_by_its_id() -> None:
    async def body(system: rg.System) -> None:
        first, second = await system.root.call(rg.Supervisor.which_children(), timeout=1.0)
        assert first.pid is not None
        assert second.pid is not None
        first.pid.kill()  # one_for_all: the other is restarted with it
        new = await rt.wait_restart(second.pid)
        now_there = await system.root.call(rg.Supervisor.which_children(), timeout=1.0)
        assert [one.pid for one in now_there] == [await rt.wait_restart(first.pid), new]

    async def main() -> None:
        children = [counter(None, id="a"), counter(None, id="b")]
        async with rg.System(children, strategy="one_for_all") as system:
            await body(system)

    rt.run_virtual(main())


def test_a_restart_that_does_not_come_says_whether_the_old_one_lives() -> None:
    async def body(system: rg.System) -> None:
        pid = pid_of(system, "counter")
        with pytest.raises(rg.errors.NotRestarted) as caught:
            await rt.wait_restart(pid)
        assert caught.value.alive
        assert str(caught.value).splitlines()[:2] == [f"not within 1 s: a restart of {pid}", "it lives"]
        await system.root.call(rg.Supervisor.terminate_child("counter"), timeout=1.0)
        with pytest.raises(rg.errors.NotRestarted) as caught:
            await rt.wait_restart(pid)
        assert not caught.value.alive
        assert str(caught.value).splitlines()[1] == "it has ended, and nobody has taken its place"

    play(body)


def test_who_is_never_restarted_or_not_known_again_is_refused() -> None:
    async def plain() -> None:
        await rg.receive()

    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.BadWait, match=r"taken before the crash: old = ref.whereis"):
            await rt.wait_restart(system.ref("counter", Counter))  # type: ignore[arg-type]
        with pytest.raises(rg.errors.BadWait, match="so nobody restarts it"):
            await rt.wait_restart(system.spawn(plain))
        with pytest.raises(rg.errors.BadWait, match="a temporary child, which is never restarted"):
            await rt.wait_restart(pid_of(system, "once"))
        dynamic = system.ref("dynamic", rg.DynamicSupervisor)
        start = rg.DynamicSupervisor.start_child(counter(None))
        nameless = await dynamic.call(start, timeout=1.0)
        assert nameless is not None
        with pytest.raises(
            rg.errors.BadWait, match=r"it has no name, by which its successor under .*; give one"
        ):
            await rt.wait_restart(nameless)
        named = await dynamic.call(rg.DynamicSupervisor.start_child(counter("named")), timeout=1.0)
        assert named is not None
        named.kill()
        assert await rt.wait_restart(named) is system.whereis("named")
        assert now() == 0.0

    play(body, counter(), counter("once", restart="temporary"), rg.dynamic_supervisor(name="dynamic"))


# -- wait_tree_ready -----------------------------------------------------------------------------


def tree() -> rg.ChildSpec:
    return rg.supervisor([rg.child(Slow, name="slow"), counter()], id="sub", name="sub")


@pytest.mark.parametrize("target", ["system", "pid", "ref"])
def test_a_tree_is_ready_when_all_that_was_restarted_is_up(target: str) -> None:
    async def body(system: rg.System) -> None:
        sub = system.ref("sub", rg.Supervisor)
        pid = sub.whereis()
        assert pid is not None
        targets: dict[str, rg.System | rg.types.Address[rg.Supervisor]] = {
            "system": system,
            "pid": pid,
            "ref": sub,
        }
        await rt.wait_tree_ready(targets[target])
        assert now() == 0.0
        system.ref("slow", Slow).cast(Slow.crash())
        await rt.wait_idle()
        await rt.wait_tree_ready(targets[target], timeout=2.0)
        assert now() == 1.0

    play(body, tree())


def test_a_tree_that_is_not_up_in_time_says_what_is_missing() -> None:
    async def body(system: rg.System) -> None:
        old = system.whereis("slow")
        system.ref("slow", Slow).cast(Slow.crash())
        await rt.wait_for(lambda: system.whereis("slow") not in (old, None))
        new = system.whereis("slow")
        with pytest.raises(rg.errors.NotReady) as caught:
            await rt.wait_tree_ready(system, timeout=0.5)
        assert caught.value.missing == (f"{new} (starting)",)
        assert str(caught.value).splitlines()[:2] == [
            "not within 0.5 s: <System 'regrow' running> is ready",
            f"not up: {new} (starting)",
        ]

    play(body, tree())


def test_a_child_between_two_lives_is_missing_and_one_that_was_stopped_is_not() -> None:
    class Ignores(rg.GenServer):
        def init(self) -> object:  # type: ignore[override]
            return rg.Ignore

    async def main() -> None:
        backoff = rg.supervisor(
            [counter(), rg.child(Ignores)],
            id="sub",
            name="sub",
            backoff=rg.Backoff(base=5.0, jitter=0.0),
        )
        async with rg.System([backoff]) as system:
            sub = system.ref("sub", rg.Supervisor)
            await rt.wait_tree_ready(sub)
            system.ref("counter", Counter).cast(Counter.crash())
            await rt.wait_idle()
            with pytest.raises(rg.errors.NotReady) as caught:
                await rt.wait_tree_ready(sub)
            assert caught.value.missing == (f"child 'counter' of {sub.whereis()} (restarting)",)
            await rt.wait_tree_ready(sub, timeout=10.0)
            assert now() == 5.0

    rt.run_virtual(main())


def test_what_is_no_tree_is_refused_and_what_does_not_run_is_not_ready() -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.BadWait, match="it is no supervisor"):
            await rt.wait_tree_ready(pid_of(system, "counter"))  # type: ignore[arg-type]
        with pytest.raises(rg.errors.BadWait, match="give a System, or the Pid or Ref of a supervisor"):
            await rt.wait_tree_ready("sub")  # type: ignore[arg-type]
        with pytest.raises(rg.errors.NotReady, match="not up: <Ref 'sub' Supervisor>"):
            await rt.wait_tree_ready(system.ref("sub", rg.Supervisor))
        other = rg.System([counter()], name="other")
        with pytest.raises(rg.errors.NotReady, match="not up: <System 'other' not started>"):
            await rt.wait_tree_ready(other)

    play(body)


# -- wait_idle -----------------------------------------------------------------------------------


class Relay(rg.GenServer):
    """Passes a message on to itself, so many times; or does something else that goes on for a while."""

    def init(self, gate: threading.Event | None = None) -> None:
        self.gate = gate
        self.done = 0

    @rg.cast
    def relay(self, left: float) -> None:
        self.done += 1
        if left:
            self.pid.cast(Relay.relay(left - 1))

    @rg.cast
    async def relay_slowly(self) -> None:
        await pause(0)
        self.pid.cast(Relay.relay_slowly())

    @rg.cast(blocking=True)
    def thread(self) -> None:
        assert self.gate is not None
        self.gate.wait(5.0)
        self.done += 1

    @rg.call
    def count(self) -> int:
        return self.done


def test_rest_is_when_no_system_and_no_task_could_go_on() -> None:
    async def steps() -> str:
        for _ in range(100):
            await pause(0)
        return "done"

    async def body(system: rg.System) -> None:
        async with rg.System([rg.child(Relay, name="r")], name="other") as other:
            rg.send_after(system.ref("r", Relay), "later", 60.0)
            system.ref("r", Relay).cast(Relay.relay(2000))
            other.ref("r", Relay).cast(Relay.relay(3000))
            task = asyncio.create_task(steps())
            await rt.wait_idle()
            assert now() == 0.0
            assert task.result() == "done"
            assert await system.ref("r", Relay).call(Relay.count(), timeout=1.0) == 2001
            assert await other.ref("r", Relay).call(Relay.count(), timeout=1.0) == 3001

    play(body, rg.child(Relay, name="r"))


def test_rest_needs_no_system() -> None:
    async def main() -> None:
        found: list[int] = []
        asyncio.get_running_loop().call_soon(found.append, 1)
        await rt.wait_idle()
        assert found == [1]

    rt.run_virtual(main())


def test_blocking_handlers_are_waited_for() -> None:
    async def body(system: rg.System) -> None:
        waiting = asyncio.create_task(rt.wait_idle())
        await rt.wait_for(lambda: system.listing.processes()[-1].state == "running")
        assert not waiting.done()
        gate.set()
        await waiting
        assert await system.ref("r", Relay).call(Relay.count(), timeout=1.0) == 1

    gate = threading.Event()

    async def main() -> None:
        async with rg.System([rg.child(Relay, name="r", args=(gate,))]) as system:
            system.ref("r", Relay).cast(Relay.thread())
            await body(system)

    rt.run_virtual(main())


def test_endless_work_fails_the_test_and_is_named() -> None:
    async def body(system: rg.System) -> None:
        system.ref("r", Relay).cast(Relay.relay_slowly())
        with pytest.raises(rg.errors.NeverIdle) as caught:
            await rt.wait_idle()
        assert now() == 0.0
        pid = system.whereis("r")
        assert caught.value.busy == (pid,)
        assert str(caught.value).startswith(
            f"not idle after 10000 passes of the loop; at work: {pid}; if that is right, wait for what you"
            " need by wait_for instead\nregrow: running\n"
        )

    play(body, rg.child(Relay, name="r"))


def test_a_task_that_never_rests_is_no_process() -> None:
    async def spins() -> None:
        while True:
            await pause(0)

    async def main() -> None:
        task = asyncio.create_task(spins())
        with pytest.raises(rg.errors.NeverIdle, match="at work: no process, so a task or callback; if that"):
            await rt.wait_idle()
        task.cancel()

    rt.run_virtual(main())


def test_work_that_takes_time_fails_after_the_timeout() -> None:
    """On a loop whose time moves although something is ready."""

    async def main() -> None:
        async with rg.System([rg.child(Relay, name="r")]) as system:
            system.ref("r", Relay).cast(Relay.relay(float("inf")))
            with pytest.raises(rg.errors.NeverIdle, match=r"^not idle after 0.02 s; at work: "):
                await rt.wait_idle(timeout=0.02)
            system.kill()

    asyncio.run(main())
