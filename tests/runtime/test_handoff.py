"""Hand-off: what it must not leak either way, and that it changes nothing but speed."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import itertools
import sys
import traceback
from typing import ClassVar, NamedTuple

import pytest

import regrow as rg
from regrow.testing import run_virtual
from tests.runtime.kit import Clock, pause, play, start

colour: contextvars.ContextVar[str] = contextvars.ContextVar("colour", default="none")


class Termination(NamedTuple):
    """What `terminate` saw."""

    reason: rg.ExitReason
    error: BaseException | None
    colour: str
    stack: list[str]


class Spy(rg.GenServer):
    """Notes what it can see of whoever runs it."""

    terminations: ClassVar[list[Termination]] = []

    def init(self) -> None:
        self.others: list[object] = []

    @rg.call
    def exception(self) -> BaseException | None:
        return sys.exception()

    @rg.call
    async def exception_async(self) -> BaseException | None:
        await pause(0)
        return sys.exception()

    @rg.call
    def context(self) -> str:
        return colour.get()

    @rg.call
    async def context_async(self) -> str:
        return colour.get()

    @rg.call
    def paint(self, value: str) -> None:
        colour.set(value)

    @rg.call
    async def paint_async(self, value: str) -> None:
        colour.set(value)

    @rg.call
    def who(self) -> bool:
        return rg.current() is self.pid

    @rg.call
    def crash(self) -> None:
        raise ValueError("inside")

    @rg.call
    def leave(self) -> str:
        self.stop("left")
        return "bye"

    @rg.call
    def kill_itself(self) -> str:
        self.pid.kill()
        return "never seen"

    @rg.call
    async def kill_itself_async(self) -> str:
        self.pid.kill()
        return "never seen"

    @rg.cast
    def take(self, n: int) -> None:
        self.others.append(n)

    @rg.call
    def cast_to_itself(self) -> list[object]:
        self.pid.cast(Spy.take(1))
        self.pid.send("info")
        return list(self.others)

    @rg.call
    def taken(self) -> list[object]:
        return self.others

    @rg.call
    async def warm_up(self) -> None:
        await pause(0)

    @rg.cast
    async def take_async(self, n: int) -> None:
        await pause(0)
        self.others.append(n)

    @rg.call
    def cast_async_to_itself(self) -> None:
        self.pid.cast(Spy.take_async(1))

    def handle_info(self, message: object) -> None:
        self.others.append(message)

    def terminate(self, reason: rg.ExitReason) -> None:
        self.terminations.append(Termination(reason, sys.exception(), colour.get(), _stack()))


def _stack() -> list[str]:
    return [frame.name for frame in traceback.extract_stack()]


SPY = rg.child(Spy, name="spy")


def spy_of(system: rg.System) -> rg.Ref[Spy]:
    return system.ref("spy", Spy)


@pytest.mark.parametrize("make", [Spy.exception, Spy.exception_async], ids=["def", "async"])
def test_the_callers_exception_in_flight_is_not_seen(hand_off: bool, make: object) -> None:
    async def body(system: rg.System) -> None:
        try:
            raise KeyError
        except KeyError:
            assert await spy_of(system).call(make(), timeout=1.0) is None  # type: ignore[operator]
        finally:
            assert await spy_of(system).call(make(), timeout=1.0) is None  # type: ignore[operator]

    play(body, SPY, hand_off=hand_off)


def test_a_crash_does_not_get_the_callers_exception_as_context(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        try:
            raise KeyError
        except KeyError:
            with pytest.raises(rg.errors.ProcessExited) as raised:
                await spy_of(system).call(Spy.crash(), timeout=1.0)
        reason = raised.value.reason
        assert isinstance(reason, rg.Crash)
        assert reason.traceback.__context__ is None

    play(body, SPY, hand_off=hand_off)


@pytest.mark.parametrize("paint", [Spy.paint, Spy.paint_async], ids=["def", "async"])
def test_context_variables_are_the_processs_own(hand_off: bool, paint: object) -> None:
    async def body(system: rg.System) -> None:
        colour.set("callers")
        spy = spy_of(system)
        assert await spy.call(Spy.context(), timeout=1.0) == "none"
        assert await spy.call(Spy.context_async(), timeout=1.0) == "none"
        await spy.call(paint("red"), timeout=1.0)  # type: ignore[operator]
        assert colour.get() == "callers"
        assert await spy.call(Spy.context(), timeout=1.0) == "red"
        assert await spy.call(Spy.context_async(), timeout=1.0) == "red"
        await pause(10.0)  # its task has ended
        assert await spy.call(Spy.context(), timeout=1.0) == "red"
        assert await spy.call(Spy.who(), timeout=1.0)

    play(body, SPY, hand_off=hand_off)


def test_the_system_starts_from_the_context_it_was_started_in(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        assert await spy_of(system).call(Spy.context(), timeout=1.0) == "around"

    async def outer(system: rg.System) -> None:
        token = colour.set("around")
        async with rg.System([SPY], hand_off=hand_off) as inner:
            colour.reset(token)
            await body(inner)

    play(outer, hand_off=hand_off)


def test_no_context_variable_leaks_over_many_processes(hand_off: bool) -> None:
    """More processes than the runtime keeps contexts for; each keeps what it set."""

    async def body(system: rg.System) -> None:
        pids = [await start(system, Spy, id=str(n)) for n in range(1100)]
        for n, pid in enumerate(pids[::100]):
            await pid.call(Spy.paint(str(n)), timeout=1.0)
        for pid in pids:
            await pid.call(Spy.who(), timeout=1.0)
        assert [await pid.call(Spy.context(), timeout=1.0) for pid in pids[::100]] == [
            str(n) for n in range(11)
        ]
        assert await pids[1].call(Spy.context(), timeout=1.0) == "none"

    play(body, hand_off=hand_off)


def test_termination_exit_down_and_subscribers_never_run_on_the_callers_stack(hand_off: bool) -> None:
    stacks: list[list[str]] = []

    async def the_caller(system: rg.System, message: object) -> None:
        pid = spy_of(system).whereis()
        assert pid is not None
        try:
            raise KeyError
        except KeyError:
            with pytest.raises(rg.errors.ProcessExited):
                await pid.call(message, timeout=1.0)  # type: ignore[arg-type]

    async def body(system: rg.System) -> None:
        Spy.terminations.clear()
        system.events.subscribe("process.exited", lambda _: stacks.append(_stack()))
        await the_caller(system, Spy.crash())
        await system.idle()
        pid = spy_of(system).whereis()
        assert pid is not None
        assert await pid.call(Spy.leave(), timeout=1.0) == "bye"
        await system.idle()
        await the_caller(system, Spy.kill_itself())
        await system.idle()
        assert len(Spy.terminations) == 2  # a kill runs none
        for seen in Spy.terminations:
            assert seen.error is None
            assert seen.colour == "none"
            assert "the_caller" not in seen.stack
        assert len(stacks) == 3
        assert not any("the_caller" in stack for stack in stacks)

    colour.set("none")
    play(body, SPY, hand_off=hand_off)


@pytest.mark.parametrize("make", [Spy.kill_itself, Spy.kill_itself_async], ids=["def", "async"])
def test_the_reply_of_a_killed_handler_is_discarded(hand_off: bool, make: object) -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.ProcessExited) as raised:
            await spy_of(system).call(make(), timeout=1.0)  # type: ignore[operator]
        assert raised.value.reason is rg.KILLED

    play(body, SPY, hand_off=hand_off)


def test_what_a_handed_off_handler_sends_itself_comes_afterwards(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        spy = spy_of(system)
        assert await spy.call(Spy.cast_to_itself(), timeout=1.0) == []
        assert await spy.call(Spy.taken(), timeout=1.0) == [1, "info"]

    play(body, SPY, hand_off=hand_off)


def test_a_hand_off_to_a_process_with_a_warm_task_keeps_one_task(hand_off: bool) -> None:
    """The handed-off handler casts to itself, and only the warm task may take that up."""

    async def body(system: rg.System) -> None:
        spy = spy_of(system)
        before = len(asyncio.all_tasks())
        for _ in range(3):
            await spy.call(Spy.warm_up(), timeout=1.0)
            await spy.call(Spy.cast_async_to_itself(), timeout=1.0)
            await rg.sync(spy)
            assert len(asyncio.all_tasks()) <= before + 1
        assert await spy.call(Spy.taken(), timeout=1.0) == [1, 1, 1]
        await pause(10.0)
        assert len(asyncio.all_tasks()) == before

    play(body, SPY, hand_off=hand_off)


def test_order_of_casts_and_calls_of_one_sender(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        spy = spy_of(system)
        for n in range(5):
            spy.cast(Spy.take(n))
            assert await spy.call(Spy.taken(), timeout=1.0) == list(range(n + 1))

    play(body, SPY, hand_off=hand_off)


def test_a_suspended_process_handles_nothing(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = spy_of(system).whereis()
        assert pid is not None
        system.suspend(pid)
        call = asyncio.ensure_future(pid.call(Spy.taken(), timeout=50.0))
        await pause(5.0)
        assert not call.done()
        system.resume(pid)
        assert await call == []

    play(body, SPY, hand_off=hand_off)


def test_hand_offs_stop_at_their_budget_and_the_loop_goes_on(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        spy = spy_of(system)
        ticks: list[int] = []
        calls = 0

        def tick() -> None:
            ticks.append(calls)
            if calls < 50:
                asyncio.get_running_loop().call_soon(tick)

        tick()
        for _ in range(50):
            await spy.call(Spy.taken(), timeout=1.0)
            calls += 1
        gaps = [b - a for a, b in itertools.pairwise(ticks)]
        assert max(gaps) <= 11
        assert len(ticks) >= 5

    play(body, SPY, hand_off=hand_off, settings=rg.Settings(hand_off_budget=10))


def test_terminate_of_a_failed_starts_siblings_sees_no_exception(hand_off: bool) -> None:
    class Fails(rg.GenServer):
        def init(self) -> None:
            raise ValueError

    async def body(system: rg.System) -> None:
        Spy.terminations.clear()
        tree = rg.supervisor([rg.child(Spy, id="a"), rg.child(Fails)], id="tree")
        with pytest.raises(rg.errors.ChildStartFailed):
            await system.root.call(rg.Supervisor.start_child(tree), timeout=1.0)
        [seen] = Spy.terminations
        assert seen.reason is rg.SHUTDOWN
        assert seen.error is None

    play(body, hand_off=hand_off)


def test_a_child_is_not_terminated_on_the_stack_of_who_asked_its_supervisor(hand_off: bool) -> None:
    stacks: list[list[str]] = []

    async def the_caller(system: rg.System) -> None:
        await system.root.call(rg.Supervisor.terminate_child("spy"), timeout=1.0)

    async def body(system: rg.System) -> None:
        Spy.terminations.clear()
        system.events.subscribe("process.exited", lambda _: stacks.append(_stack()))
        await the_caller(system)
        [seen] = Spy.terminations
        assert "the_caller" not in seen.stack
        assert "the_caller" not in stacks[0]

    play(body, SPY, hand_off=hand_off, ports=rg.Ports(monotonic=Clock()))


def test_a_supervisor_that_is_killed_before_it_goes_on_leaves_nothing_unawaited() -> None:
    # A hand-off that waits goes on on the callee's own task; the kill comes before that task begins.
    async def body() -> None:
        async with rg.System([rg.dynamic_supervisor(name="many")]) as system:
            many = system.ref("many", rg.DynamicSupervisor)
            pid = many.whereis()
            assert pid is not None
            start = rg.DynamicSupervisor.start_child
            await many.call(start(rg.child(Spy)), timeout=5.0)  # the first call is never handed off
            starting = asyncio.ensure_future(many.call(start(rg.child(Late)), timeout=5.0))
            asyncio.get_running_loop().call_soon(pid.kill)
            with pytest.raises(rg.errors.ProcessExited):
                await starting
            await system.idle()
            gc.collect()  # a coroutine that nobody awaited, and an exception that nobody took, say so now

    run_virtual(body())


class Late(rg.GenServer):
    async def init(self) -> None:
        await asyncio.Event().wait()
