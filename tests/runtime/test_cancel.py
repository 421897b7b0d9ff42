"""Cancels, kills, interrupts: whom they reach, and whom they never reach."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest

import regrow as rg
from tests.runtime.kit import pause, play


class Worker(rg.GenServer):
    log: ClassVar[list[object]] = []

    @rg.call
    async def wait(self, seconds: float) -> str:
        self.log.append("begun")
        try:
            await pause(seconds)
        finally:
            self.log.append("ended")
        return "waited"

    @rg.call
    async def swallow_once(self) -> str:
        try:
            await pause(10.0)
        except asyncio.CancelledError:
            self.log.append("swallowed")
        return "returned"

    @rg.call
    async def within(self, seconds: float) -> str:
        try:
            async with asyncio.timeout(seconds):
                await pause(10.0)
        except TimeoutError:
            return "timed out"
        return "not reached"

    @rg.call
    async def group(self) -> int:
        async def after(seconds: int) -> int:
            await pause(seconds)
            return seconds

        async with asyncio.TaskGroup() as tasks:
            one = tasks.create_task(after(1))
            two = tasks.create_task(after(2))
        return one.result() + two.result()

    @rg.call
    async def my_task(self) -> asyncio.Task[object] | None:
        return asyncio.current_task()

    @rg.call
    def fast(self) -> str:
        return "fast"

    @rg.call
    def boom(self, kind: str) -> None:
        raise KINDS[kind]

    @rg.call
    async def boom_async(self, kind: str) -> None:
        await pause(0)
        raise KINDS[kind]

    def terminate(self, reason: rg.ExitReason) -> None:
        self.log.append(("terminate", type(reason).__name__))


KINDS: dict[str, BaseException] = {
    "exit": SystemExit(3),
    "generator": GeneratorExit(),
    "group": ExceptionGroup("several", [ValueError(1), KeyError(2)]),
    "base_group": BaseExceptionGroup("several", [SystemExit(1)]),
    "cancelled": asyncio.CancelledError("my own"),
}
WORKER = rg.child(Worker, name="worker", restart="temporary")


@pytest.fixture(autouse=True)
def _fresh() -> None:
    Worker.log.clear()


def pid_of(system: rg.System) -> rg.Pid[Worker]:
    pid = system.ref("worker", Worker).whereis()
    assert pid is not None
    return pid


@pytest.mark.parametrize("make", [Worker.boom, Worker.boom_async], ids=["def", "async"])
@pytest.mark.parametrize("kind", list(KINDS))
def test_whatever_a_handler_raises_is_a_crash_of_that_process_alone(
    hand_off: bool, make: object, kind: str
) -> None:
    async def body(system: rg.System) -> None:
        pid = pid_of(system)
        with pytest.raises(rg.errors.ProcessExited) as raised:
            await pid.call(make(kind), timeout=1.0)  # type: ignore[operator]
        reason = raised.value.reason
        assert isinstance(reason, rg.Crash)
        assert reason.exception_type is type(KINDS[kind])
        assert Worker.log == [("terminate", "Crash")]
        assert system.state == "running"

    play(body, WORKER, hand_off=hand_off)


def test_a_cancel_that_the_runtime_did_not_ask_for_is_a_crash(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = pid_of(system)
        task = await pid.call(Worker.my_task(), timeout=1.0)
        assert task is not None
        call = asyncio.ensure_future(pid.call(Worker.wait(10.0), timeout=50.0))
        await pause(1.0)
        task.cancel()
        with pytest.raises(rg.errors.ProcessExited) as raised:
            await call
        assert raised.value.reason.exception_type is asyncio.CancelledError  # type: ignore[attr-defined]
        assert Worker.log == ["begun", "ended", ("terminate", "Crash")]

    play(body, WORKER, hand_off=hand_off)


def test_a_warm_task_that_is_cancelled_is_a_crash_and_handles_nothing_more(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = pid_of(system)
        task = await pid.call(Worker.my_task(), timeout=1.0)
        assert task is not None
        await pause(0)
        task.cancel()
        await pause(0)
        with pytest.raises(rg.errors.ProcessExited):
            await pid.call(Worker.fast(), timeout=1.0)
        assert Worker.log == [("terminate", "Crash")]

    play(body, WORKER, hand_off=hand_off)


def test_a_cancel_meant_for_one_message_never_reaches_the_next(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = pid_of(system)
        task = await pid.call(Worker.my_task(), timeout=1.0)
        assert task is not None
        first = asyncio.ensure_future(pid.call(Worker.swallow_once(), timeout=50.0))
        second = asyncio.ensure_future(pid.call(Worker.wait(1.0), timeout=50.0))
        third = asyncio.ensure_future(pid.call(Worker.my_task(), timeout=50.0))
        await pause(0.5)
        task.cancel()
        assert await first == "returned"
        assert await second == "waited"
        other = await third
        assert other is not None
        assert other is not task
        assert other.cancelling() == 0
        assert Worker.log == ["swallowed", "begun", "ended"]

    play(body, WORKER, hand_off=hand_off)


def test_timeouts_and_task_groups_work_in_handlers(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = pid_of(system)
        for _ in range(2):
            assert await pid.call(Worker.within(1.0), timeout=50.0) == "timed out"
            assert await pid.call(Worker.group(), timeout=50.0) == 3
        assert Worker.log == []

    play(body, WORKER, hand_off=hand_off)


def test_a_cancelled_caller_does_not_stop_the_handler(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = pid_of(system)
        call = asyncio.ensure_future(pid.call(Worker.wait(2.0), timeout=50.0))
        await pause(1.0)
        call.cancel()
        await pause(5.0)
        assert call.cancelled()
        assert Worker.log == ["begun", "ended"]
        assert pid.alive
        assert system.statistics().late_replies == 1

    play(body, WORKER, hand_off=hand_off)


# -- kills, in each phase ----------------------------------------------------------------------


def test_kill_while_queued(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = pid_of(system)
        call = asyncio.ensure_future(pid.call(Worker.wait(2.0), timeout=50.0))
        pid.send("queued")
        pid.kill()
        with pytest.raises((rg.errors.ProcessExited, rg.errors.NoProcess)):
            await call
        assert await pid.down(timeout=1.0) in (rg.KILLED, rg.NOPROC)
        assert Worker.log == []

    play(body, WORKER, hand_off=hand_off)


def test_kill_while_an_async_handler_runs(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = pid_of(system)
        call = asyncio.ensure_future(pid.call(Worker.wait(20.0), timeout=50.0))
        await pause(1.0)
        pid.kill()
        with pytest.raises(rg.errors.ProcessExited) as raised:
            await call
        assert raised.value.reason is rg.KILLED
        assert Worker.log == ["begun", "ended"]  # and no terminate

    play(body, WORKER, hand_off=hand_off)


def test_kill_before_the_task_of_a_handler_has_begun(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = pid_of(system)
        call = asyncio.ensure_future(pid.call(Worker.wait(20.0), timeout=50.0))
        await pause(0)  # queued
        await pause(0)  # its task is made
        pid.kill()
        with pytest.raises(rg.errors.ProcessExited):
            await call
        assert Worker.log == []

    play(body, WORKER, hand_off=hand_off)


def test_kill_while_warm(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = pid_of(system)
        before = len(asyncio.all_tasks())
        await pid.call(Worker.my_task(), timeout=1.0)
        pid.kill()
        assert await pid.down(timeout=1.0) is rg.KILLED
        await pause(0)
        assert len(asyncio.all_tasks()) == before
        assert Worker.log == []

    play(body, WORKER, hand_off=hand_off)


def test_kill_while_starting(hand_off: bool) -> None:
    class Slow(rg.GenServer):
        async def init(self) -> None:
            await pause(4.0)

        def terminate(self, reason: rg.ExitReason) -> None:
            Worker.log.append("never")

    async def body(system: rg.System) -> None:
        spec = rg.child(Slow, name="slow")
        starting = asyncio.ensure_future(system.root.call(rg.Supervisor.start_child(spec), timeout=50.0))
        await pause(1.0)
        pid = system.whereis("slow")
        assert pid is not None
        pid.kill()
        with pytest.raises(rg.errors.InitFailed) as raised:
            await starting
        assert raised.value.reason is rg.KILLED
        assert system.whereis("slow") is None
        assert Worker.log == []

    play(body, hand_off=hand_off)


@pytest.mark.parametrize("reason", [rg.KILLED, "exit"], ids=["kill", "exit"])
def test_kill_while_terminating(hand_off: bool, reason: object) -> None:
    class Slow(rg.GenServer):
        @rg.cast
        def leave(self) -> None:
            self.stop("its own wish")

        async def terminate(self, reason: rg.ExitReason) -> None:
            Worker.log.append("begun")
            try:
                await pause(4.0)
            finally:
                Worker.log.append("ended")

    async def body(system: rg.System) -> None:
        pid = system.ref("slow", Slow).whereis()
        assert pid is not None
        pid.cast(Slow.leave())
        await pause(1.0)
        if reason is rg.KILLED:
            pid.kill()
        else:
            pid.exit(reason)
        assert await pid.down(timeout=1.0) == reason
        assert Worker.log == ["begun", "ended"]

    play(body, rg.child(Slow, name="slow", restart="temporary"), hand_off=hand_off)


# -- those who will not end --------------------------------------------------------------------


class Stubborn(rg.GenServer):
    """Swallows its cancel a number of times."""

    @rg.call
    async def resist(self, times: int) -> str:
        for n in range(times):
            try:
                await pause(100.0)
            except asyncio.CancelledError:
                Worker.log.append(("swallowed", n, asyncio.get_running_loop().time()))
        Worker.log.append("goes on")
        try:
            rg.send_after(self.pid, "x", 1.0)
            self.pid.send("y")
            await self.pid.call(Stubborn.resist(0), timeout=1.0)
        except rg.errors.RegrowError as error:
            Worker.log.append(type(error).__name__)
        return "returned"


@pytest.mark.parametrize("times", [1, 2])
def test_who_swallows_a_cancel_is_cancelled_again(hand_off: bool, times: int) -> None:
    async def body(system: rg.System) -> None:
        pid = system.ref("stubborn", Stubborn).whereis()
        assert pid is not None
        call = asyncio.ensure_future(pid.call(Stubborn.resist(times), timeout=50.0))
        await pause(1.0)
        pid.kill()
        with pytest.raises(rg.errors.ProcessExited):
            await call
        swallowed = [one for one in Worker.log if isinstance(one, tuple)]
        assert swallowed == [("swallowed", n, pytest.approx(1.0 + n * 0.5)) for n in range(times)]
        assert system.statistics().zombies == 0
        assert asyncio.get_running_loop().time() <= 1.5

    play(body, rg.child(Stubborn, name="stubborn", restart="temporary"), hand_off=hand_off)


def test_who_does_not_end_in_the_grace_is_a_zombie_whose_calls_raise(hand_off: bool) -> None:
    events: list[object] = []

    async def body(system: rg.System) -> None:
        system.events.subscribe("process.zombie", events.append)
        stubborn = system.ref("stubborn", Stubborn)
        pid = stubborn.whereis()
        assert pid is not None
        call = asyncio.ensure_future(pid.call(Stubborn.resist(3), timeout=50.0))
        await pause(1.0)
        pid.kill()
        with pytest.raises(rg.errors.ProcessExited) as raised:
            await call
        assert raised.value.reason is rg.KILLED
        assert asyncio.get_running_loop().time() == pytest.approx(2.0)
        await system.idle()
        assert stubborn.whereis() not in (None, pid)  # the world went on
        assert [event.pid for event in events] == [pid]  # type: ignore[attr-defined]
        [task] = [one for one in asyncio.all_tasks() if one.get_name() == "stubborn"]
        task.cancel()
        await asyncio.wait([task])
        assert Worker.log[-2:] == ["goes on", "ZombieProcess"]
        assert system.statistics().zombies == 1

    play(body, rg.child(Stubborn, name="stubborn"), hand_off=hand_off)


def test_a_shutdown_gives_an_async_handler_and_a_plain_process_their_seconds(hand_off: bool) -> None:
    """Their clean-up in `finally` has as long as the spec says, without a terminate too."""

    class Cleans(rg.GenServer):
        @rg.cast
        async def work(self) -> None:
            await clean("server")

    async def clean(who: str) -> None:
        try:
            await pause(1000.0)
        finally:
            await pause(3.0)
            Worker.log.append(f"{who} cleaned")

    async def body(system: rg.System) -> None:
        system.ref("cleans", Cleans).cast(Cleans.work())
        await pause(1.0)

    children = [rg.child(Cleans, name="cleans"), rg.child(clean, args=("plain",), id="plain")]
    play(body, *children, hand_off=hand_off)
    assert Worker.log == ["plain cleaned", "server cleaned"]


def test_keyboard_interrupt_kills_its_process_and_stops_the_system(hand_off: bool) -> None:
    class Interrupted(rg.GenServer):
        @rg.call
        def hit(self) -> None:
            raise KeyboardInterrupt

        @rg.call
        async def hit_async(self) -> None:
            await pause(0)
            raise KeyboardInterrupt

        def terminate(self, reason: rg.ExitReason) -> None:
            Worker.log.append("never")

    for message in (Interrupted.hit(), Interrupted.hit_async()):

        async def body(system: rg.System, message: object = message) -> None:
            pid = system.ref("interrupted", Interrupted).whereis()
            assert pid is not None
            with pytest.raises(rg.errors.ProcessExited) as raised:
                await pid.call(message, timeout=5.0)  # type: ignore[arg-type]
            assert raised.value.reason is rg.KILLED
            await pause(1000.0)

        with pytest.raises(KeyboardInterrupt):
            play(body, rg.child(Interrupted, name="interrupted"), WORKER, hand_off=hand_off)
        assert Worker.log == [("terminate", "Reason")]  # of the other one: an orderly stop
        Worker.log.clear()


# -- tasks -------------------------------------------------------------------------------------


def test_idle_processes_own_no_task_and_warm_ones_end(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        names = [f"w{n}" for n in range(5)]
        for name in names:
            await system.root.call(rg.Supervisor.start_child(rg.child(Worker, name=name)), timeout=1.0)
        await pause(1.0)
        before = asyncio.all_tasks()
        for name in names:
            await system.ref(name, Worker).call(Worker.my_task(), timeout=1.0)
        await system.idle()
        assert len(asyncio.all_tasks() - before) == 3  # max_warm
        await pause(0.41)
        assert asyncio.all_tasks() == before

    settings = rg.Settings(max_warm=3, warm_seconds=0.2)
    play(body, hand_off=hand_off, settings=settings)


def test_a_warm_task_handles_the_next_message(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = pid_of(system)
        one = await pid.call(Worker.my_task(), timeout=1.0)
        assert await pid.call(Worker.my_task(), timeout=1.0) is one
        await pause(1.0)
        assert await pid.call(Worker.my_task(), timeout=1.0) is not one

    play(body, WORKER, hand_off=hand_off)
