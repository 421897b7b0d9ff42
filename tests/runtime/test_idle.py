"""`idle()`: returns when nothing could go on, not before, and does not wait for timers or the world."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest

import regrow as rg
from regrow.testing import pass_time, run_virtual
from tests.runtime.life_servers import Worker, worker
from tests.runtime.loops import LOOPS, Factory, run_on


class Chain(rg.GenServer):
    """Work that goes on after the call or cast that began it."""

    def init(self) -> None:
        self.done = 0
        self.gate = threading.Event()

    @rg.cast
    def relay(self, left: int) -> None:
        self.done += 1
        if left:
            self.pid.cast(Chain.relay(left - 1))

    @rg.cast
    async def steps(self, n: int, begun: asyncio.Event | None = None) -> None:
        if begun is not None:
            begun.set()
        for _ in range(n):
            await pass_time(0)  # a task that is ready again at once
        self.done += 1

    @rg.cast
    async def gathers(self, depth: int) -> None:
        await nested(depth)
        self.done += 1

    @rg.cast(blocking=True)
    def thread(self) -> None:
        self.gate.wait(5.0)
        self.done += 1

    @rg.cast
    async def waits(self) -> None:
        await asyncio.get_running_loop().create_future()

    @rg.cast
    async def sleeps(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 3600.0)

    def handle_info(self, message: object) -> None:
        self.done += 1

    @rg.call
    def count(self) -> int:
        return self.done


async def nested(depth: int) -> None:
    if depth:
        await asyncio.gather(nested(depth - 1), asyncio.wait_for(nested(depth - 1), 60.0))
    else:
        await pass_time(0)  # a task that is ready again at once


def on(
    loop_factory: Factory,
    body: Callable[[rg.System], Coroutine[Any, Any, None]],
) -> None:
    async def main() -> None:
        async with rg.System([rg.child(Chain, name="chain"), worker("a")]) as system:
            await body(system)

    run_on(loop_factory, main())


@pytest.mark.parametrize("loop_factory", LOOPS)
@pytest.mark.parametrize(
    "message",
    [Chain.relay(5000), Chain.steps(300), Chain.gathers(3)],
    ids=["messages", "steps of a task", "callbacks"],
)
def test_it_waits_for_whatever_can_go_on(message: rg.types.CastMessage[Chain], loop_factory: Factory) -> None:
    async def body(system: rg.System) -> None:
        chain = system.ref("chain", Chain)
        chain.cast(message)
        await system.idle()
        expected = 5001 if message == Chain.relay(5000) else 1
        assert await chain.call(Chain.count(), timeout=1.0) == expected

    on(loop_factory, body)


@pytest.mark.parametrize("loop_factory", LOOPS)
def test_it_waits_for_blocking_handlers(loop_factory: Factory) -> None:
    async def body(system: rg.System) -> None:
        chain = system.ref("chain", Chain)
        gate: list[threading.Event] = []

        class Spy(Chain):
            def init(self) -> None:
                super().init()
                gate.append(self.gate)

        await system.root.call(rg.Supervisor.start_child(rg.child(Spy, name="spy")), timeout=1.0)
        spy = system.ref("spy", Spy)
        spy.cast(Chain.thread())
        waiting = asyncio.create_task(system.idle())
        chain.cast(Chain.relay(10))
        await rg.sync(chain, timeout=1.0)
        assert not waiting.done()
        gate[0].set()
        await waiting
        assert await spy.call(Chain.count(), timeout=1.0) == 1

    on(loop_factory, body)


@pytest.mark.parametrize("loop_factory", LOOPS)
@pytest.mark.parametrize("message", [Chain.waits(), Chain.sleeps()], ids=["the world", "a timer"])
def test_it_does_not_wait_for_what_only_the_world_or_time_can_move(
    message: rg.types.CastMessage[Chain], loop_factory: Factory
) -> None:
    async def body(system: rg.System) -> None:
        begun = asyncio.get_running_loop().time()
        system.ref("chain", Chain).cast(message)
        rg.send_after(system.ref("chain", Chain), "later", 3600.0)
        await system.idle()
        assert asyncio.get_running_loop().time() - begun < 3000.0

    on(loop_factory, body)


@pytest.mark.parametrize("loop_factory", LOOPS)
def test_those_who_wait_do_not_keep_each_other_waiting(
    loop_factory: Factory,
) -> None:
    async def body(system: rg.System) -> None:
        async with rg.System([worker("a")], name="other") as other:
            await asyncio.gather(system.idle(), other.idle(), system.idle(), other.idle())
            assert await other.ref("a", Worker).call(Worker.ping(), timeout=1.0) == "a"

    on(loop_factory, body)


@pytest.mark.parametrize("loop_factory", LOOPS)
def test_a_restart_is_over_when_it_returns(loop_factory: Factory) -> None:
    async def body(system: rg.System) -> None:
        old = system.whereis("a")
        with pytest.raises(rg.errors.ProcessExited):
            await system.ref("a", Worker).call(Worker.crash(), timeout=1.0)
        await system.idle()
        new = system.whereis("a")
        assert new is not None
        assert new is not old

    on(loop_factory, body)


def test_a_cancelled_wait_leaves_no_trace() -> None:
    async def body() -> None:
        async with rg.System([worker("a")]) as system:
            waiting = asyncio.create_task(system.idle())
            await pass_time(0)  # it begins
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await system.idle()
            assert await system.ref("a", Worker).call(Worker.ping(), timeout=1.0) == "a"

    run_virtual(body())


def test_a_handler_may_wait_for_it_too() -> None:
    class Waits(rg.GenServer):
        @rg.call
        async def until_idle(self) -> str:
            await self.system.idle()
            return "idle"

    async def body() -> None:
        async with rg.System([rg.child(Waits, name="w"), rg.child(Chain, name="chain")]) as system:
            system.ref("chain", Chain).cast(Chain.relay(100))
            assert await system.ref("w", Waits).call(Waits.until_idle(), timeout=1.0) == "idle"
            assert await system.ref("chain", Chain).call(Chain.count(), timeout=1.0) == 101

    run_virtual(body())


# -- suspend -----------------------------------------------------------------------------------


@pytest.mark.parametrize("busy", ["idle", "queued", "warm", "running"])
def test_a_suspended_server_handles_nothing_until_it_is_resumed(busy: str, hand_off: bool) -> None:
    async def body() -> None:
        async with rg.System([rg.child(Chain, name="chain")], hand_off=hand_off) as system:
            pid = system.whereis("chain")
            assert pid is not None
            chain = system.ref("chain", Chain)
            begun = asyncio.Event()
            done = 0
            if busy in ("warm", "running"):
                chain.cast(Chain.steps(3, begun))
                done = 1
            if busy == "warm":
                await system.idle()
            elif busy == "running":
                await begun.wait()
            elif busy == "queued":
                chain.cast(Chain.relay(0))
            system.suspend(pid)
            chain.cast(Chain.relay(0))
            chain.cast(Chain.steps(1))
            call = asyncio.create_task(chain.call(Chain.count(), timeout=5.0))
            await system.idle()
            assert not call.done()
            system.resume(pid)
            assert await call == done + 2 + (busy == "queued")

    run_virtual(body())


def test_exit_signals_reach_the_suspended() -> None:
    async def body() -> None:
        children = [worker("a"), worker("b"), rg.supervisor([worker("c")], id="sub", name="sub")]
        async with rg.System(children) as system:
            before = [system.whereis(name) for name in ("a", "b", "sub")]
            a, b, sub = before
            assert a is not None
            assert b is not None
            assert sub is not None
            for pid in (a, b, sub):
                system.suspend(pid)
            a.kill()
            b.exit("bad")
            await system.root.call(rg.Supervisor.terminate_child("sub"), timeout=1.0)
            assert asyncio.get_running_loop().time() == 0.0  # no shutdown time had to run out
            assert not any(pid.alive for pid in (a, b, sub))
            await system.idle()
            assert system.whereis("a") is not None

    run_virtual(body())


def test_only_servers_that_live_are_suspended() -> None:
    async def plain() -> None:
        await rg.receive()

    async def body() -> None:
        async with rg.System([worker("a")]) as system:
            with pytest.raises(rg.errors.NotSuspendable):
                system.suspend(system.spawn(plain))
            pid = system.whereis("a")
            assert pid is not None
            pid.kill()
            await system.idle()
            with pytest.raises(rg.errors.NoProcess):
                system.suspend(pid)
            with pytest.raises(rg.errors.NoProcess):
                system.resume(pid)

    run_virtual(body())


def test_a_ref_stands_for_who_has_its_name_when_it_is_suspended() -> None:
    async def body() -> None:
        async with rg.System([rg.child(Chain, name="a")]) as system:
            ref = system.ref("a", Chain)
            system.suspend(ref)
            ref.cast(Chain.relay(0))
            call = asyncio.create_task(ref.call(Chain.count(), timeout=5.0))
            await system.idle()
            assert not call.done()
            system.resume(ref)
            assert await call == 1

            system.suspend(ref)
            ref.kill()
            await system.idle()
            assert await ref.call(Chain.count(), timeout=5.0) == 0
            with pytest.raises(rg.errors.NoProcess, match="no process 'nobody'"):
                system.suspend(system.ref("nobody", Chain))
            for suspend in (system.suspend, system.resume):
                with pytest.raises(rg.errors.BadAddress, match="a Pid or a Ref"):
                    suspend("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    run_virtual(body())


def test_a_suspended_server_obeys_its_supervisor_after_the_handler_that_runs() -> None:
    class Traps(Chain):
        trap_exit = True

    async def body() -> None:
        async with rg.System([rg.child(Traps, name="t", shutdown=60.0)]) as system:
            pid = system.whereis("t")
            assert pid is not None
            begun = asyncio.Event()
            system.ref("t", Traps).cast(Traps.steps(3, begun))
            await begun.wait()
            system.suspend(pid)
            await system.root.call(rg.Supervisor.terminate_child("t"), timeout=100.0)
            assert not pid.alive
            assert asyncio.get_running_loop().time() == 0.0

    run_virtual(body())
