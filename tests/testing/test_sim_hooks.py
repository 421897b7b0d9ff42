"""What the simulated loop takes from asyncio's insides: here it says when that moves."""

from __future__ import annotations

import asyncio
import contextvars
from asyncio import base_events, events

import regrow as rg
import regrow.testing as rt
from regrow.testing.sim.handles import Ready, Timed
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
        assert list(loop._ready) == [handle]  # type: ignore[attr-defined]  # noqa: SLF001
    finally:
        loop.close()


def test_handles_have_the_parts_that_are_filled_in() -> None:
    parts = {name for name in events.Handle.__slots__ if name != "__weakref__"}
    context = contextvars.copy_context()
    loop = base_events.BaseEventLoop()
    try:
        handle = Ready(print, (1,), loop, context)
        assert {name for name in parts if hasattr(handle, name)} == parts
        usual = events.Handle(print, (1,), loop, context)
        assert {name: getattr(handle, name) for name in parts} == {
            name: getattr(usual, name) for name in parts
        }
        timed = Timed(1.0, print, (), loop, context)
        timed.cancel()  # asks its loop, which is told here
        assert timed.cancelled()
    finally:
        loop.close()


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
        assert len(loop._asyncgens) == 0  # type: ignore[attr-defined]  # noqa: SLF001
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
