"""The virtual clock itself: where it stands, what moves it, and in what order."""

# ruff: noqa: TID251 - sleeping is what is tested here

from __future__ import annotations

import asyncio
import gc
import math
import weakref
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing
from typing import Any

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.testing import run_virtual


def here() -> rt.VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, rt.VirtualLoop)
    return loop


@pytest.fixture
def collected() -> Iterator[None]:
    """What a test leaves pending on purpose goes with it: asyncio logs when it is destroyed."""
    yield
    gc.collect()


def test_an_hour_takes_no_time() -> None:
    async def main() -> float:
        await asyncio.sleep(3600)
        return here().time()

    assert run_virtual(main(), limit=5.0) == 3600.0


def test_the_clock_stands_exactly_at_a_timer_and_does_not_drift() -> None:
    async def main() -> list[float]:
        seen: list[float] = []
        for when in (0.1, 0.3, 0.7, 1.1):
            here().call_at(when, lambda: seen.append(here().time()))
        await asyncio.sleep(2)
        start = here().time()
        for step in range(1, 1001):
            await _until(start + step * 0.1)
            assert here().time() == start + step * 0.1
        return seen

    assert run_virtual(main()) == [0.1, 0.3, 0.7, 1.1]


async def _until(when: float) -> None:
    reached = asyncio.Event()
    here().call_at(when, reached.set)
    await reached.wait()


def test_timers_for_the_same_moment_go_off_in_the_order_in_which_they_were_set() -> None:
    async def main() -> list[int]:
        seen: list[int] = []
        for number in range(200):
            here().call_at(5.0, seen.append, number)
            if number % 3 == 0:
                here().call_at(5.0, seen.append, -1).cancel()
        await asyncio.sleep(5)
        return seen

    assert run_virtual(main()) == list(range(200))


def test_timers_that_differ_by_rounding_alone_go_off_together_and_never_early() -> None:
    earlier, later = 0.3, 0.1 + 0.2
    assert earlier < later

    async def main() -> list[tuple[str, float]]:
        seen: list[tuple[str, float]] = []
        here().call_at(later, lambda: seen.append(("later", here().time())))
        here().call_at(earlier, lambda: seen.append(("earlier", here().time())))
        await asyncio.sleep(1)
        return seen

    assert run_virtual(main()) == [("earlier", later), ("later", later)]


def test_code_that_waits_for_the_rest_of_a_delay_ends() -> None:
    """A timer that goes off a bit early would set itself again, for now, for ever (aiohttp issue 10149)."""

    async def main() -> int:
        done = asyncio.Event()
        deadline = here().time() + 0.1
        tries = 0

        def check() -> None:
            nonlocal tries
            tries += 1
            if here().time() < deadline:
                here().call_at(deadline - 1e-10 if tries < 3 else deadline, check)
            else:
                done.set()

        check()
        await done.wait()
        return tries

    assert run_virtual(main(), max_passes=100) <= 4


def test_a_delay_of_nothing_runs_in_the_next_pass_at_the_same_time() -> None:
    async def main() -> list[str]:
        seen: list[str] = []
        here().call_later(0, seen.append, "timer")
        here().call_soon(seen.append, "soon")
        async with asyncio.timeout(10):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await asyncio.sleep(1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(-5):
                await asyncio.sleep(1)
        assert here().time() == 0.0
        return seen

    assert sorted(run_virtual(main())) == ["soon", "timer"]


def test_timeouts_strike() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10):
                await asyncio.Event().wait()
        return here().time()

    assert run_virtual(main()) == 10.0


@pytest.mark.parametrize("start", [1e9, 1e12, 1e15, 1e17])
def test_the_clock_may_stand_far_from_zero(start: float) -> None:
    async def main() -> float:
        await _until(start)
        step = 4 * math.ulp(start)
        await asyncio.sleep(step)
        async with asyncio.timeout(step):
            await asyncio.sleep(0)
        return here().time() - step

    assert run_virtual(main(), max_passes=100) == start


@pytest.mark.parametrize("when", [math.inf, math.nan])
def test_a_timer_for_never_does_not_go_off(when: float) -> None:
    async def main() -> None:
        here().call_at(when, lambda: None)
        assert here().timers() == ()
        await asyncio.Event().wait()

    with pytest.raises(rg.errors.Deadlock, match="no timer is set"):
        run_virtual(main())


def test_cancelled_timers_move_nothing_and_are_forgotten() -> None:
    class Thing:
        pass

    async def main() -> weakref.ref[Thing]:
        thing = Thing()
        for _ in range(1000):
            here().call_later(5.0, print, thing).cancel()
        kept = here().call_later(10.0, print)
        assert here().timers() == (kept,)
        kept.cancel()
        await asyncio.sleep(20.0)
        return weakref.ref(thing)

    ref = run_virtual(main())
    gc.collect()
    assert ref() is None


def test_a_callback_that_raises_is_told_to_the_loops_handler_and_time_goes_on() -> None:
    async def main() -> list[BaseException]:
        told: list[BaseException] = []
        here().set_exception_handler(lambda _, context: told.append(context["exception"]))
        here().call_later(1.0, lambda: 1 / 0)
        await asyncio.sleep(2.0)
        return told

    assert [type(error) for error in run_virtual(main())] == [ZeroDivisionError]


@pytest.mark.parametrize("debug", [False, True])
def test_asyncios_own_checks_hold(debug: bool) -> None:
    async def main() -> None:
        with pytest.raises(TypeError):
            here().call_at(None, print)  # type: ignore[arg-type]

    run_virtual(main(), debug=debug)
    loop = rt.virtual_loop()
    loop.close()
    with pytest.raises(RuntimeError, match="closed"):
        loop.call_later(1.0, print)


# -- settled, advance, wall --------------------------------------------------------------------


def test_settled_comes_before_time_moves_and_after_all_that_can_run() -> None:
    async def main() -> None:
        async def chain(length: int) -> None:
            if length:
                await asyncio.create_task(chain(length - 1))

        late: list[int] = []
        here().call_later(0.001, late.append, 1)
        task = asyncio.create_task(chain(50))
        await here().settled()
        assert task.done()
        assert not late

    run_virtual(main())


def test_advance_makes_all_timers_due_at_once_as_a_held_loop_would() -> None:
    async def main() -> list[tuple[int, float]]:
        seen: list[tuple[int, float]] = []

        def note(second: int) -> None:
            seen.append((second, here().time()))

        for second in (3, 1, 2):
            here().call_later(second, note, second)
        here().advance(2.5)
        assert here().time() == 2.5
        await here().settled()
        return seen

    assert run_virtual(main()) == [(1, 2.5), (2, 2.5)]


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_the_clock_is_not_set_back_nor_to_nowhere(seconds: float) -> None:
    with closing(rt.virtual_loop()) as loop, pytest.raises(rg.errors.BadSetting, match="advance"):
        loop.advance(seconds)
    with pytest.raises(rg.errors.BadSetting, match="seconds has to be 0 or more, and finite"):
        run_virtual(rt.pass_time(seconds))


def test_the_wall_clock_is_not_set_to_nowhere() -> None:
    with closing(rt.virtual_loop()) as loop:
        for seconds in (float("nan"), float("-inf")):
            with pytest.raises(rg.errors.BadSetting, match=r"jump_wall.*seconds has to be finite"):
                loop.jump_wall(seconds)


def test_the_wall_clock_goes_with_the_loops_and_can_be_set_alone() -> None:
    async def main() -> list[float]:
        loop = here()
        start = loop.wall()
        await asyncio.sleep(90)
        seen = [loop.wall() - start]
        loop.jump_wall(-3600)
        seen.append(loop.wall() - start)
        loop.jump_wall(7200)
        await asyncio.sleep(10)
        return [*seen, loop.wall() - start, loop.time()]

    assert run_virtual(main()) == [90.0, -3510.0, 3700.0, 100.0]


class Box(rg.GenServer):
    @rg.call
    def nothing(self) -> None: ...


def test_systems_take_clock_wall_and_randomness_from_the_loop() -> None:
    async def main() -> list[float]:
        ports = here().regrow_ports()
        await asyncio.sleep(5.0)
        assert (ports.monotonic(), ports.virtual, ports.sockets) == (5.0, True, False)
        assert ports.wall() == here().wall()
        return [ports.random("jitter").random() for _ in range(3)]

    assert run_virtual(main()) == run_virtual(main())
    assert run_virtual(main()) != run_virtual(main(), seed=1)


def test_the_times_of_a_journal_are_the_loops() -> None:
    async def main() -> float:
        journal = rg.Journal.in_memory()
        async with rg.System(services=[journal]):
            await asyncio.sleep(1000.0)
            await rg.supervised_send("nobody", Box.nothing(), timeout=1.0, on_error="dead_letter")
            (letter,) = (await journal.dead_letters.list()).letters
        return letter.died_at - here().wall()

    assert run_virtual(main()) == pytest.approx(0.0, abs=1e-3)


def test_time_passes_on_virtual_loops_alone() -> None:
    async def main() -> float:
        await rt.pass_time(0)
        await rt.pass_time(3600)
        return here().time()

    assert run_virtual(main()) == 3600.0
    asyncio.run(rt.pass_time(0))
    with pytest.raises(rg.errors.NotVirtual) as raised:
        asyncio.run(rt.pass_time(0.5))
    assert str(raised.value) == (
        "pass_time(0.5) on a real loop (_UnixSelectorEventLoop) would really sleep: run it on virtual"
        " time, by run_virtual, VirtualTestCase or @pytest.mark.regrow, or wait for what is to happen"
    )


# -- running -----------------------------------------------------------------------------------


def test_options_out_of_range_are_refused() -> None:
    wrong: list[tuple[str, Any, str]] = [
        ("sockets", 1, "True or False"),
        ("threads", None, "True or False"),
        ("patience", -1, "real seconds, 0 or more"),
        ("silence", math.inf, "real seconds, 0 or more"),
        ("max_passes", 0, "an integer above 0"),
        ("limit", 0, "real seconds above 0, or None"),
        ("seed", "x", "an integer"),
    ]
    for option, value, allowed in wrong:
        with pytest.raises(rg.errors.BadSetting) as raised:
            rt.VirtualLoop(**{option: value})
        text = f"VirtualLoop({option}={value!r}) can't be used: {option} has to be {allowed}"
        assert str(raised.value) == text


def test_run_virtual_gives_what_the_coroutine_returns_or_raises() -> None:
    async def returns() -> int:
        return 7

    async def raises() -> None:
        raise LookupError("x")

    assert run_virtual(returns()) == 7
    with pytest.raises(LookupError, match="x"):
        run_virtual(raises())


def ended_by(main: Callable[[], Coroutine[object, Any, object]]) -> list[str]:
    seen: list[str] = []

    async def left_over() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("cancelled")

    async def body() -> None:
        task = asyncio.create_task(left_over())
        await main()
        assert not task.done()

    with pytest.raises(AssertionError) as raised:
        run_virtual(body(), limit=0.2)
    return [*seen, type(raised.value).__name__]


def test_whatever_ends_the_run_the_tasks_that_are_left_are_cancelled() -> None:
    async def waits() -> None:
        await asyncio.Event().wait()

    async def fails() -> None:
        raise AssertionError

    assert ended_by(waits) == ["cancelled", "Deadlock"]
    assert ended_by(fails) == ["cancelled", "AssertionError"]


@pytest.mark.usefixtures("collected")
def test_what_goes_wrong_at_the_end_is_added_to_what_went_wrong_before() -> None:
    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.Event().wait()

    async def main() -> None:
        task = asyncio.create_task(stubborn())
        await asyncio.sleep(1)
        assert task.done()

    with pytest.raises(AssertionError) as raised:
        run_virtual(main())
    assert not isinstance(raised.value, rg.errors.Deadlock)
    (note,) = raised.value.__notes__
    assert note.startswith(
        "And then, as the tasks that were left were cancelled: nothing can happen any more"
    )
