"""What the simulated loop takes from asyncio's insides: here it says when that moves."""

from __future__ import annotations

import asyncio
import contextvars
from asyncio import base_events, events

import regrow as rg
import regrow.testing as rt
from regrow.testing.sim.handles import Ready
from regrow.testing.sim.run import noted_run, run_seed
from regrow.testing.sim.simulation import Simulation


def test_run_forever_runs_once_until_it_is_stopped() -> None:
    seen: list[str] = []

    class Loop(base_events.BaseEventLoop):
        def _run_once(self) -> None:
            seen.append("once")
            self.stop()
            seen.append(f"stopping {self._stopping}")  # type: ignore[attr-defined]

    loop = Loop()
    try:
        loop.run_forever()
    finally:
        loop.close()
    assert seen == ["once", "stopping True"]


def test_what_is_ready_stands_in_a_deque_that_the_runtime_looks_at_too() -> None:
    loop = base_events.BaseEventLoop()
    try:
        handle = loop.call_soon(print)
        assert list(vars(loop)["_ready"]) == [handle]
    finally:
        loop.close()


def test_handles_do_what_those_of_asyncio_do() -> None:
    methods = {name for name in vars(events.Handle) if not name.startswith("_")}
    assert {name for name in methods if hasattr(Ready, name)} == methods
    context = contextvars.copy_context()
    timed = Ready(print, (), context, None, 1.5)
    assert [timed.when(), timed.cancelled(), timed.get_context()] == [1.5, False, context]
    timed.cancel()
    assert timed.cancelled()
    assert timed.callback() is None


def test_a_future_asks_its_loop_for_debug_mode() -> None:
    async def body(sim: Simulation) -> None:
        loop = asyncio.get_running_loop()
        seen.append(loop.get_debug())
        loop.set_debug(True)
        seen.append(loop.get_debug())
        loop.set_debug(False)
        seen.append(loop.get_debug())

    seen: list[bool] = []
    assert run_seed(body, 1).failure is None
    assert seen == [False, True, False]


def test_steps_of_tasks_are_known_by_the_task_that_they_are_bound_to() -> None:
    async def body(sim: Simulation) -> None:
        await rt.pass_time(0)  # another step
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(future.set_result, None)
        await future  # a wake-up

    outcome, trace = noted_run(body, 1)
    assert outcome.failure is None
    assert trace.notes.count("test") == 3
    assert not [note for note in trace.notes if isinstance(note, str) and "Task" in note]


def test_async_generators_that_have_begun_are_known() -> None:
    loop = base_events.BaseEventLoop()
    try:
        assert len(vars(loop)["_asyncgens"]) == 0
    finally:
        loop.close()


def test_idle_of_the_runtime_knows_what_is_ready() -> None:
    async def body(sim: Simulation) -> None:
        seen: list[int] = []

        async def chain() -> None:
            for number in range(20):
                seen.append(number)
                await asyncio.shield(asyncio.ensure_future(nothing()))

        async def nothing() -> None:
            return None

        async with rg.System() as system:
            task = asyncio.ensure_future(chain())
            await system.idle()
            assert len(seen) == 20
            await task

    for seed in range(20):
        outcome = run_seed(body, seed)
        assert outcome.failure is None, outcome.failure
