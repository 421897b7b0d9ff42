"""Guests: a task that links, monitors and receives like a process, and dies like one."""

from __future__ import annotations

import asyncio

import pytest

import regrow as rg
from regrow.testing import pass_time
from tests.runtime.kit import play
from tests.runtime.life_servers import Worker, forever, worker


async def waits() -> None:
    await rg.receive()


async def ends(reason: object) -> None:
    await rg.receive()
    rg.exit_process(reason)


def test_a_guest_receives_and_monitors(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async with system.guest(name="me") as me:
            assert rg.current() is me
            assert system.whereis("me") is me
            assert rg.current_system() is system
            me.send("hello")
            assert await rg.receive(str) == "hello"
            pid = system.spawn(ends, "done")
            monitor = rg.monitor(pid)
            pid.send("go")
            down = await rg.receive(rg.Down)
            assert (down.monitor, down.pid, down.reason) == (monitor, pid, "done")
            with pytest.raises(rg.errors.ReceiveTimeout):
                await rg.receive(timeout=5.0)
        assert not me.alive
        assert system.whereis("me") is None
        with pytest.raises(rg.errors.NotAProcess):
            rg.current()

    play(body, hand_off=hand_off)


def test_a_guest_calls_servers_and_is_their_caller(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async with system.guest():
            assert await system.ref("a", Worker).call(Worker.ping(), timeout=1.0) == "a"
            with pytest.raises(rg.errors.ProcessExited):
                await system.ref("a", Worker).call(Worker.crash(), timeout=1.0)

    play(body, worker("a"), hand_off=hand_off)


def test_a_linked_death_ends_the_block() -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.ProcessExited) as caught:
            async with system.guest():
                pid = rg.spawn(ends, "bad", link=True)
                pid.send("go")
                await forever()
        assert caught.value.reason == "bad"
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        await pass_time(0)  # no cancel is left behind

    play(body, hand_off=True)


def test_a_guest_that_traps_exits_gets_them_as_messages() -> None:
    async def body(system: rg.System) -> None:
        async with system.guest():
            assert rg.trap_exit(True) is False
            pid = rg.spawn(ends, "bad", link=True)
            pid.send("go")
            assert await rg.receive() == rg.Exit(pid, "bad")

    play(body, hand_off=True)


@pytest.mark.parametrize("waiting", [True, False], ids=["waiting", "at its end"])
def test_a_killed_guest_leaves_its_block(waiting: bool) -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.ProcessExited) as caught:
            async with system.guest(name="me") as me:
                rg.trap_exit(True)
                me.kill()
                if waiting:
                    await rg.receive()
        assert caught.value.reason is rg.KILLED
        assert not system.ref("me", object).alive
        await pass_time(0)  # no cancel is left behind

    play(body, hand_off=True)


def test_a_guest_that_swallows_its_kill_is_told_at_the_end() -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.ProcessExited):
            async with system.guest(name="me") as me:
                me.kill()
                with pytest.raises(asyncio.CancelledError):
                    await forever()
                assert me.alive  # it still runs code
        assert not system.ref("me", object).alive

    play(body, hand_off=True)


def test_a_guest_that_goes_on_after_its_kill_becomes_a_zombie() -> None:
    async def body(system: rg.System) -> None:
        events: list[str] = []
        system.events.subscribe("process.zombie", lambda event: events.append(event.name))
        with pytest.raises(rg.errors.ProcessExited):
            async with system.guest() as me:
                me.kill()
                for _ in range(2):  # cancelled again half-way through its grace
                    with pytest.raises(asyncio.CancelledError):
                        await forever()
                assert me.alive
                await pass_time(0.75)
                assert not me.alive
                with pytest.raises(rg.errors.ZombieProcess):
                    rg.current()
        assert events == ["process.zombie"]
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    play(body, hand_off=True)


def test_what_the_block_raises_is_the_guests_exit_reason() -> None:
    async def body(system: rg.System) -> None:
        reasons: list[object] = []

        async def watch(pid: rg.Pid[object]) -> None:
            rg.monitor(pid)
            reasons.append((await rg.receive(rg.Down)).reason)

        for error in (None, KeyError("k"), asyncio.CancelledError()):
            try:
                async with system.guest() as me:
                    system.spawn(watch, me)
                    await system.idle()
                    if error is not None:
                        raise error
            except (KeyError, asyncio.CancelledError) as caught:
                assert caught is error  # noqa: PT017
            await system.idle()
        normal, crash, killed = reasons
        assert normal is rg.NORMAL
        assert isinstance(crash, rg.Crash)
        assert crash.exception_type is KeyError
        assert killed is rg.KILLED

    play(body, hand_off=True)


def test_exit_process_leaves_the_block() -> None:
    async def body(system: rg.System) -> None:
        for reason in (rg.NORMAL, "mine"):
            with pytest.raises(rg.errors.ProcessExited) as caught:
                async with system.guest():
                    rg.exit_process(reason)
            assert caught.value.reason is reason

    play(body, hand_off=True)


def test_guests_are_not_nested_and_processes_are_no_guests() -> None:
    async def body(system: rg.System) -> None:
        async with system.guest() as me:
            with pytest.raises(rg.errors.AlreadyAProcess) as caught:
                async with system.guest():
                    pytest.fail("a guest in a guest")
            assert caught.value.pid is me
            assert rg.current() is me

        refused: list[bool] = []

        async def process() -> None:
            with pytest.raises(rg.errors.AlreadyAProcess):
                async with system.guest():
                    pytest.fail("a guest in a process")
            refused.append(True)

        system.spawn(process)
        await system.idle()
        assert refused == [True]

    play(body, hand_off=True)


def test_a_guest_of_one_system_may_be_a_guest_of_another() -> None:
    async def body(system: rg.System) -> None:
        async with rg.System(name="other") as other:
            with pytest.raises(rg.errors.ProcessExited) as caught:
                async with system.guest(name="outer") as outer, other.guest(name="inner") as inner:
                    assert rg.current() is inner
                    outer.kill()
                    await forever()
            assert caught.value.target.registered_name == "outer"  # type: ignore[attr-defined]
            assert other.whereis("inner") is None

    play(body, hand_off=True)


def test_a_name_that_is_taken_makes_no_guest() -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.NameTaken):
            async with system.guest(name="a"):
                pytest.fail("the block runs")
        async with system.guest(name="b"):
            pass

    play(body, worker("a"), hand_off=True)


def test_an_outer_timeout_is_a_timeout_and_not_an_exit() -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3.0), system.guest():
                await rg.receive()
        async with system.guest():
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(3.0):
                    await rg.receive()
            rg.current().send("still here")
            assert await rg.receive() == "still here"

    play(body, hand_off=True)


def test_a_kill_and_an_outer_cancel_at_once_are_the_cancel() -> None:
    async def body(system: rg.System) -> None:
        async def inner() -> None:
            async with system.guest() as me:
                me.kill()
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
                await forever()

        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(inner())

    play(body, hand_off=True)


def test_guests_end_with_their_system() -> None:
    async def body(system: rg.System) -> None:
        async def visit() -> object:
            try:
                async with system.guest():
                    await rg.receive()
            except rg.errors.ProcessExited as exited:
                return exited.reason
            return None

        visitor = asyncio.create_task(visit())
        await system.idle()
        await system.stop()
        assert await visitor is rg.KILLED

    play(body, worker("a"), hand_off=True)


def test_a_guest_that_stops_its_own_system_is_not_locked_up() -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.ProcessExited):
            async with system.guest():
                await system.stop()
                await rg.receive()
        await system.wait()
        assert system.state == "stopped"

    play(body, worker("a"), hand_off=True)
