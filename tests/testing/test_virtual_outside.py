"""What is real on virtual time: what has to be declared, and how the clock waits for it."""

# ruff: noqa: TID251 - sleeping is what is tested here

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.testing import run_virtual

QUICK = 0.02
"""Real seconds that a test gives those who will not speak up."""


def here() -> rt.VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, rt.VirtualLoop)
    return loop


class Gate:
    """Holds a thread until somebody opens it."""

    def __init__(self) -> None:
        self._opened = threading.Event()

    def hold(self) -> str:
        assert self._opened.wait(10)
        return "held"

    def open(self) -> None:
        self._opened.set()


# -- undeclared --------------------------------------------------------------------------------


async def connect() -> None:
    async with asyncio.timeout(5.0):
        await asyncio.open_connection("127.0.0.1", 9)


async def look_up() -> None:
    async with asyncio.timeout(5.0):
        await asyncio.open_connection("example.invalid", 9)


async def serve() -> None:
    await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)


async def read() -> None:
    one, other = socket.socketpair()
    with one, other:
        one.setblocking(False)
        await here().sock_recv(one, 1)


async def watch() -> None:
    one, other = socket.socketpair()
    with one, other:
        here().add_reader(one, print)


async def datagrams() -> None:
    await here().create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))


async def to_thread() -> None:
    await asyncio.to_thread(int)


async def executor() -> None:
    with ThreadPoolExecutor() as pool:
        await here().run_in_executor(pool, int)


async def child() -> None:
    await asyncio.create_subprocess_exec("true")


async def shell() -> None:
    await asyncio.create_subprocess_shell("true")


@pytest.mark.parametrize(
    ("use", "what", "option"),
    [
        (connect, "create_connection(<function open_connection.", "sockets"),
        (look_up, "create_connection(<function open_connection.", "sockets"),
        (serve, "create_server(<function start_server.", "sockets"),
        (read, "sock_recv(<socket.socket fd=", "sockets"),
        (watch, "add_reader(<socket.socket fd=", "sockets"),
        (datagrams, "create_datagram_endpoint(<class 'asyncio.protocols.DatagramProtocol'>)", "sockets"),
        (to_thread, "run_in_executor(int)", "threads"),
        (executor, "run_in_executor(int)", "threads"),
        (child, "subprocess_exec('true')", "subprocesses"),
        (shell, "subprocess_shell('true')", "subprocesses"),
    ],
)
def test_what_is_not_declared_is_an_error_that_says_what_to_write(
    use: Callable[[], Coroutine[object, Any, None]], what: str, option: str
) -> None:
    with pytest.raises(rg.errors.NotDeclared) as raised:
        run_virtual(use())
    text = str(raised.value)
    assert text.startswith(what)
    assert f"run_virtual(..., {option}=True)" in text
    assert f"@pytest.mark.regrow({option}=True)" in text
    assert raised.value.option == option
    assert any(entry.name == use.__name__ for entry in raised.traceback)


def test_code_that_swallows_the_error_does_not_save_the_run() -> None:
    async def main() -> str:
        try:
            await connect()
        except Exception:  # noqa: BLE001  # as libraries do
            await asyncio.sleep(1)
        return "connected, more or less"

    with pytest.raises(rg.errors.NotDeclared, match="create_connection"):
        run_virtual(main())


def test_a_thread_of_the_tests_own_has_to_be_declared_before_it_calls_the_loop() -> None:
    errors: list[BaseException] = []

    async def main() -> None:
        loop = here()
        done = asyncio.Event()

        def call() -> None:
            try:
                loop.call_soon_threadsafe(done.set)
            except rg.errors.NotDeclared as error:
                errors.append(error)

        thread = threading.Thread(target=call, name="helper")
        thread.start()
        thread.join(10)
        await done.wait()

    with pytest.raises(rg.errors.NotDeclared, match="the thread 'helper' called the loop on virtual time"):
        run_virtual(main())
    assert len(errors) == 1
    run_virtual(main(), threads=True)


def test_a_deadlock_names_threads_that_could_have_been_declared() -> None:
    gate = Gate()
    thread = threading.Thread(target=gate.hold, name="helper")

    async def main() -> None:
        thread.start()
        await asyncio.Event().wait()

    try:
        with pytest.raises(rg.errors.Deadlock) as raised:
            run_virtual(main())
    finally:
        gate.open()
        thread.join(10)
    hint = "threads=True would have the loop wait for these threads: helper"
    assert str(raised.value).splitlines()[-1].strip() == hint


# -- threads -----------------------------------------------------------------------------------


def test_threads_hold_the_clock_until_they_are_done() -> None:
    async def main() -> tuple[str, float]:
        gate = Gate()
        async with asyncio.timeout(0.001):
            one = asyncio.to_thread(gate.hold)
            held, _ = await asyncio.gather(one, asyncio.to_thread(gate.open))
        return held, here().time()

    assert run_virtual(main(), threads=True) == ("held", 0.0)


def test_jumping_lets_time_pass_meanwhile() -> None:
    async def main() -> tuple[str, float]:
        gate = Gate()
        held = asyncio.create_task(asyncio.to_thread(gate.hold))
        with here().jumping():
            await asyncio.sleep(3600)
        gate.open()
        return await held, here().time()

    assert run_virtual(main(), threads=True, patience=10.0) == ("held", 3600.0)


class Worker(rg.GenServer):
    @rg.call(blocking=True)
    def work(self, gate: Gate) -> str:
        return gate.hold()

    @rg.call(blocking=True)
    def open(self, gate: Gate) -> None:
        gate.open()


def test_blocking_handlers_need_no_declaration_and_hold_the_clock() -> None:
    gate = Gate()

    async def main() -> tuple[str, float]:
        async with rg.System([rg.child(Worker, name="one"), rg.child(Worker, name="other")]) as system:
            held, _ = await asyncio.gather(
                system.ref("one", Worker).call(Worker.work(gate), timeout=0.001),
                system.ref("other", Worker).call(Worker.open(gate), timeout=0.001),
            )
            return held, here().time()

    assert run_virtual(main()) == ("held", 0.0)


def test_a_journal_on_a_file_needs_no_declaration_and_has_no_control_socket(tmp_path: Path) -> None:
    path = tmp_path / "app.db"

    async def main(*, reachable: bool) -> None:
        async with rg.System(services=[rg.Journal(path)]) as system:
            await system.idle()
            assert path.with_name("app.db.sock").exists() is reachable

    run_virtual(main(reachable=False))
    run_virtual(main(reachable=True), sockets=True, silence=QUICK)


def test_a_thread_that_hangs_is_a_deadlock_that_names_it() -> None:
    gate = Gate()

    async def main() -> None:
        with ThreadPoolExecutor(1) as pool:
            try:
                async with asyncio.timeout(5):
                    await here().run_in_executor(pool, gate.hold)
            finally:
                gate.open()

    with pytest.raises(rg.errors.Deadlock) as raised:
        run_virtual(main(), threads=True, patience=QUICK)
    assert raised.value.busy == ("a thread in Gate.hold",)
    assert str(raised.value).startswith(
        "nothing can happen any more at virtual time 0: these hold the clock and say nothing, which"
        " loop.jumping() would allow: a thread in Gate.hold:\n  task "
    )


def test_a_blocking_handler_that_hangs_is_named_with_its_process() -> None:
    gate = Gate()

    async def main() -> None:
        async with rg.System([rg.child(Worker, name="one")], name="app") as system:
            try:
                await system.ref("one", Worker).call(Worker.work(gate), timeout=5.0)
            finally:
                gate.open()

    with pytest.raises(rg.errors.Deadlock) as raised:
        run_virtual(main(), patience=QUICK)
    assert raised.value.busy == ("a thread in Worker.work",)
    (mine,) = [one for one in raised.value.waiting if one.doing is not None]
    assert (mine.doing, mine.awaits) == ("Worker.work", "the thread of its blocking handler")


def test_the_loop_waits_for_a_declared_thread_of_the_tests_own_before_it_jumps() -> None:
    async def main() -> tuple[str, float]:
        loop = here()
        said: asyncio.Future[str] = loop.create_future()
        thread = threading.Thread(target=lambda: loop.call_soon_threadsafe(said.set_result, "hello"))
        loop.call_soon(thread.start)
        async with asyncio.timeout(30):
            text = await said
        thread.join(10)
        return text, loop.time()

    assert run_virtual(main(), threads=True, silence=10.0) == ("hello", 0.0)


# -- sockets -----------------------------------------------------------------------------------


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        await asyncio.sleep(60)
        writer.write(line)
    writer.close()


def test_real_sockets_work_and_time_still_jumps() -> None:
    async def main() -> tuple[bytes, float]:
        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            host, port = server.sockets[0].getsockname()
            async with asyncio.timeout(5.0):
                reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"a\n")
            line = await reader.readline()
            writer.close()
            await writer.wait_closed()
        return line, here().time()

    assert run_virtual(main(), sockets=True, silence=QUICK) == (b"a\n", 60.0)


def test_names_are_looked_up_without_threads_being_declared() -> None:
    async def main() -> bool:
        return bool(await here().getaddrinfo("localhost", 80, type=socket.SOCK_STREAM))

    assert run_virtual(main(), sockets=True)


def test_a_socket_that_stays_silent_lets_timeouts_strike() -> None:
    async def main() -> float:
        one, other = socket.socketpair()
        with one, other:
            one.setblocking(False)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(30):
                    await here().sock_recv(one, 1)
        return here().time()

    assert run_virtual(main(), sockets=True, silence=QUICK) == 30.0


def test_a_socket_that_stays_silent_for_good_is_a_deadlock() -> None:
    async def main() -> None:
        one, other = socket.socketpair()
        with one, other:
            one.setblocking(False)
            await here().sock_recv(one, 1)

    with pytest.raises(rg.errors.Deadlock, match="no timer is set"):
        run_virtual(main(), sockets=True, patience=QUICK)


def test_the_loop_waits_for_a_declared_socket_before_it_jumps() -> None:
    """The other end is a thread that the loop knows nothing of."""

    async def main() -> tuple[bytes, float]:
        one, other = socket.socketpair()
        with one, other:
            one.setblocking(False)
            thread = threading.Thread(target=other.sendall, args=(b"x",))
            here().call_soon(thread.start)
            async with asyncio.timeout(30):
                data = await here().sock_recv(one, 1)
            thread.join(10)
        return data, here().time()

    assert run_virtual(main(), sockets=True, silence=10.0) == (b"x", 0.0)


# -- subprocesses ------------------------------------------------------------------------------


def test_a_subprocess_holds_the_clock_until_it_has_ended() -> None:
    async def main() -> tuple[bytes, int | None, float]:
        code = "import sys; print(sys.stdin.read().upper())"
        async with asyncio.timeout(0.001):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-SEc", code, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            out, _ = await process.communicate(b"abc")
        return out, process.returncode, here().time()

    assert run_virtual(main(), subprocesses=True) == (b"ABC\n", 0, 0.0)


def test_jumping_lets_time_pass_while_a_subprocess_runs_and_a_hang_is_a_deadlock() -> None:
    async def main(*, jump: bool) -> float:
        process = await asyncio.create_subprocess_exec("cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            if jump:
                with here().jumping(), pytest.raises(TimeoutError):
                    async with asyncio.timeout(30):
                        await process.wait()
            else:
                await asyncio.sleep(30)
        finally:
            process.kill()
            await process.wait()
        return here().time()

    assert run_virtual(main(jump=True), subprocesses=True) == 30.0
    with pytest.raises(rg.errors.Deadlock, match=r"say nothing.*: subprocess \d+:") as raised:
        run_virtual(main(jump=False), subprocesses=True, patience=QUICK)
    assert len(raised.value.busy) == 1
