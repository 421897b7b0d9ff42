"""Work for threads in a simulated run: other threads, in lockstep with the loop, on virtual time."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.testing.sim.run import run_seed
from regrow.testing.sim.simulation import Simulation
from tests.testing.faults_kit import nap, pairs, played, replays, runs, silent

__all__ = ("silent",)


class Blocker(rg.GenServer):
    """Works on threads."""

    def init(self) -> None:
        self.count = 0

    @rg.call(blocking=True)
    def run(self, action: Callable[[], object]) -> object:
        self.count += 1
        return action()

    @rg.cast
    def bump(self) -> None:
        self.count += 100

    @rg.call
    def read(self) -> int:
        return self.count


async def test_of(sim: Simulation, action: Callable[[rg.System], Callable[[], object]]) -> object:
    async with rg.System([rg.child(Blocker, name="one"), rg.child(Blocker, name="two")]) as system:
        return await system.ref("one", Blocker).call(Blocker.run(action(system)), timeout=60.0)


test_of.__test__ = False  # type: ignore[attr-defined]


def test_it_is_another_thread_and_time_passes_as_it_says() -> None:
    async def body(sim: Simulation) -> None:
        def work() -> tuple[int, str]:
            nap(3.0)
            return threading.get_ident(), threading.current_thread().name

        ident, name = await asyncio.to_thread(work)
        assert ident != threading.get_ident()
        assert name == "regrow-simulated"
        assert sim.time == 3.0

    assert played(body) == {}


def test_the_loop_goes_on_while_a_thread_sleeps() -> None:
    async def body(sim: Simulation) -> None:
        log: list[str] = []

        def work() -> None:
            for number in range(3):
                log.append(f"thread {number}")
                nap(1.0)

        async def beside() -> None:
            for number in range(3):
                log.append(f"loop {number}")
                await rt.pass_time(1.0)

        await rt.pass_time(0)
        working = asyncio.ensure_future(asyncio.to_thread(work))
        await rt.pass_time(0.5)
        await asyncio.gather(working, beside())
        expected = [f"{who} {number}" for number in range(3) for who in ("thread", "loop")]
        assert log == expected

    assert played(body) == {}


def test_an_error_comes_to_who_waits() -> None:
    async def body(sim: Simulation) -> None:
        def work() -> None:
            raise LookupError("on the thread")

        with pytest.raises(LookupError, match="on the thread"):
            await asyncio.get_running_loop().run_in_executor(None, work)

    assert played(body) == {}


def test_two_threads_meet_in_different_orders() -> None:
    orders: set[str] = set()

    async def body(sim: Simulation) -> None:
        log: list[str] = []

        def work(name: str) -> None:
            log.append(name)
            nap(1.0)
            log.append(name)

        await asyncio.gather(*(asyncio.to_thread(work, name) for name in "ab"))
        orders.add("".join(log))

    for outcome in runs(body, 30):
        assert outcome.failure is None
        assert pairs(replays(body, outcome, rt.Faults())) == pairs(outcome)
    assert orders >= {"abab", "baba"}


def test_latency_comes_from_the_seed() -> None:
    starts: list[float] = []

    async def body(sim: Simulation) -> None:
        starts.append(await asyncio.to_thread(asyncio.get_running_loop().time))

    for outcome in runs(body, 20, rt.Faults(thread_latency=2.0)):
        assert outcome.failure is None
    assert 0.0 in starts
    assert len(set(starts)) > 5
    assert all(0.0 <= start <= 2.0 for start in starts)


def test_threads_wait_for_the_loop_and_for_each_other() -> None:
    async def body(sim: Simulation) -> None:
        event, line = threading.Event(), queue.Queue[str]()
        loop = asyncio.get_running_loop()

        def give() -> str:
            assert event.wait(timeout=60.0)
            line.put("given")
            return asyncio.run_coroutine_threadsafe(answer(), loop).result(timeout=60.0)

        async def answer() -> str:
            await rt.pass_time(2.0)
            return "answered"

        giving = asyncio.ensure_future(asyncio.to_thread(give))
        taking = asyncio.ensure_future(asyncio.to_thread(line.get))
        await rt.pass_time(5.0)
        assert not taking.done()
        event.set()
        assert await taking == "given"
        assert await giving == "answered"
        assert sim.time == 7.0

    assert played(body) == {}


def test_waits_of_threads_time_out_in_virtual_time() -> None:
    async def body(sim: Simulation) -> None:
        assert await asyncio.to_thread(threading.Event().wait, 4.0) is False
        assert sim.time == 4.0
        condition = threading.Condition()

        def wait_for() -> bool:
            with condition:
                return condition.wait_for(lambda: False, timeout=3.0)

        assert await asyncio.to_thread(wait_for) is False
        assert sim.time == 7.0

    assert played(body) == {}


def test_a_blocking_handler_may_call_and_cast_from_its_thread() -> None:
    async def body(sim: Simulation) -> None:
        def action(system: rg.System) -> Callable[[], object]:
            two = system.ref("two", Blocker).from_thread

            def work() -> object:
                two.cast(Blocker.bump())
                nap(1.0)
                return two.call(Blocker.read(), timeout=5.0)

            return work

        assert await test_of(sim, action) == 100
        assert sim.time == 1.0

    assert played(body) == {}


def test_a_blocking_handler_that_uses_the_loop_from_its_thread_is_found() -> None:
    async def body(sim: Simulation) -> None:
        def action(system: rg.System) -> Callable[[], object]:
            two = system.ref("two", Blocker)
            return lambda: rg.send_after(two, "tick", 1.0)

        with pytest.raises(rg.errors.ProcessExited, match="WrongThread"):
            await test_of(sim, action)

    assert played(body) == {}


def test_a_thread_that_never_ends_ends_with_the_run() -> None:
    before = threading.active_count()

    async def body(sim: Simulation) -> None:
        asyncio.ensure_future(asyncio.to_thread(threading.Event().wait)).cancel()
        waiting = asyncio.ensure_future(asyncio.to_thread(threading.Event().wait))
        await rt.pass_time(1.0)
        waiting.cancel()

    assert run_seed(body, 0).failure is None
    assert threading.active_count() == before


def test_a_cancelled_piece_of_work_never_begins() -> None:
    begun: list[int] = []

    async def body(sim: Simulation) -> None:
        future = asyncio.get_running_loop().run_in_executor(None, begun.append, 1)
        future.cancel()
        await rt.pass_time(1.0)

    assert played(body) == {}
    assert begun == []
