"""Plain processes: selective receive, names, spawning, as children."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

import regrow as rg
from tests.runtime.kit import pause, play


async def in_process(system: rg.System, body: Callable[[], Awaitable[object]]) -> None:
    """Run `body` as a plain process and hand on what it raises."""
    outcome: asyncio.Future[object] = asyncio.get_running_loop().create_future()

    async def wrapper() -> None:
        try:
            outcome.set_result(await body())
        except Exception as error:  # noqa: BLE001  # handed on
            outcome.set_exception(error)

    system.spawn(wrapper)
    await outcome


def test_receive_takes_the_first_that_matches_and_keeps_the_order_of_the_rest(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async def plain() -> None:
            me = rg.current()
            for message in (1, "a", 2.5, "b", 3, None, "c"):
                me.send(message)
            assert await rg.receive(str, timeout=1.0) == "a"
            assert await rg.receive((float, type(None)), timeout=1.0) == 2.5
            assert await rg.receive(lambda one: one == 3, timeout=1.0) == 3
            assert await rg.receive(lambda one: one == "c", timeout=1.0) == "c"
            assert [await rg.receive(timeout=1.0) for _ in range(3)] == [1, "b", None]
            with pytest.raises(rg.errors.ReceiveTimeout):
                await rg.receive(timeout=1.0)

        await in_process(system, plain)

    play(body, hand_off=hand_off)


def test_receive_waits_for_a_match_over_others(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async def plain() -> None:
            for n, message in enumerate(("x", "y", 7, "z")):
                rg.send_after(rg.current(), message, float(n + 1))
            assert await rg.receive(int, timeout=10.0) == 7
            assert asyncio.get_running_loop().time() == 3.0
            assert [await rg.receive(timeout=2.0) for _ in range(3)] == ["x", "y", "z"]

        await in_process(system, plain)

    play(body, hand_off=hand_off)


def test_a_timeout_says_what_it_waited_for_and_how_many_were_skipped(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async def plain() -> None:
            rg.current().send("skipped")
            with pytest.raises(rg.errors.ReceiveTimeout, match=r"int.* within 2 s \(1 others"):
                await rg.receive(int, timeout=2.0)
            assert asyncio.get_running_loop().time() == 2.0
            assert await rg.receive(timeout="short") == "skipped"
            with pytest.raises(rg.errors.ReceiveTimeout):
                await rg.receive(timeout="short")

        await in_process(system, plain)

    play(body, hand_off=hand_off, timeouts=rg.TimeoutTable({"short": 0.5}))


@pytest.mark.parametrize("pattern", [5, "text", (int, 5), [int], (), object()])
def test_bad_patterns(hand_off: bool, pattern: object) -> None:
    async def body(system: rg.System) -> None:
        async def plain() -> None:
            rg.current().send(1)
            with pytest.raises(rg.errors.BadPattern):
                await rg.receive(pattern, timeout=1.0)  # type: ignore[call-overload]
            assert await rg.receive(timeout=1.0) == 1

        await in_process(system, plain)

    play(body, hand_off=hand_off)


def test_a_pattern_that_raises_raises_in_its_process_and_takes_nothing(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async def plain() -> None:
            rg.current().send("text")
            with pytest.raises(AttributeError):
                await rg.receive(lambda one: one.missing, timeout=1.0)  # type: ignore[attr-defined]
            assert await rg.receive(timeout=1.0) == "text"

        await in_process(system, plain)

    play(body, hand_off=hand_off)


def test_two_tasks_of_one_process_cannot_receive_at_once(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async def plain() -> None:
            first = asyncio.ensure_future(rg.receive(timeout=5.0))
            await pause(0)
            with pytest.raises(rg.errors.AlreadyReceiving):
                await rg.receive(timeout=5.0)
            rg.current().send("for the first")
            assert await first == "for the first"
            assert await asyncio.wait_for(self_send(), 5.0) == "again"

        async def self_send() -> object:
            rg.current().send("again")
            return await rg.receive()

        await in_process(system, plain)

    play(body, hand_off=hand_off)


def test_a_cancelled_receive_loses_nothing(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async def plain() -> None:
            me = rg.current()
            waiting = asyncio.ensure_future(rg.receive())
            await pause(1.0)
            me.send("kept")
            waiting.cancel()
            await asyncio.wait([waiting])
            assert waiting.cancelled()
            assert await rg.receive(timeout=1.0) == "kept"

        await in_process(system, plain)

    play(body, hand_off=hand_off)


def test_receive_and_the_rest_work_only_in_processes(hand_off: bool) -> None:
    class Server(rg.GenServer):
        @rg.call(raises=(rg.errors.NotAProcess,))
        async def receive(self) -> object:
            return await rg.receive(timeout=1.0)

    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.NotAProcess, match="handle_info"):
            await system.ref("server", Server).call(Server.receive(), timeout=5.0)
        with pytest.raises(rg.errors.NotAProcess, match=r"system\.guest\(\)"):
            await rg.receive(timeout=1.0)
        for use in (rg.current, rg.alias, lambda: rg.trap_exit(True), lambda: rg.monitor("server")):
            with pytest.raises(rg.errors.NotAProcess):
                use()
        with pytest.raises(rg.errors.NotAProcess):
            rg.spawn(pause, 1.0)

    play(body, rg.child(Server, name="server"), hand_off=hand_off)


def test_sync_waits_until_a_plain_process_asks_for_the_next(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async def plain() -> None:
            while True:
                await rg.receive()
                await pause(1.0)

        pid = system.spawn(plain)
        for _ in range(3):
            pid.send("work")
        await rg.sync(pid, timeout=10.0)
        assert asyncio.get_running_loop().time() == 3.0

    play(body, hand_off=hand_off)


def test_exit_signals_and_downs_come_in_order_with_messages(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async def plain() -> None:
            async def child(parent: rg.Pid[object]) -> None:
                parent.send("last word")
                rg.exit_process("done")

            rg.trap_exit(True)
            pid = rg.spawn(child, rg.current(), link=True)
            monitor = rg.monitor(pid, tag="child")
            assert await rg.receive(timeout=1.0) == "last word"
            gone = await rg.receive(timeout=1.0)
            assert isinstance(gone, rg.Exit)
            assert (gone.pid, gone.reason) == (pid, "done")
            down = await rg.receive(rg.Down, timeout=1.0)
            assert (down.monitor, down.pid, down.reason, down.target) == (monitor, pid, "done", pid)

        await in_process(system, plain)

    play(body, hand_off=hand_off)


@pytest.mark.parametrize(
    ("how", "reason"),
    [("return", rg.NORMAL), ("exit", "wish"), ("raise", rg.Crash), ("kill", rg.KILLED), ("signal", "out")],
)
def test_how_a_plain_process_ends(hand_off: bool, how: str, reason: object) -> None:
    async def body(system: rg.System) -> None:
        async def plain() -> None:
            await rg.receive()
            if how == "exit":
                rg.exit_process("wish")
            if how == "raise":
                raise ValueError
            if how == "kill":
                rg.current().kill()
                await pause(1.0)
            if how == "signal":
                rg.current().exit("out")
                await pause(1.0)

        pid = system.spawn(plain)
        pid.send("go")
        found = await pid.down(timeout=5.0)
        assert found == reason or (isinstance(reason, type) and isinstance(found, reason))
        assert not pid.alive

    play(body, hand_off=hand_off)


def test_names(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async def plain() -> object:
            return await rg.receive()

        pid = system.spawn(plain, name="one")
        assert system.whereis("one") is pid
        assert pid.registered_name == "one"
        assert "'one'" in repr(pid)
        with pytest.raises(rg.errors.NameTaken, match="'one'"):
            system.spawn(plain, name="one")
        before = len(system.processes())
        with pytest.raises(rg.errors.BadRegistrationName):
            system.spawn(plain, name="")
        assert len(system.processes()) == before
        pid.send("end")
        await pid.down(timeout=1.0)
        assert system.whereis("one") is None
        assert system.spawn(plain, name="one") is not pid

    play(body, hand_off=hand_off)


def test_a_plain_process_as_a_child_is_restarted_and_takes_messages(hand_off: bool) -> None:
    async def echo(prefix: str) -> None:
        while True:
            sender, text = await rg.receive(tuple)
            if text == "crash":
                raise ValueError(text)
            sender.send(prefix + text)

    async def body(system: rg.System) -> None:
        echo_ref = system.ref("echo", object)
        async with system.guest() as me:
            first = echo_ref.whereis()
            echo_ref.send((me, "a"))
            assert await rg.receive(timeout=1.0) == "> a"
            echo_ref.send((me, "crash"))
            await system.idle()
            assert echo_ref.whereis() not in (None, first)
            echo_ref.send((me, "b"))
            assert await rg.receive(timeout=1.0) == "> b"
        rows = await system.root.call(rg.Supervisor.which_children(), timeout=1.0)
        assert [(row.id, row.kind, row.state) for row in rows] == [("echo", "worker", "running")]

    play(body, rg.child(echo, name="echo", args=("> ",)), hand_off=hand_off)


def test_what_is_no_async_function_is_refused(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        for bad in (print, "text", lambda: None, rg.GenServer):
            with pytest.raises((rg.errors.BadTarget, rg.errors.BadServer)):
                system.spawn(bad)  # type: ignore[arg-type]
        with pytest.raises(rg.errors.BadArguments):
            system.spawn(in_process, "too few")

    play(body, hand_off=hand_off)


def test_a_cast_or_call_to_a_plain_process_is_refused(hand_off: bool) -> None:
    class Server(rg.GenServer):
        @rg.call
        def ask(self) -> int:
            return 1

        @rg.cast
        def tell(self) -> None: ...

    async def body(system: rg.System) -> None:
        async def plain() -> object:
            return await rg.receive()

        pid = system.spawn(plain)
        await system.idle()
        with pytest.raises(rg.errors.WrongServer):
            await pid.call(Server.ask(), timeout=1.0)  # type: ignore[arg-type]
        with pytest.raises(rg.errors.WrongServer):
            pid.cast(Server.tell())  # type: ignore[arg-type]
        assert pid.alive

    play(body, hand_off=hand_off)


def test_a_full_plain_mailbox_lets_waiters_in_as_it_receives(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async def plain() -> None:
            await pause(1.0)
            got.append(await rg.receive(int, timeout=9.0))
            await pause(1.0)
            got.append(await rg.receive(lambda one: one == "c", timeout=9.0))
            got.extend([await rg.receive(timeout=1.0), await rg.receive(timeout=1.0)])

        got: list[object] = []
        pid = system.spawn(plain)
        for message in ("a", 1, "b"):
            pid.send(message)
        place = await pid.reserve(timeout=9.0)
        assert asyncio.get_running_loop().time() == 1.0
        place.send("c")
        await pid.down(timeout=9.0)
        assert got == [1, "c", "a", "b"]

    play(body, hand_off=hand_off, settings=rg.Settings(mailbox_capacity=3))
