"""Blocking handlers on threads."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest

import regrow as rg
from regrow.core.events import Event, Zombie
from regrow.runtime.threadpool import Threadpool
from tests.runtime.kit import play
from tests.runtime.threads_kit import Gate, NotThere, Worker, jumping, virtual, worker


def test_a_blocking_handler_runs_on_another_thread_in_mailbox_order(hand_off: bool) -> None:
    async def body(system: rg.System) -> tuple[int, int]:
        ref = system.ref("worker", Worker)
        ref.cast(Worker.add())
        ident = await ref.call(Worker.ident(), timeout=5.0)
        return ident, await ref.call(Worker.count(), timeout=5.0)

    ident, count = play(body, worker(), hand_off=hand_off)
    assert ident != threading.get_ident()
    assert count == 1


def test_a_declared_exception_is_the_answer_and_another_is_a_crash(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        ref = system.ref("worker", Worker)
        old = ref.whereis()
        with pytest.raises(NotThere, match="key"):
            await ref.call(Worker.find("key"), timeout=5.0)
        assert ref.whereis() is old
        with pytest.raises(rg.errors.ProcessExited) as caught:
            await ref.call(Worker.crash(), timeout=5.0)
        assert isinstance(caught.value.reason, rg.Crash)
        assert caught.value.reason.message == "boom"
        await system.idle()
        assert ref.whereis() not in (old, None)

    play(body, worker(), hand_off=hand_off)


def test_the_thread_works_in_a_copy_of_the_context(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        ref = system.ref("worker", Worker)
        await ref.call(Worker.paint("red"), timeout=5.0)
        seen, me = await ref.call(Worker.see(), timeout=5.0)
        assert (seen, me) == ("red", ref.whereis())
        assert await ref.call(Worker.painted(), timeout=5.0) == "red"

    play(body, worker(), hand_off=hand_off)


def test_idle_waits_for_a_blocking_handler(hand_off: bool) -> None:
    gate = Gate()

    async def body(system: rg.System) -> int:
        ref = system.ref("worker", Worker)
        ref.cast(Worker.block())

        def open_it() -> None:
            gate.entered.wait(10)
            gate.open()

        helper = threading.Thread(target=open_it)
        helper.start()
        await system.idle()
        helper.join(10)
        return await ref.call(Worker.count(), timeout=5.0)

    assert play(body, worker(gate), hand_off=hand_off) == 1


def test_a_killed_handler_that_returns_in_time_is_no_zombie_and_its_answer_is_lost(hand_off: bool) -> None:
    gate = Gate()

    async def body(system: rg.System) -> None:
        pid = system.ref("worker", Worker).whereis()
        assert pid is not None
        asked = asyncio.create_task(pid.call(Worker.wait(), timeout=5.0))
        await gate.reached()
        pid.kill()
        gate.open()
        with pytest.raises(rg.errors.ProcessExited) as caught:
            await asked
        assert caught.value.reason is rg.KILLED
        assert system.statistics().zombies == 0

    play(body, worker(gate, restart="temporary"), hand_off=hand_off, threads=True)


def test_a_stuck_handler_makes_a_zombie_and_its_thread_is_counted_replaced_and_named(hand_off: bool) -> None:
    gate = Gate()
    zombies: list[Event] = []

    async def body(system: rg.System) -> None:
        system.events.subscribe("process.zombie", zombies.append)
        pid = system.ref("worker", Worker).whereis()
        assert pid is not None
        pid.cast(Worker.block())
        await gate.reached()
        pid.kill()
        with jumping():
            assert await pid.down(timeout=5.0) is rg.KILLED
        assert asyncio.get_running_loop().time() == pytest.approx(1.0)  # the kill grace
        stats = system.statistics()
        assert (stats.zombies, stats.lost_threads) == (1, 1)
        await system.idle()  # which doesn't wait for what is given up
        assert [event.pid for event in zombies if isinstance(event, Zombie)] == [pid]
        other = system.ref("other", Worker)
        assert await other.call(Worker.ident(), timeout=5.0) != threading.get_ident()
        names = [row.name for row in system.unsupervised() if row.kind == "thread"]
        assert f"blocking handler of {pid}" in names

    children = (worker(gate, restart="temporary"), rg.child(Worker, name="other"))
    settings = rg.Settings(blocking_threads=1)  # so that without a replacement nothing goes on
    try:
        play(body, *children, hand_off=hand_off, threads=True, settings=settings)
    finally:
        gate.open()


def test_a_handler_killed_before_a_thread_is_free_never_runs(hand_off: bool) -> None:
    first, second = Gate(), Gate()

    async def body(system: rg.System) -> None:
        system.ref("worker", Worker).cast(Worker.block())
        await first.reached()
        pid = system.ref("second", Worker).whereis()
        assert pid is not None
        pid.cast(Worker.block())
        await rg.sync(system.root)
        pid.kill()
        assert await pid.down(timeout=0.5) is rg.KILLED  # before its kill grace: it has no thread to wait for
        first.open()
        await system.idle()
        assert system.statistics().zombies == 0

    children = (worker(first), rg.child(Worker, name="second", args=(second,), restart="temporary"))
    play(body, *children, hand_off=hand_off, threads=True, settings=rg.Settings(blocking_threads=1))
    assert not second.entered.is_set()


def test_a_cancel_from_a_stranger_waits_for_the_thread_and_is_a_crash(hand_off: bool) -> None:
    gate = Gate()

    async def body(system: rg.System) -> None:
        ref = system.ref("worker", Worker)
        before = asyncio.all_tasks()
        asked = asyncio.create_task(ref.call(Worker.wait(), timeout=5.0))
        await gate.reached()
        (own,) = asyncio.all_tasks() - before - {asked}
        own.cancel()
        await rg.sync(system.root)
        assert ref.alive  # a process that has ended runs no more code
        gate.open()
        with pytest.raises(rg.errors.ProcessExited) as caught:
            await asked
        assert isinstance(caught.value.reason, rg.Crash)
        assert caught.value.reason.exception_type is asyncio.CancelledError

    play(body, worker(gate, restart="temporary"), hand_off=hand_off, threads=True)


def test_a_shutdown_waits_for_the_thread_and_then_terminates(hand_off: bool) -> None:
    gate = Gate()
    diary: list[str] = []

    class Tidy(rg.GenServer):
        @rg.cast(blocking=True)
        def work(self) -> None:
            gate.hold()
            diary.append("worked")

        def terminate(self, reason: rg.ExitReason) -> None:
            diary.append(f"terminate {reason!r}")

    async def body(system: rg.System) -> None:
        system.ref("tidy", Tidy).cast(Tidy.work())
        await gate.reached()
        stopping = asyncio.create_task(system.stop())
        await virtual().settled()
        assert diary == []
        gate.open()
        await stopping

    play(body, rg.child(Tidy, name="tidy"), hand_off=hand_off, threads=True)
    assert diary == ["worked", f"terminate {rg.SHUTDOWN!r}"]


STUCK = """
import asyncio, threading
import regrow as rg

class Stuck(rg.GenServer):
    @rg.cast(blocking=True)
    def hang(self) -> None:
        print("hanging", flush=True)
        entered.set()
        threading.Event().wait()

entered = threading.Event()

async def main() -> None:
    settings = rg.Settings(kill_grace=0.02)
    stuck = rg.child(Stuck, name="stuck", shutdown="brutal_kill")
    async with rg.System([stuck], settings=settings) as system:
        system.ref("stuck", Stuck).cast(Stuck.hang())
        await asyncio.to_thread(entered.wait)
    print("stopped", flush=True)

asyncio.run(main())
"""


def test_neither_stop_nor_the_end_of_the_program_wait_for_a_stuck_thread() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STUCK], capture_output=True, text=True, timeout=20, check=False
    )
    assert done.stdout.split() == ["hanging", "stopped"]
    assert done.returncode == 0


# -- the runtime's own threads -----------------------------------------------------------------


def test_a_pool_makes_threads_up_to_its_limit_and_reuses_them() -> None:
    pool = Threadpool(2)
    gate = threading.Event()
    both = threading.Barrier(3)

    def meet() -> int:
        both.wait(10)
        gate.wait(10)
        return threading.get_ident()

    first, second = pool.submit(meet), pool.submit(meet)
    both.wait(10)
    third = pool.submit(threading.get_ident)
    assert not third.done()
    gate.set()
    assert third.result(10) in {first.result(10), second.result(10)}
    pool.close()
    assert pool.submit(threading.get_ident).cancelled()


def test_a_pool_replaces_a_lost_thread_for_what_waits() -> None:
    pool = Threadpool(1)
    gate, entered = threading.Event(), threading.Event()

    def hang() -> None:
        entered.set()
        gate.wait(10)

    stuck = pool.submit(hang)
    assert entered.wait(10)
    waiting = pool.submit(threading.get_ident)
    assert not waiting.done()
    pool.replace()
    assert waiting.result(10)
    assert pool.lost == 1
    gate.set()
    stuck.result(10)
    pool.close()


def test_what_a_job_raises_goes_to_its_future() -> None:
    pool = Threadpool(1)
    with pytest.raises(ZeroDivisionError):
        pool.submit(lambda: 1 // 0).result(10)
    assert pool.submit(lambda: 1).result(10) == 1
    pool.close()
