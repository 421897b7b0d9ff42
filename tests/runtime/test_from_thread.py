"""Calls and casts from other threads than the loop's."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

import regrow as rg
from regrow.testing import VirtualLoop, run_virtual
from tests.runtime.kit import play
from tests.runtime.threads_kit import Gate, NotThere, Worker, in_thread, jumping, worker


def test_cast_returns_when_the_message_stands_in_the_mailbox(hand_off: bool) -> None:
    async def body(system: rg.System) -> int:
        ref = system.ref("worker", Worker)
        await in_thread(ref.from_thread.cast, Worker.add())
        pid = ref.whereis()
        assert pid is not None
        await in_thread(pid.from_thread.cast, Worker.add())
        return await ref.call(Worker.count(), timeout=5.0)

    assert play(body, worker(), hand_off=hand_off, threads=True) == 2


def test_call_gives_the_answer_and_every_error(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        ref = system.ref("worker", Worker)

        def call(message: Any, timeout: float = 5.0) -> Any:
            return ref.from_thread.call(message, timeout=timeout)

        assert await in_thread(call, Worker.count()) == 0
        with pytest.raises(NotThere):
            await in_thread(call, Worker.find("x"))
        with pytest.raises(rg.errors.BadTimeout):
            await in_thread(call, Worker.count(), -1.0)
        with pytest.raises(rg.errors.ProcessExited):
            await in_thread(call, Worker.crash())
        with pytest.raises(rg.errors.NoProcess):
            await in_thread(lambda: system_ref.from_thread.call(Worker.count(), timeout=1.0))

    system_ref: rg.Ref[Worker]

    async def whole(system: rg.System) -> None:
        nonlocal system_ref
        system_ref = system.ref("nobody", Worker)
        await body(system)

    play(whole, worker(), hand_off=hand_off, threads=True)


def test_a_call_that_times_out_raises_in_the_thread(hand_off: bool) -> None:
    gate = Gate()

    async def body(system: rg.System) -> None:
        ref = system.ref("worker", Worker)
        with jumping(), pytest.raises(rg.errors.CallTimeout):
            await in_thread(lambda: ref.from_thread.call(Worker.wait(), timeout=1.0))
        gate.open()

    play(body, worker(gate), hand_off=hand_off, threads=True)


def test_a_full_mailbox_raises_in_the_thread(hand_off: bool) -> None:
    class Small(rg.GenServer):
        mailbox = rg.Mailbox(capacity=1)

        @rg.cast
        def poke(self) -> None:
            pass

    async def body(system: rg.System) -> None:
        ref = system.ref("small", Small)
        pid = ref.whereis()
        assert pid is not None
        system.suspend(pid)
        await in_thread(ref.from_thread.cast, Small.poke())
        with pytest.raises(rg.errors.MailboxFull):
            await in_thread(ref.from_thread.cast, Small.poke())
        system.resume(pid)

    play(body, rg.child(Small, name="small"), hand_off=hand_off, threads=True)


def test_on_the_loops_own_thread_it_would_wait_for_itself(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        ref = system.ref("worker", Worker)
        with pytest.raises(rg.errors.LoopThread, match=r"from_thread\.cast"):
            ref.from_thread.cast(Worker.add())
        with pytest.raises(rg.errors.LoopThread, match=r"from_thread\.call"):
            ref.from_thread.call(Worker.count(), timeout=1.0)
        assert await ref.call(Worker.count(), timeout=1.0) == 0

    play(body, worker(), hand_off=hand_off)


def test_after_the_stop_it_says_so(hand_off: bool) -> None:
    async def body(system: rg.System) -> rg.Ref[Worker]:
        return system.ref("worker", Worker)

    ref = play(body, worker(), hand_off=hand_off)
    with pytest.raises(rg.errors.NotStarted):
        ref.from_thread.cast(Worker.add())
    with pytest.raises(rg.errors.NotStarted):
        ref.from_thread.call(Worker.count(), timeout=1.0)


def test_a_loop_that_stops_in_between_doesnt_leave_the_thread_hanging(hand_off: bool) -> None:
    loop = VirtualLoop()
    system = rg.System([worker()], hand_off=hand_off)
    loop.run_until_complete(system.start())
    ref = system.ref("worker", Worker)
    caught: list[BaseException] = []

    def use() -> None:
        for operation in (
            lambda: ref.from_thread.cast(Worker.add()),
            lambda: ref.from_thread.call(Worker.count(), timeout=5.0),
        ):
            try:
                operation()
            except rg.errors.NotStarted as error:
                caught.append(error)

    thread = threading.Thread(target=use)
    thread.start()  # the loop stands still: nobody takes the messages
    thread.join(10)
    assert not thread.is_alive()
    assert len(caught) == 2
    assert loop.run_until_complete(ref.call(Worker.count(), timeout=1.0)) == 0  # given up is given up
    loop.run_until_complete(system.stop())
    loop.close()


def test_a_callee_that_is_stopped_fails_the_threads_call(hand_off: bool) -> None:
    class Silent(rg.GenServer):
        @rg.call
        def ask(self) -> None:
            self.handle = rg.reply_later()
            arrived.set()

    arrived = asyncio.Event()

    async def main() -> BaseException | None:
        async with rg.System([rg.child(Silent, name="silent")], hand_off=hand_off) as system:
            ref = system.ref("silent", Silent)
            asked = asyncio.ensure_future(in_thread(lambda: ref.from_thread.call(Silent.ask(), timeout=60.0)))
            await arrived.wait()
        await asyncio.wait((asked,))
        return asked.exception()

    error = run_virtual(main(), threads=True)
    assert isinstance(error, rg.errors.ProcessExited)
    assert error.reason is rg.SHUTDOWN


def test_a_blocking_handler_calls_others_as_its_process(hand_off: bool) -> None:
    class Asker(rg.GenServer):
        def init(self, target: str) -> None:
            self.target = target

        @rg.call(blocking=True)
        def ask(self) -> int:
            ref = rg.current_system().ref(self.target, Worker)
            ref.from_thread.cast(Worker.add())
            return ref.from_thread.call(Worker.count(), timeout=5.0)

    async def body(system: rg.System) -> int:
        return await system.ref("asker", Asker).call(Asker.ask(), timeout=5.0)

    assert play(body, worker(), rg.child(Asker, name="asker", args=("worker",)), hand_off=hand_off) == 1


def test_a_call_cycle_through_a_thread_is_found(hand_off: bool) -> None:
    class Left(rg.GenServer):
        @rg.call(blocking=True, raises=(rg.errors.CallCycle,))
        def go(self) -> str:
            return rg.current_system().ref("right", Right).from_thread.call(Right.back(), timeout=5.0)

    class Right(rg.GenServer):
        @rg.call(raises=(rg.errors.CallCycle,))
        async def back(self) -> str:
            return await rg.current_system().ref("left", Left).call(Left.go(), timeout=5.0)

    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.CallCycle):
            await system.ref("left", Left).call(Left.go(), timeout=5.0)
        assert asyncio.get_running_loop().time() < 1.0

    play(body, rg.child(Left, name="left"), rg.child(Right, name="right"), hand_off=hand_off)


def test_a_zombies_thread_may_send_nothing_more(hand_off: bool) -> None:
    gate = Gate()
    caught: list[BaseException] = []
    over = threading.Event()

    class Undead(rg.GenServer):
        @rg.cast(blocking=True)
        def haunt(self, ref: rg.Ref[Worker]) -> None:
            gate.hold()
            for act in (
                lambda: ref.from_thread.cast(Worker.add()),
                lambda: ref.from_thread.call(Worker.count(), timeout=1.0),
            ):
                try:
                    act()
                except rg.errors.ZombieProcess as error:
                    caught.append(error)
            over.set()

    async def body(system: rg.System) -> int:
        ref = system.ref("worker", Worker)
        pid = system.ref("undead", Undead).whereis()
        assert pid is not None
        pid.cast(Undead.haunt(ref))
        await gate.reached()
        pid.kill()
        with jumping():
            await pid.down(timeout=5.0)
        gate.open()
        assert await in_thread(over.wait, 10)
        return await ref.call(Worker.count(), timeout=5.0)

    children = (worker(), rg.child(Undead, name="undead", restart="temporary"))
    assert play(body, *children, hand_off=hand_off, threads=True) == 0
    assert len(caught) == 2


def test_plain_operations_from_another_thread_are_errors_in_debug_mode(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        ref = system.ref("worker", Worker)
        pid = ref.whereis()
        assert pid is not None
        for operation in (lambda: ref.cast(Worker.add()), lambda: ref.send("hello"), pid.kill):
            with pytest.raises(rg.errors.WrongThread, match="from_thread"):
                await in_thread(operation)
        assert await ref.call(Worker.count(), timeout=5.0) == 0

    play(body, worker(), hand_off=hand_off, threads=True, debug=True)


@pytest.mark.parametrize("debug", [False, True])
def test_the_tables_are_not_checked_for_the_thread_in_either_mode(hand_off: bool, debug: bool) -> None:
    """While the loop stands still they are right; while it changes them nobody promises anything."""

    async def body(system: rg.System) -> None:
        here = (system.registry.list(), system.tree(), system.processes(), system.listing.names())
        assert [row.name for row in here[0]] == ["worker"]
        seen: list[object] = []

        def elsewhere() -> None:
            seen.extend((system.registry.list(), system.tree(), system.processes(), system.listing.names()))

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join(10)
        assert tuple(seen) == here

    play(body, worker(), hand_off=hand_off, debug=debug)


def test_another_loop_on_another_thread_and_on_this_one(hand_off: bool) -> None:
    first, second = VirtualLoop(), VirtualLoop()
    system = rg.System([worker()], hand_off=hand_off)
    first.run_until_complete(system.start())
    ref = system.ref("worker", Worker)

    async def call() -> int:
        return await ref.call(Worker.count(), timeout=1.0)

    with pytest.raises(rg.errors.WrongLoop):
        second.run_until_complete(call())
    caught: list[BaseException] = []

    def elsewhere() -> None:
        try:
            asyncio.run(call())
        except rg.errors.WrongThread as error:
            caught.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join(10)
    assert len(caught) == 1
    first.run_until_complete(system.stop())
    first.close()
    second.close()
