"""The leak guard: one planted leak of each kind, blamed on the place where it was made; and clean runs."""

import asyncio
import multiprocessing
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, aclosing, asynccontextmanager

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.testing import run_virtual


@pytest.fixture
def after() -> Iterator[ExitStack]:
    """Takes away what a test has left on purpose, when the guard has seen it."""
    with ExitStack() as stack:
        yield stack


async def for_ever() -> None:
    await asyncio.Event().wait()


async def numbers() -> AsyncGenerator[int, None]:
    yield 1
    yield 2


def found(caught: pytest.ExceptionInfo[rg.errors.LeaksFound]) -> list[rt.Leak]:
    leaks = list(caught.value.leaks)
    assert all(isinstance(leak, rt.Leak) for leak in leaks)
    return leaks  # type: ignore[return-value]


def the_leak(act: Callable[[], object]) -> rt.Leak:
    """The one leak of a block that calls `act`, its text checked against the error's."""
    with pytest.raises(rg.errors.LeaksFound) as caught, rt.leak_guard():
        act()
    (leak,) = found(caught)
    assert str(caught.value) == f"the test left behind:\n  {leak}"
    assert f"in {act.__qualname__}" in leak.stack[-1]
    assert leak.stack[-1].startswith(f"{__file__}:")
    return leak


async def the_leak_on_this_loop(act: Callable[[], Awaitable[object]]) -> rt.Leak:
    with pytest.raises(rg.errors.LeaksFound) as caught:
        async with rt.leak_guard():
            await act()
    (leak,) = found(caught)
    assert f"in {act.__qualname__}" in leak.stack[-1]
    return leak


# -- on the loop -------------------------------------------------------------------------------


def test_a_task_that_runs_on(after: ExitStack) -> None:
    async def leaving() -> None:
        task = asyncio.create_task(for_ever(), name="poller")
        after.callback(task.cancel)

    leak = run_virtual(the_leak_on_this_loop(leaving))
    assert (leak.kind, leak.name) == ("task", "poller (for_ever)")


def test_a_task_that_waits_with_a_timeout_is_told_without_its_timers() -> None:
    async def waiting() -> None:
        async with asyncio.timeout(60.0):
            await asyncio.wait_for(rt.pass_time(10.0), timeout=30.0)

    async def main() -> list[str]:
        guard = rt.leak_guard()
        left: list[asyncio.Task[None]] = []
        with pytest.raises(rg.errors.LeaksFound):
            async with guard:
                left.append(asyncio.create_task(waiting(), name="waiting"))
                await rt.pass_time(1.0)
        with pytest.raises(asyncio.CancelledError):
            await left[0]
        return [leak.kind for leak in guard.leaks if "waiting" in leak.name or leak.kind != "task"]

    assert run_virtual(main()) == ["task"]


def test_a_leaked_task_is_cancelled_so_that_it_does_not_disturb_the_next_test() -> None:
    async def main() -> None:
        left: list[asyncio.Task[None]] = []
        with pytest.raises(rg.errors.LeaksFound):
            async with rt.leak_guard():
                left.append(asyncio.create_task(for_ever()))
        with pytest.raises(asyncio.CancelledError):
            await left[0]

    run_virtual(main())


def test_a_task_that_only_asyncio_run_has_cancelled() -> None:
    def leaving() -> None:
        async def main() -> None:
            tasks.append(asyncio.create_task(for_ever(), name="poller"))

        run_virtual(main())

    tasks: list[asyncio.Task[None]] = []
    with pytest.raises(rg.errors.LeaksFound) as caught, rt.leak_guard():
        leaving()
    (leak,) = found(caught)
    assert (leak.kind, leak.name) == ("task", "poller (for_ever)")
    assert "in test_a_task_that_only_asyncio_run_has_cancelled" in leak.stack[-3]


def test_a_timer_that_is_still_to_come() -> None:
    async def leaving() -> None:
        asyncio.get_running_loop().call_later(10.0, print)

    leak = run_virtual(the_leak_on_this_loop(leaving))
    assert (leak.kind, leak.name) == ("timer", "print, due in 10 s")


def test_a_timer_that_only_the_end_of_the_loop_has_forgotten() -> None:
    def leaving() -> None:
        run_virtual(main())

    async def main() -> None:
        asyncio.get_running_loop().call_at(10.0, print)

    with pytest.raises(rg.errors.LeaksFound, match="timer: print, due in 10 s"), rt.leak_guard():
        leaving()


def test_an_async_generator_that_nobody_used_up_or_closed() -> None:
    kept: list[object] = []

    async def leaving() -> None:
        generator = numbers()
        kept.append(generator)
        async for _ in generator:
            break

    leak = run_virtual(the_leak_on_this_loop(leaving))
    assert (leak.kind, leak.name) == ("asyncgen", "numbers")
    with pytest.raises(rg.errors.LeaksFound, match="asyncgen: numbers"), rt.leak_guard():
        run_virtual(leaving())


def test_a_generator_of_a_task_that_was_there_before_is_its_own_affair() -> None:
    """As every `@asynccontextmanager` is one while its block runs."""

    async def main() -> tuple[object, ...]:
        begun = asyncio.Event()

        async def background() -> None:
            await begun.wait()
            async with asynccontextmanager(numbers_of)():
                await asyncio.Event().wait()

        task = asyncio.create_task(background())
        async with rt.leak_guard() as guard:
            begun.set()
            await rt.wait_idle()
        task.cancel()
        return guard.leaks

    async def numbers_of() -> AsyncGenerator[int, None]:
        yield 1

    assert run_virtual(main()) == ()


# -- in the operating system's hands -----------------------------------------------------------


def test_a_thread(after: ExitStack) -> None:
    ended = threading.Event()

    def leaving() -> None:
        thread = threading.Thread(target=ended.wait, name="pump", daemon=True)
        thread.start()
        after.callback(thread.join)
        after.callback(ended.set)

    leak = the_leak(leaving)
    assert (leak.kind, leak.name) == ("thread", "pump (daemon)")


def test_an_executor_is_told_once_and_its_threads_not_again(after: ExitStack) -> None:
    def leaving() -> None:
        pool = ThreadPoolExecutor(3)
        after.callback(pool.shutdown)
        pool.submit(int).result()

    leak = the_leak(leaving)
    assert (leak.kind, leak.name) == ("executor", "ThreadPoolExecutor of 3")


def test_a_socket(after: ExitStack) -> None:
    def leaving() -> None:
        opened = socket.socket()
        after.callback(opened.close)

    leak = the_leak(leaving)
    assert leak.kind == "socket"
    assert "AF_INET SOCK_STREAM" in leak.name


def test_a_child_process_that_runs_and_one_that_nobody_waited_for(after: ExitStack) -> None:
    def leaving() -> None:
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        after.callback(child.communicate, b"\n")

    leak = the_leak(leaving)
    assert leak.kind == "child_process"
    assert leak.name.endswith("-c input() runs")


def test_a_child_process_that_nobody_waited_for(after: ExitStack) -> None:
    def leaving() -> None:
        child = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
        after.callback(child.communicate)
        assert child.stdout is not None
        child.stdout.read()  # till its end

    with pytest.raises(rg.errors.LeaksFound, match=r"child_process: \d+ .* -c "), rt.leak_guard():
        leaving()


def test_a_child_process_of_asyncio() -> None:
    async def main() -> None:
        command, pipe = (sys.executable, "-c", "input()"), asyncio.subprocess.PIPE
        left: list[asyncio.subprocess.Process] = []
        with pytest.raises(rg.errors.LeaksFound) as caught:
            async with rt.leak_guard():
                left.append(await asyncio.create_subprocess_exec(*command, stdin=pipe))
        await left[0].communicate(b"\n")
        assert [leak.kind for leak in found(caught) if leak.kind != "socket"] == ["child_process"]

    asyncio.run(main())


def test_a_child_process_of_multiprocessing(after: ExitStack) -> None:
    context = multiprocessing.get_context("fork")
    ended = context.Event()

    def leaving() -> None:
        child = context.Process(target=ended.wait, name="worker")
        child.start()
        after.callback(child.join)
        after.callback(ended.set)

    leak = the_leak(leaving)
    assert leak.kind == "child_process"
    assert leak.name.endswith("worker runs")


# -- nothing left ------------------------------------------------------------------------------


async def in_order() -> None:
    """Makes one of each kind and ends it."""
    asyncio.create_task(for_ever()).cancel()  # ends in the next turn of the loop
    asyncio.get_running_loop().call_later(10.0, print).cancel()
    async with aclosing(numbers()) as generator:
        async for _ in generator:
            break
    async with asyncio.timeout(5.0), asyncio.TaskGroup() as group:
        group.create_task(asyncio.to_thread(int))
    with ThreadPoolExecutor() as pool, socket.socket():
        pool.submit(int).result()
    await (await asyncio.create_subprocess_exec(sys.executable, "-c", "")).wait()
    threading.Thread(target=int).start()  # noqa: RG604  # about to end
    async with rt.kit() as kit:
        await kit.spawn_supervised(for_ever)


def test_what_is_ended_in_order_is_no_leak() -> None:
    async def main() -> tuple[object, ...]:
        async with rt.leak_guard() as guard:
            await in_order()
        return guard.leaks

    with rt.leak_guard() as guard:
        assert asyncio.run(main()) == ()
    assert guard.leaks == ()


def test_a_loop_that_is_open_is_no_leak_and_neither_are_its_sockets_and_threads(after: ExitStack) -> None:
    with rt.leak_guard() as guard:
        runner = after.enter_context(asyncio.Runner())
        runner.run(asyncio.to_thread(int))
    assert guard.leaks == ()


def test_what_was_there_before_is_no_leak() -> None:
    async def main() -> int:
        task = asyncio.create_task(for_ever())
        timer = asyncio.get_running_loop().call_later(10.0, print)
        with socket.socket():
            async with rt.leak_guard() as guard:
                await asyncio.to_thread(int)
        task.cancel()
        timer.cancel()
        return len(guard.leaks)

    assert run_virtual(main(), threads=True, sockets=True) == 0
