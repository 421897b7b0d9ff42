"""TaskSupervisor: coroutines as processes, awaited by whoever asked."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable

import pytest

import regrow as rg
from tests.runtime.kit import play


def tasks_of(system: rg.System) -> rg.Ref[rg.TaskSupervisor]:
    return system.ref("tasks", rg.TaskSupervisor)


TASKS = rg.task_supervisor(name="tasks")


async def forever() -> None:
    await asyncio.get_running_loop().create_future()


async def after(seconds: float, value: int) -> int:
    await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=seconds)
    return value


async def boom() -> None:
    raise ValueError("boom")


async def asker(system: rg.System, body: Callable[[], Awaitable[object]]) -> rg.ExitReason:
    """Run `body` in a plain process and wait for its end."""

    async def run() -> None:
        await body()

    return await system.spawn(run).down(timeout=60.0)


@pytest.mark.parametrize("link", [True, False])
def test_the_result_comes_to_who_asked(link: bool, hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async def ask() -> None:
            handle = await rg.start_task(tasks_of(system), after(1.0, 42), link=link)
            assert not handle.done
            assert handle.owner is rg.current()
            assert await handle.result(timeout=5.0) == 42
            assert await handle.result(timeout=5.0) == 42
            assert handle.done

        assert await asker(system, ask) is rg.NORMAL
        await system.idle()
        assert (await tasks_of(system).call(rg.TaskSupervisor.count_children(), timeout=1.0)).specs == 0

    play(body, TASKS, hand_off=hand_off)


def test_the_task_is_a_process(hand_off: bool) -> None:
    async def who() -> tuple[rg.Pid[object], object]:
        return rg.current(), await rg.receive(str)

    async def body(system: rg.System) -> None:
        handle = await rg.start_task(tasks_of(system), who())
        handle.pid.send("hello")
        assert await handle.result(timeout=1.0) == (handle.pid, "hello")
        assert "who" in handle.pid.kind
        assert repr(handle) == f"<TaskHandle of {handle.pid}>"

    play(body, TASKS, hand_off=hand_off)


def test_a_crash_without_link_is_seen_only_by_who_waits(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async def ask() -> None:
            handle = await rg.start_task(tasks_of(system), boom(), link=False)
            await system.idle()
            with pytest.raises(rg.errors.ProcessExited) as caught:
                await handle.result(timeout=1.0)
            assert isinstance(caught.value.reason, rg.Crash)
            assert caught.value.reason.message == "boom"

        assert await asker(system, ask) is rg.NORMAL

    play(body, TASKS, hand_off=hand_off)


def test_a_crash_ends_the_linked_asker_with_the_same_reason(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        seen: list[str] = []

        async def ask() -> None:
            handle = await rg.start_task(tasks_of(system), boom())
            try:
                await handle.result(timeout=1.0)
            except rg.errors.ProcessExited:
                seen.append("the asker was told although it is dead")

        reason = await asker(system, ask)
        assert isinstance(reason, rg.Crash)
        assert reason.message == "boom"
        assert seen == []

    play(body, TASKS, hand_off=hand_off)


def test_a_linked_asker_that_traps_gets_the_exit_with_the_true_reason(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async def ask() -> None:
            rg.trap_exit(True)
            handle = await rg.start_task(tasks_of(system), boom())
            exit_ = await rg.receive(rg.Exit, timeout=1.0)
            assert exit_.pid is handle.pid
            assert isinstance(exit_.reason, rg.Crash)
            with pytest.raises(rg.errors.ProcessExited):
                await handle.result(timeout=1.0)

        assert await asker(system, ask) is rg.NORMAL

    play(body, TASKS, hand_off=hand_off)


@pytest.mark.parametrize("link", [True, False])
def test_the_death_of_the_asker(link: bool, hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        handles: list[rg.TaskHandle[None]] = []

        async def ask() -> None:
            handles.append(await rg.start_task(tasks_of(system), forever(), link=link))
            raise RuntimeError("the asker goes")

        await asker(system, ask)
        await system.idle()
        assert handles[0].pid.alive is not link

    play(body, TASKS, hand_off=hand_off)


def test_a_wait_that_times_out_leaves_the_task(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        handle = await rg.start_task(tasks_of(system), after(3.0, 1))
        with pytest.raises(TimeoutError, match="2 s"):
            await handle.result(timeout=2.0)
        assert handle.pid.alive
        assert await handle.result(timeout=2.0) == 1
        with pytest.raises(rg.errors.BadTimeout):
            await handle.result(timeout=-1.0)

    play(body, TASKS, hand_off=hand_off)


def test_cancel_kills(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        handle = await rg.start_task(tasks_of(system), forever())
        await system.idle()
        handle.cancel()
        with pytest.raises(rg.errors.ProcessExited) as caught:
            await handle.result(timeout=1.0)
        assert caught.value.reason is rg.KILLED

    play(body, TASKS, hand_off=hand_off)


def test_the_result_is_for_the_owner_alone(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        handles: list[rg.TaskHandle[int]] = []

        async def ask() -> None:
            handles.append(await rg.start_task(tasks_of(system), after(1.0, 1), link=False))

        async def other() -> None:
            with pytest.raises(rg.errors.NotMine):
                await handles[0].result(timeout=5.0)

        assert await asker(system, ask) is rg.NORMAL
        assert await asker(system, other) is rg.NORMAL

    play(body, TASKS, hand_off=hand_off)


def test_tasks_die_with_their_supervisor(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        handle = await rg.start_task(tasks_of(system), forever())
        await system.idle()
        tasks_of(system).kill()
        with pytest.raises(rg.errors.ProcessExited) as caught:
            await handle.result(timeout=1.0)
        assert caught.value.reason is rg.KILLED

    play(body, TASKS, hand_off=hand_off)


# -- the coroutine is always awaited or closed (warnings are errors) -----------------------------


def test_closed_when_there_is_no_supervisor(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        coroutine = forever()
        with pytest.raises(rg.errors.NoProcess):
            await rg.start_task(system.ref("nobody", rg.TaskSupervisor), coroutine)
        assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED

    play(body, TASKS, hand_off=hand_off)


def test_closed_when_there_are_too_many(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        await rg.start_task(tasks_of(system), forever())
        coroutine = forever()
        with pytest.raises(rg.errors.TooManyChildren):
            await rg.start_task(tasks_of(system), coroutine)
        assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED
        assert tasks_of(system).alive

    play(body, rg.task_supervisor(name="tasks", max_children=1), hand_off=hand_off)


def test_closed_when_killed_before_the_first_step(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        coroutine = forever()
        handle = await rg.start_task(tasks_of(system), coroutine)
        handle.cancel()
        await system.idle()
        assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED

    play(body, TASKS, hand_off=hand_off)


def test_closed_when_the_supervisor_is_too_busy(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        supervisor = tasks_of(system).whereis()
        assert supervisor is not None
        system.suspend(supervisor)
        coroutine = forever()
        with pytest.raises(rg.errors.CallTimeout):
            await rg.start_task(tasks_of(system), coroutine, timeout=1.0)
        assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED
        system.resume(supervisor)
        await system.idle()
        assert (await tasks_of(system).call(rg.TaskSupervisor.count_children(), timeout=1.0)).specs == 0

    play(body, TASKS, hand_off=hand_off)


@pytest.mark.parametrize("steps", range(1, 7))
def test_an_asker_that_is_cancelled_while_it_asks_leaves_no_task(steps: int, hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        coroutine = forever()
        asking = asyncio.ensure_future(rg.start_task(tasks_of(system), coroutine))
        for _ in range(steps):
            ready = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(ready.set_result, None)
            await ready
        asking.cancel()
        (outcome,) = await asyncio.gather(asking, return_exceptions=True)
        await system.idle()
        counts = await tasks_of(system).call(rg.TaskSupervisor.count_children(), timeout=1.0)
        if isinstance(outcome, asyncio.CancelledError):
            assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED
            assert counts.specs == 0
        else:
            assert counts.specs == 1  # it had its handle before

    play(body, TASKS, hand_off=hand_off)


def test_only_coroutines_are_run(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.BadServer, match="call the async def function"):
            await rg.start_task(tasks_of(system), forever)  # type: ignore[arg-type]

    play(body, TASKS, hand_off=hand_off)
