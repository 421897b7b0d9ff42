"""`System(strict=True)`: a task that no process owns is refused; what else there is is reported."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

import regrow as rg
from regrow.testing import VirtualLoop, run_virtual
from tests.runtime.kit import play


class Counter(rg.GenServer):
    def init(self) -> None:
        self.n = 0

    @rg.call
    def add(self) -> int:
        self.n += 1
        return self.n

    @rg.call
    async def run(self, function: Callable[[], Awaitable[Any]]) -> Any:
        return await function()


COUNTER = rg.child(Counter, name="counter")


async def nothing() -> None:
    pass


async def task_group() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(nothing())


REFUSED: dict[str, Callable[[], Any]] = {
    "create_task": lambda: asyncio.create_task(nothing()),
    "ensure_future": lambda: asyncio.ensure_future(nothing()),
    "loop.create_task": lambda: asyncio.get_running_loop().create_task(nothing()),
    "gather": lambda: asyncio.gather(nothing()),
    "shield": lambda: asyncio.shield(nothing()),
    "TaskGroup": task_group,
}


async def use(made: Any) -> None:
    if asyncio.iscoroutine(made):
        await made


@pytest.mark.parametrize("how", REFUSED)
def test_the_body_makes_no_tasks(how: str, hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        before = asyncio.all_tasks()
        with pytest.raises((rg.errors.UnsupervisedTask, ExceptionGroup)) as caught:
            await use(REFUSED[how]())
        error: BaseException = caught.value
        if isinstance(error, ExceptionGroup):
            (error,) = error.exceptions
        assert isinstance(error, rg.errors.UnsupervisedTask)
        assert "nothing" in str(error)
        assert error.where is not None
        assert __file__ in error.where
        assert asyncio.all_tasks() == before
        assert await system.ref("counter", Counter).call(Counter.add(), timeout=1.0) == 1

    play(body, COUNTER, hand_off=hand_off, strict=True)


@pytest.mark.parametrize("how", REFUSED)
def test_a_process_makes_them_as_it_likes(how: str, hand_off: bool) -> None:
    async def inside() -> str:
        await use(REFUSED[how]())
        return "done"

    async def body(system: rg.System) -> None:
        ref = system.ref("counter", Counter)
        assert await ref.call(Counter.run(inside), timeout=1.0) == "done"
        async with system.guest():
            assert await inside() == "done"

    play(body, COUNTER, hand_off=hand_off, strict=True)


def test_the_body_may_use_the_runtime_and_wait_with_a_limit(hand_off: bool) -> None:
    async def plain() -> None:
        assert await rg.receive() == "go"

    async def body(system: rg.System) -> None:
        ref = system.ref("counter", Counter)
        assert await ref.call(Counter.add(), timeout=1.0) == 1
        assert await asyncio.wait_for(ref.call(Counter.add(), timeout=1.0), 2.0) == 2
        async with asyncio.timeout(2.0):
            assert await ref.call(Counter.add(), timeout=1.0) == 3
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.get_running_loop().create_future(), 0.5)
        assert await asyncio.to_thread(lambda: 4) == 4
        pid = system.spawn(plain)
        pid.send("go")
        assert await pid.down(timeout=1.0) is rg.NORMAL
        await rg.sync(ref)
        await system.idle()
        assert await asyncio.to_thread(lambda: ref.from_thread.call(Counter.add(), timeout=1.0)) == 4
        assert [row for row in system.unsupervised() if row.kind == "task"] == []

    play(body, COUNTER, hand_off=hand_off, threads=True, strict=True)


def test_a_task_supervisor_is_the_way_to_run_something_beside_the_body(hand_off: bool) -> None:
    async def work() -> int:
        return sum(await asyncio.gather(answer(), answer()))

    async def answer() -> int:
        return 21

    async def body(system: rg.System) -> int:
        tasks = system.ref("tasks", rg.TaskSupervisor)
        handle = await rg.start_task(tasks, work())
        return await handle.result(timeout=1.0)

    assert play(body, rg.task_supervisor(name="tasks"), hand_off=hand_off, strict=True) == 42


def test_callbacks_of_a_process_belong_to_it_and_others_to_nobody(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        loop = asyncio.get_running_loop()
        made: list[object] = []

        def callback() -> None:
            try:
                made.append(asyncio.create_task(nothing()))
            except rg.errors.UnsupervisedTask:
                made.append("refused")

        async def inside() -> None:
            loop.call_soon(callback)

        await system.ref("counter", Counter).call(Counter.run(inside), timeout=1.0)
        loop.call_soon(callback, context=contextvars.Context())
        await system.idle()
        assert isinstance(made[0], asyncio.Task)
        assert made[1:] == ["refused"]

    play(body, COUNTER, hand_off=hand_off, strict=True)


def test_tasks_from_before_the_start_run_on_and_are_reported(hand_off: bool) -> None:
    async def main() -> None:
        earlier = asyncio.create_task(asyncio.Event().wait(), name="earlier")
        async with rg.System([COUNTER], hand_off=hand_off, strict=True) as system:
            assert [row.name for row in system.unsupervised() if row.kind == "task"] == [
                "earlier (Event.wait)"
            ]
        assert not earlier.done()
        earlier.cancel()

    run_virtual(main())


def test_one_strict_system_makes_the_loop_strict_until_it_stops(hand_off: bool) -> None:
    async def main() -> None:
        async with rg.System([COUNTER], hand_off=hand_off) as lenient:
            await asyncio.create_task(nothing())
            async with rg.System(name="strict", hand_off=hand_off, strict=True):
                with pytest.raises(rg.errors.UnsupervisedTask):
                    await asyncio.create_task(nothing())
                ref = lenient.ref("counter", Counter)
                await ref.call(Counter.run(task_group), timeout=1.0)  # owned by a process of the other one
            await asyncio.create_task(nothing())

    run_virtual(main())


def test_an_async_generator_that_nobody_used_up_is_closed_by_the_loop(hand_off: bool) -> None:
    closed: list[str] = []

    async def items() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            closed.append("closed")

    async def body(system: rg.System) -> None:
        async for item in items():
            assert item == 1
            break
        gc.collect()
        await system.idle()

    play(body, COUNTER, hand_off=hand_off, strict=True)
    assert closed == ["closed"]


def test_a_loop_that_stands_still_may_be_given_something_to_run(hand_off: bool) -> None:
    loop = VirtualLoop()
    system = rg.System([COUNTER], hand_off=hand_off, strict=True)
    loop.run_until_complete(system.start())
    ref = system.ref("counter", Counter)

    async def call() -> int:
        with contextlib.suppress(rg.errors.UnsupervisedTask):
            await asyncio.create_task(nothing())
            pytest.fail("not refused")
        return await ref.call(Counter.add(), timeout=1.0)

    assert loop.run_until_complete(call()) == 1
    loop.run_until_complete(system.stop())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def test_run_is_strict_inside_and_clean_at_its_end(hand_off: bool) -> None:
    async def main(system: rg.System) -> int:
        with pytest.raises(rg.errors.UnsupervisedTask):
            await asyncio.create_task(nothing())
        return await system.ref("counter", Counter).call(Counter.add(), timeout=1.0)

    system = rg.System([COUNTER], hand_off=hand_off, strict=True)
    assert system.run(main, loop_factory=VirtualLoop) == 1


def test_it_can_be_switched_on_until_the_system_runs() -> None:
    system = rg.System([COUNTER])
    assert not system.strict
    system.strict = True

    async def main() -> None:
        async with system:
            with pytest.raises(rg.errors.AlreadyStarted):
                system.strict = False
            counter = system.ref("counter", Counter)
            assert await counter.call(Counter.add(), timeout=1.0) == 1
            loop = asyncio.get_running_loop()
            refused: asyncio.Future[bool] = loop.create_future()

            def make() -> None:
                with pytest.raises(rg.errors.UnsupervisedTask):
                    refused.set_exception(AssertionError(loop.create_task(nothing())))
                refused.set_result(True)

            loop.call_soon(make, context=contextvars.Context())
            assert await asyncio.wait_for(refused, 1.0)
        system.strict = False

    run_virtual(main())
    assert not system.strict


def test_it_is_true_or_false() -> None:
    with pytest.raises(rg.errors.BadSetting):
        rg.System().strict = 1  # type: ignore[assignment]
