"""Nothing is kept alive: messages, instances, exceptions, tasks are gone when they are done with."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import weakref
from typing import ClassVar

import pytest

import regrow as rg
from tests.runtime.kit import pause, play


class Payload:
    """Something whose end can be watched."""

    def __init__(self) -> None:
        self.cycle: object = None


class Failure(Exception):
    """A declared answer that carries something."""

    def __init__(self, payload: object) -> None:
        super().__init__()
        self.payload = payload


class Holder(rg.GenServer):
    alive: ClassVar[list[weakref.ref[object]]] = []

    def init(self) -> None:
        self.alive.append(weakref.ref(self))

    @rg.call
    def take(self, payload: object) -> None:
        pass

    @rg.call
    async def take_async(self, payload: object) -> None:
        await pause(0)

    @rg.cast
    def put(self, payload: object) -> None:
        pass

    @rg.cast
    async def put_async(self, payload: object) -> None:
        await pause(0)

    @rg.call(raises=(Failure,))
    def refuse(self, payload: object) -> None:
        raise Failure(payload)

    @rg.call(raises=(Failure,))
    async def refuse_async(self, payload: object) -> None:
        raise Failure(payload)

    @rg.call
    def crash(self, payload: object) -> None:
        raise Failure(payload)

    @rg.call
    async def crash_async(self, payload: object) -> None:
        raise Failure(payload)

    @rg.call
    async def hang(self, payload: object) -> None:
        await pause(100.0)

    @rg.call
    def later(self, payload: object) -> None:
        self.handle = rg.reply_later()

    @rg.call
    def forget(self) -> None:
        self.__dict__.clear()

    @rg.cast
    async def block(self) -> None:
        await pause(100.0)

    def handle_info(self, message: object) -> None:
        pass


@pytest.fixture(autouse=True)
def _fresh() -> None:
    Holder.alive.clear()


HOLDER = rg.child(Holder, name="holder", restart="temporary")


class Watch:
    """Makes payloads of every awkward kind and tells which of them are left."""

    def __init__(self) -> None:
        self.refs: list[weakref.ref[Payload]] = []

    def new(self, pid: object = None) -> Payload:
        payload = Payload()
        payload.cycle = [payload, pid]
        self.refs.append(weakref.ref(payload))
        return payload

    def exception(self, pid: object = None) -> BaseException:
        """An exception whose traceback leads back to it and to a payload."""
        payload = self.new(pid)
        try:
            raise Failure(payload)
        except Failure as error:
            held = error
        payload.cycle = [held, payload, pid]
        return held

    def left(self) -> int:
        gc.collect()
        return sum(ref() is not None for ref in self.refs)


@pytest.mark.parametrize(
    "make",
    [Holder.take, Holder.take_async, Holder.refuse, Holder.refuse_async, Holder.later],
    ids=["def", "async", "declared", "declared_async", "later"],
)
def test_what_a_call_carried_is_gone_after_it(hand_off: bool, make: object) -> None:
    async def body(system: rg.System) -> None:
        watch = Watch()
        holder = system.ref("holder", Holder)
        for payload in (watch.new, watch.exception):
            with contextlib.suppress(Failure, rg.errors.CallError):
                await holder.call(make(payload(holder.whereis())), timeout=1.0)  # type: ignore[operator]
        await holder.call(Holder.take(None), timeout=1.0)
        await system.idle()
        assert watch.left() == (1 if make is Holder.later else 0)  # whose handle the server keeps
        await holder.call(Holder.forget(), timeout=1.0)
        await system.idle()
        assert watch.left() == 0

    play(body, HOLDER, hand_off=hand_off)


@pytest.mark.parametrize("make", [Holder.put, Holder.put_async], ids=["def", "async"])
def test_a_handled_cast_is_gone_though_its_process_lives_and_its_task_is_warm(
    hand_off: bool, make: object
) -> None:
    async def body(system: rg.System) -> None:
        watch = Watch()
        holder = system.ref("holder", Holder)
        for payload in (watch.new, watch.exception, watch.new):
            holder.cast(make(payload(holder)))  # type: ignore[operator]
        holder.send(watch.new())
        await rg.sync(holder)
        await system.idle()
        assert watch.left() == 0

    play(body, HOLDER, hand_off=hand_off)


def test_a_busy_task_does_not_keep_its_first_message(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        watch = Watch()
        holder = system.ref("holder", Holder)
        holder.cast(Holder.put_async(watch.new()))
        holder.cast(Holder.block())
        await system.idle()
        assert watch.left() == 0

    play(body, HOLDER, hand_off=hand_off)


@pytest.mark.parametrize("make", [Holder.crash, Holder.crash_async], ids=["def", "async"])
def test_a_crash_keeps_neither_instance_nor_message_nor_frames(hand_off: bool, make: object) -> None:
    async def body(system: rg.System) -> None:
        watch = Watch()
        pid = system.ref("holder", Holder).whereis()
        assert pid is not None
        reason: object = None
        try:
            await pid.call(make(watch.exception(pid)), timeout=1.0)  # type: ignore[operator]
        except rg.errors.ProcessExited as error:
            reason = error.reason
        await system.idle()
        assert watch.left() == 0
        assert Holder.alive[0]() is None
        assert "Failure" in str(reason)  # the report is still there to read

    play(body, HOLDER, hand_off=hand_off)


def test_death_clears_the_mailbox_and_the_callers(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        watch = Watch()
        pid = system.ref("holder", Holder).whereis()
        assert pid is not None
        calls = [
            asyncio.ensure_future(pid.call(Holder.hang(watch.new(pid)), timeout=500.0)) for _ in range(2)
        ]
        await pause(1.0)
        pid.cast(Holder.put(watch.exception(pid)))
        pid.send(watch.new(pid))
        rg.send_after(pid, watch.new(pid), 300.0)
        pid.kill()
        await asyncio.gather(*calls, return_exceptions=True)
        del calls
        await system.idle()
        assert Holder.alive[0]() is None
        assert watch.left() <= 1  # the timer that somebody outside any process set
        await pause(400.0)
        assert watch.left() == 0

    play(body, HOLDER, hand_off=hand_off)


def test_a_call_that_timed_out_is_gone(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        watch = Watch()
        holder = system.ref("holder", Holder)
        holder.cast(Holder.block())
        for _ in range(3):
            with pytest.raises(rg.errors.CallTimeout):
                await holder.call(Holder.take(watch.new()), timeout=1.0)
        await pause(200.0)
        assert watch.left() == 0

    play(body, HOLDER, hand_off=hand_off)


def test_restarts_leave_no_tasks_instances_or_processes(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        holder = system.ref("holder", Holder)
        await system.root.call(
            rg.Supervisor.start_child(rg.child(Holder, name="holder", restart="permanent")), timeout=1.0
        )
        await system.idle()
        before = len(asyncio.all_tasks()), len(system.processes())
        for n in range(20):
            with pytest.raises(rg.errors.ProcessExited):
                await holder.call((Holder.crash, Holder.crash_async)[n % 2](None), timeout=1.0)
            await system.idle()
        gc.collect()
        assert (len(asyncio.all_tasks()), len(system.processes())) == before
        assert sum(ref() is not None for ref in Holder.alive) == 1

    play(body, hand_off=hand_off, max_restarts=100)


def test_a_stopped_system_is_gone(hand_off: bool) -> None:
    watch = Watch()

    async def body(system: rg.System) -> None:
        holder = system.ref("holder", Holder)
        for _ in range(3):
            await holder.call(Holder.take_async(watch.new(holder.whereis())), timeout=1.0)

    play(body, HOLDER, hand_off=hand_off)
    assert watch.left() == 0
    assert Holder.alive[0]() is None
