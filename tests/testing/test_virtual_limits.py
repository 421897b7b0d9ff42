"""Runs that never end: busy at one moment, or for ever."""

# ruff: noqa: TID251 - sleeping is what is tested here

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.testing.virtual import loop as loops


async def spin() -> None:
    while True:  # noqa: ASYNC110 - endless on purpose
        await asyncio.sleep(0)


async def rearm() -> None:
    loop = asyncio.get_running_loop()

    def check(_number: int) -> None:
        loop.call_at(loop.time(), functools.partial(check, 1))

    loop.call_at(5.0, check, 0)
    await asyncio.Event().wait()


async def callbacks() -> None:
    loop = asyncio.get_running_loop()

    def again() -> None:
        loop.call_soon(again)

    again()
    await asyncio.Event().wait()


async def far_from_zero() -> None:
    """The smallest step of a clock that stands so high is longer than the sleep."""
    loop = asyncio.get_running_loop()
    reached = asyncio.Event()
    loop.call_at(1e17, reached.set)
    await reached.wait()
    while loop.time() <= 1e17:  # noqa: ASYNC110 - endless on purpose
        await asyncio.sleep(0.001)


@pytest.mark.parametrize(
    ("endless", "at", "ready", "timers", "called"),
    [
        (spin, 0.0, ["task 'spin'"], [], []),
        (rearm, 5.0, [], ["rearm.<locals>.check"], []),
        (callbacks, 0.0, [], [], ["callbacks.<locals>.again"]),
        (far_from_zero, 1e17, [], ["_set_result_unless_cancelled"], []),
    ],
)
def test_a_clock_that_stands_still_is_an_error_that_names_what_is_ready(
    endless: Callable[[], Coroutine[object, Any, None]],
    at: float,
    ready: list[str],
    timers: list[str],
    called: list[str],
) -> None:
    with pytest.raises(rg.errors.NoProgress) as raised:
        rt.run_virtual(endless(), max_passes=500)
    error = raised.value
    assert (error.at, error.passes) == (at, 500)
    assert [one.who for one in error.ready] == ready
    assert list(error.timers) == timers
    assert list(error.callbacks) == called


def test_its_text_says_where() -> None:
    with pytest.raises(rg.errors.NoProgress) as raised:
        rt.run_virtual(spin(), max_passes=500)
    first, line = str(raised.value).splitlines()
    assert first == (
        "the clock stood still at virtual time 0 for 500 passes of the loop, which was busy all the while;"
        " a delay of 0 and a timer for now don't move it (max_passes, if it is right so):"
    )
    assert line.startswith("  ready again: task 'spin' at ")
    assert line.endswith(" in spin: await asyncio.sleep(0)")


def test_a_hundred_thousand_passes_are_allowed_when_nothing_is_said() -> None:
    with pytest.raises(rg.errors.NoProgress, match="for 100000 passes"):
        rt.run_virtual(spin())


def test_passes_count_from_the_last_move_of_the_clock() -> None:
    async def main() -> int:
        passes = 0
        for _ in range(10):
            for _ in range(90):
                await asyncio.sleep(0)
                passes += 1
            await asyncio.sleep(1e-9)
        return passes

    assert rt.run_virtual(main(), max_passes=100) == 900


def test_passes_in_which_a_socket_speaks_are_progress() -> None:
    async def main() -> int:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.read(1):
                writer.write(data)
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            async with asyncio.timeout(5.0):
                reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            for _ in range(200):
                writer.write(b"x")
                await reader.readexactly(1)
            writer.close()
            await writer.wait_closed()
        return 200

    assert rt.run_virtual(main(), sockets=True, max_passes=50) == 200


def test_a_run_that_takes_too_long_is_told_with_all_stacks() -> None:
    async def inner() -> None:
        await asyncio.Event().wait()

    async def outer() -> None:
        await inner()

    async def ticks() -> None:
        while True:  # noqa: ASYNC110 - endless on purpose
            await asyncio.sleep(1)

    async def main() -> None:
        endless = asyncio.create_task(ticks(), name="ticks")
        await outer()
        await endless

    with pytest.raises(rg.errors.TookTooLong) as raised:
        rt.run_virtual(main(), limit=0.05)
    error = raised.value
    lines = str(error).splitlines()
    assert lines[0].startswith("still running after 0.05 s of real time, at virtual time ")
    assert lines[0].endswith("an endless loop of timers, or a limit that is too low; what there is:")
    assert error.at > 1.0
    assert [line.rpartition(": ")[2] for line in lines[1:4]] == [
        "await asyncio.Event().wait()",
        "await outer()",
        "await inner()",
    ]
    assert lines[4].startswith("  task 'ticks' waits for asyncio.tasks.sleep at ")


def test_the_limit_counts_anew_for_the_tasks_that_are_left() -> None:
    async def main() -> None:
        while True:
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                continue

    with pytest.raises(rg.errors.TookTooLong) as raised:
        rt.run_virtual(main(), limit=0.05)
    (note,) = raised.value.__notes__
    assert note.startswith("And then, as the tasks that were left were cancelled: still running after 0.05 s")


def test_the_limit_can_be_set_while_the_loop_runs() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, rt.VirtualLoop)
        await asyncio.sleep(1)
        loop.limit_real_time(0.02)
        while True:  # noqa: ASYNC110 - endless on purpose
            await asyncio.sleep(1)

    with pytest.raises(rg.errors.TookTooLong, match=r"after 0\.02 s"):
        rt.run_virtual(main(), limit=None)


def test_what_passes_while_the_loop_does_not_run_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as the time that pytest takes to tell of a failure before the fixtures' turn comes."""
    now = [100.0]
    monkeypatch.setattr(loops, "real_time", SimpleNamespace(monotonic=lambda: now[0]))

    async def work(seconds: float) -> None:
        now[0] += seconds
        await asyncio.sleep(0)

    with contextlib.closing(rt.VirtualLoop(limit=10.0)) as loop:
        for _ in range(3):
            now[0] += 1000
            loop.run_until_complete(work(3.0))
        with pytest.raises(rg.errors.TookTooLong, match="after 10 s"):
            loop.run_until_complete(work(1.5))
