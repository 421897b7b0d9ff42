"""One run: its time, its steps, and what makes it fail."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.testing.sim.run import run_seed
from regrow.testing.sim.simulation import Simulation


class Desk(rg.GenServer):
    def init(self) -> None:
        self.asked = 0

    @rg.call
    def ask(self) -> int:
        self.asked += 1
        return self.asked

    @rg.call
    async def ask_slowly(self) -> int:
        await rt.pass_time(3.0)
        return self.ask_now()

    def ask_now(self) -> int:
        self.asked += 1
        return self.asked


def failure_of(body: Callable[[Simulation], Awaitable[object]], **options: object) -> str:
    """Type and text of what a run fails with."""
    failure = run_seed(body, 1, **options).failure  # type: ignore[arg-type]
    assert failure is not None
    return f"{type(failure).__name__}: {failure}"


def test_a_run_that_passes_says_what_it_took() -> None:
    async def body(sim: Simulation) -> None:
        async with rg.System([rg.child(Desk, name="desk")]) as system:
            assert await system.ref("desk", Desk).call(Desk.ask_slowly(), timeout=5.0) == 1
            assert sim.time == 3.0
            assert sim.steps > 5

    outcome = run_seed(body, 7)
    assert outcome.failure is None
    assert (outcome.seed, outcome.time) == (7, 3.0)
    assert outcome.steps > 5
    assert len(outcome.trace_hash) == 16


def test_time_only_jumps_when_nothing_is_ready() -> None:
    seen: list[tuple[str, float]] = []

    async def body(sim: Simulation) -> None:
        seen.clear()
        loop = asyncio.get_running_loop()
        loop.call_later(1.0, lambda: seen.append(("later", loop.time())))
        loop.call_at(0.5, lambda: seen.append(("at", loop.time())))
        loop.call_soon(lambda: seen.append(("soon", loop.time())))
        await asyncio.wait_for(asyncio.Event().wait(), timeout=2.0)

    assert failure_of(body).startswith("TimeoutError")
    assert seen == [("soon", 0.0), ("at", 0.5), ("later", 1.0)]


def test_timers_for_one_moment_go_off_in_the_order_in_which_they_were_set() -> None:
    async def body(sim: Simulation) -> None:
        seen: list[int] = []
        loop = asyncio.get_running_loop()
        for number in range(20):
            loop.call_at(1.0, seen.append, number)
        await rt.pass_time(2.0)
        assert seen == list(range(20))

    for seed in range(20):
        assert run_seed(body, seed).failure is None


def test_callbacks_keep_their_order() -> None:
    async def body(sim: Simulation) -> None:
        seen: list[int] = []
        loop = asyncio.get_running_loop()
        for number in range(20):
            loop.call_soon(seen.append, number)
        await rt.pass_time(1.0)
        assert seen == list(range(20))

    for seed in range(20):
        assert run_seed(body, seed).failure is None


def test_random_numbers_come_from_the_seed_and_from_streams_of_their_own() -> None:
    drawn: list[tuple[float, float]] = []

    async def body(sim: Simulation) -> None:
        other = sim.ports().random("other").random() if sim.seed == 1 else 0.0
        drawn.append((sim.random.random(), other))

    for seed in (1, 1, 2):
        run_seed(body, seed)
    assert drawn[0] == drawn[1]
    assert drawn[0][0] != drawn[1][1]
    assert drawn[0][0] != drawn[2][0]


def test_a_failing_body_is_the_failure() -> None:
    async def body(sim: Simulation) -> None:
        raise LookupError("planned")

    assert failure_of(body) == "LookupError: planned"


def test_a_deadlock_says_who_waits() -> None:
    async def body(sim: Simulation) -> None:
        async with rg.System([rg.child(Desk, name="desk")]):
            await asyncio.Event().wait()

    assert failure_of(body).splitlines()[0] == (
        "Deadlock: nothing can happen any more at virtual time 0: nothing is ready and no timer is set:"
    )
    assert "  task 'test' waits for " in failure_of(body)


def test_an_endless_run_is_given_up() -> None:
    async def body(sim: Simulation) -> None:
        while True:
            await rt.pass_time(1.0)

    assert failure_of(body, max_steps=50) == (
        "TooManySteps: still running after 50 steps, at virtual time 25; these tasks are left: test;"
        " raise max_steps if the test is that long"
    )


def test_an_endless_run_that_listens_to_no_cancel_is_given_up_all_the_same() -> None:
    async def body(sim: Simulation) -> None:
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await rt.pass_time(0.001)

    assert failure_of(body, max_steps=50).startswith("TooManySteps: still running after 50 steps, at ")


def test_an_exception_in_a_callback_fails_the_run() -> None:
    async def body(sim: Simulation) -> None:
        def fail() -> None:
            raise LookupError("planned")

        asyncio.get_running_loop().call_soon(fail)
        await rt.pass_time(1.0)

    assert failure_of(body) == "UnhandledInRun: nobody handled: LookupError('planned')"


def test_an_exception_of_a_task_that_nobody_awaits_fails_the_run() -> None:
    async def fail() -> None:
        raise LookupError("planned")

    async def body(sim: Simulation) -> None:
        task = asyncio.ensure_future(fail())
        await asyncio.wait([task])

    assert failure_of(body) == "UnhandledInRun: nobody handled: LookupError('planned')"


def test_the_same_in_a_ring_that_only_the_collector_breaks_fails_the_same_run() -> None:
    class Ring:
        me: Ring
        task: asyncio.Task[None]

    async def fail() -> None:
        raise LookupError("planned")

    async def body(sim: Simulation) -> None:
        ring = Ring()
        ring.me = ring
        ring.task = asyncio.ensure_future(fail())
        await asyncio.wait([ring.task])

    async def harmless(sim: Simulation) -> None:
        await rt.pass_time(1.0)

    assert failure_of(body) == "UnhandledInRun: nobody handled: LookupError('planned')"
    assert run_seed(harmless, 1).failure is None


def test_a_coroutine_that_nobody_awaits_fails_the_run() -> None:
    async def forgotten() -> None:
        raise AssertionError

    async def body(sim: Simulation) -> None:
        forgotten()  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]

    name = "test_a_coroutine_that_nobody_awaits_fails_the_run.<locals>.forgotten"
    assert failure_of(body) == f"UnhandledInRun: nobody handled: \"coroutine '{name}' was never awaited\""


def test_an_exception_in_a_finalizer_fails_the_run() -> None:
    class Broken:
        def __del__(self) -> None:
            raise LookupError("planned")

    async def body(sim: Simulation) -> None:
        Broken()

    assert failure_of(body) == "UnhandledInRun: nobody handled: LookupError('planned')"


def test_other_warnings_go_where_they_went() -> None:
    async def body(sim: Simulation) -> None:
        import warnings

        warnings.warn("planned", UserWarning, stacklevel=1)

    with pytest.warns(UserWarning, match="planned"):
        assert run_seed(body, 1).failure is None
    assert failure_of(body) == "UserWarning: planned"  # the project's own filter: warnings are errors


def test_tasks_that_wait_for_something_may_not_be_left() -> None:
    async def wait() -> None:
        await rt.pass_time(10.0)

    async def body(sim: Simulation) -> None:
        loop = asyncio.get_running_loop()
        kept.extend(loop.create_task(wait(), name=name) for name in ("one", "two"))

    kept: list[object] = []

    assert failure_of(body) == (
        "TasksLeft: the simulated test returned and left these tasks: one, two; await or cancel them, and"
        " stop the Systems it started"
    )


def test_tasks_that_only_have_to_end_may_be_left() -> None:
    ended: list[str] = []

    async def chain() -> None:
        for _ in range(3):
            await rt.pass_time(0)
        ended.append("chain")

    async def body(sim: Simulation) -> None:
        kept.append(asyncio.ensure_future(chain()))

    kept: list[object] = []
    assert run_seed(body, 1).failure is None
    assert ended == ["chain"]


def test_a_system_that_runs_on_is_left_tasks() -> None:
    async def body(sim: Simulation) -> None:
        await rg.System([rg.child(Desk)], name="forgotten").start()

    assert "forgotten (system)" in failure_of(body)


def test_what_is_left_is_cancelled_and_generators_are_closed() -> None:
    seen: list[str] = []

    async def wait() -> None:
        try:
            await rt.pass_time(10.0)
        finally:
            seen.append("cancelled")

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            seen.append("closed")

    async def body(sim: Simulation) -> None:
        task = asyncio.ensure_future(wait())
        generator = numbers()
        assert await anext(generator) == 1
        await rt.pass_time(0)
        kept.extend([task, generator])

    kept: list[object] = []
    assert failure_of(body).startswith("TasksLeft")
    assert sorted(seen) == ["cancelled", "closed"]


def test_the_collector_is_left_as_it_was() -> None:
    seen: list[bool] = []

    async def body(sim: Simulation) -> None:
        seen.append(gc.isenabled())

    enabled = gc.isenabled()
    try:
        gc.enable()
        run_seed(body, 1)
        assert gc.isenabled()
        gc.disable()
        run_seed(body, 1)
        assert not gc.isenabled()
    finally:
        if enabled:
            gc.enable()
    assert seen == [False, False]


def test_nothing_of_a_run_is_left_whichever_way_its_schedule_went() -> None:
    loops: list[weakref.ref[asyncio.AbstractEventLoop]] = []

    async def body(sim: Simulation) -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(rt.pass_time(0.1))

    for seed in range(20):
        run_seed(body, seed)
    assert [loop() for loop in loops] == [None] * 20


def test_a_run_that_is_told_is_the_same_run_whichever_way_its_schedule_goes() -> None:
    async def body(sim: Simulation) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(rt.pass_time(0.1))

    lines: list[str] = []
    for seed in range(20):
        silent = run_seed(body, seed)
        assert run_seed(body, seed, tell=lines.append).trace_hash == silent.trace_hash
    assert any(" goes before " in line for line in lines)
    assert any(" is held back " in line for line in lines)


def test_log_records_are_made_only_if_they_are_wanted(caplog: pytest.LogCaptureFixture) -> None:
    class Fragile(rg.GenServer):
        @rg.call
        def crash(self) -> None:
            raise LookupError("planned")

    async def body(sim: Simulation) -> None:
        async with rg.System([rg.child(Fragile, name="one")]) as system:
            with pytest.raises(rg.errors.ProcessExited):
                await system.ref("one", Fragile).call(Fragile.crash(), timeout=1.0)

    assert run_seed(body, 1).failure is None
    assert caplog.records == []
    assert run_seed(body, 1, logs=True).failure is None
    assert {record.name for record in caplog.records} == {"regrow.crash", "regrow.supervisor"}


def test_waiting_in_a_run_goes_by_its_steps() -> None:
    async def body(sim: Simulation) -> None:
        async with rg.System([rg.child(Desk, name="desk")]) as system:
            desk = system.ref("desk", Desk)
            asked = asyncio.ensure_future(desk.call(Desk.ask_slowly(), timeout=5.0))
            await rt.wait_for(asked.done, timeout=10.0)
            assert sim.time == 3.0
            assert await asked == 1

    for seed in range(10):
        outcome = run_seed(body, seed)
        assert outcome.failure is None, outcome.failure


def test_settled_returns_when_nothing_is_ready_before_time_goes_on() -> None:
    async def body(sim: Simulation) -> None:
        loop = asyncio.get_running_loop()
        seen: list[str] = []

        async def chain() -> None:
            for _ in range(30):
                await rt.pass_time(0)
            seen.append("chain")

        async def later() -> None:
            await rt.pass_time(1.0)
            seen.append("later")

        tasks = [asyncio.ensure_future(chain()), asyncio.ensure_future(later())]
        await loop.settled()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
        assert seen == ["chain"]
        await asyncio.wait(tasks)

    for seed in range(10):
        outcome = run_seed(body, seed)
        assert outcome.failure is None, outcome.failure
