"""Senders that wait for what a journal owes: futures of their own kind, resumed many at a time."""

from __future__ import annotations

import asyncio
import traceback
from contextvars import ContextVar

import pytest

from regrow.delivery.journal.waits import Wait, wake_all
from regrow.testing import run_virtual

NUMBER: ContextVar[int] = ContextVar("NUMBER")
SECONDS = 10.0


def new_wait() -> Wait:
    loop = asyncio.get_running_loop()
    return Wait(loop, loop.time(), SECONDS, handled=True)


async def one_pass() -> None:
    """Let the loop do what stands in line now."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.call_soon(future.set_result, None)
    await future


async def told(wait: Wait) -> tuple[str, int, object]:
    await wait
    return wait.end, wait.attempts, wait.reply


async def waiting() -> tuple[Wait, asyncio.Task[tuple[str, int, object]]]:
    """A task that waits, and what for."""
    wait = new_wait()
    task = asyncio.create_task(told(wait))
    await one_pass()
    return wait, task


def test_it_is_a_future_to_asyncio() -> None:
    async def main() -> None:
        wait = new_wait()
        assert asyncio.isfuture(wait)
        assert isinstance(wait, asyncio.Future)  # anyio cancels a task that waits for anything else
        task = asyncio.create_task(told(wait))
        await one_pass()
        wait.tell("rejected", 3, "no")
        assert await asyncio.wait_for(task, SECONDS) == ("rejected", 3, "no")

    asyncio.run(main())


def test_many_are_resumed_in_one_pass_each_in_its_own_context() -> None:
    async def main() -> None:
        waits = [new_wait() for _ in range(50)]
        seen: list[int] = []

        async def sender(number: int, wait: Wait) -> None:
            NUMBER.set(number)
            await wait
            seen.append(NUMBER.get())

        tasks = [asyncio.create_task(sender(number, wait)) for number, wait in enumerate(waits)]
        await one_pass()
        for wait in waits:
            wait.told = True
        wake_all(asyncio.get_running_loop(), waits)
        assert seen == []
        await one_pass()
        assert seen == list(range(50))
        await asyncio.gather(*tasks)
        assert NUMBER.get(None) is None

    asyncio.run(main())


@pytest.mark.parametrize(("accepted", "expected"), [(True, ("accepted", 0, None)), (False, None)])
def test_its_time_is_over(*, accepted: bool, expected: object) -> None:
    async def main() -> None:
        wait = new_wait()
        wait.accepted = accepted
        task = asyncio.create_task(told(wait))
        await one_pass()
        wait.fire()
        wait.tell("handled", 1, "too late")
        await asyncio.wait([task])
        if expected is None:
            assert isinstance(task.exception(), TimeoutError)
        else:
            assert task.result() == expected

    run_virtual(main())


def test_what_is_told_before_somebody_waits_is_not_lost() -> None:
    async def main() -> None:
        wait = new_wait()
        wait.tell("handled", 2, "early")
        assert await told(wait) == ("handled", 2, "early")
        failed = new_wait()
        assert failed.fail(ConnectionError("the disk"))
        assert not failed.fail(ConnectionError("again"))
        with pytest.raises(ConnectionError, match="the disk"):
            await told(failed)

    run_virtual(main())


def test_one_error_for_many_keeps_nothing_of_each() -> None:
    async def main() -> None:
        waits = [new_wait() for _ in range(5)]
        tasks = [asyncio.create_task(told(wait)) for wait in waits]
        await one_pass()
        error = ConnectionError("the disk")
        depths: list[int] = []
        for wait, task in zip(waits, tasks, strict=True):
            wait.fail(error)
            await asyncio.wait([task])
            assert task.exception() is error
            depths.append(len(list(traceback.walk_tb(error.__traceback__))))
        assert len(set(depths)) == 1

    run_virtual(main())


def test_a_task_that_waits_can_be_cancelled() -> None:
    async def main() -> None:
        wait, task = await waiting()
        assert task.cancel("enough")
        assert not wait.cancel("too late")
        await asyncio.wait([task])
        assert task.cancelled()
        assert wait.done()
        assert wait.cancelled()
        wait.tell("handled", 1, "nobody hears it")
        assert wait.reply is None
        with pytest.raises(asyncio.CancelledError, match="enough"):
            await task

    run_virtual(main())


def test_a_task_that_is_told_can_be_cancelled_before_it_goes_on() -> None:
    async def main() -> None:
        wait, task = await waiting()
        wait.tell("handled", 1, "told")
        task.cancel()
        assert not wait.cancelled()
        await asyncio.wait([task])
        assert task.cancelled()

    run_virtual(main())


def test_those_behind_one_that_stops_the_loop_go_on_with_it() -> None:
    loop = asyncio.new_event_loop()
    waits: list[Wait] = []
    tasks: list[asyncio.Task[int]] = []

    async def sender(number: int) -> int:
        waits.append(new_wait())
        await waits[-1]
        if number == 1:
            raise SystemExit(7)
        return number

    async def main() -> None:
        tasks.extend([loop.create_task(sender(number)) for number in range(4)])
        await one_pass()
        for wait in waits:
            wait.told = True
        wake_all(loop, waits)
        await asyncio.wait(tasks)

    try:
        with pytest.raises(SystemExit):
            loop.run_until_complete(main())
        loop.run_until_complete(asyncio.wait(tasks))
        assert isinstance(tasks.pop(1).exception(), SystemExit)
        assert [task.result() for task in tasks] == [0, 2, 3]
        for task in asyncio.all_tasks(loop):
            loop.run_until_complete(task)  # `main` itself
    finally:
        loop.close()
