"""The control socket: its owner's alone, declared types only; no input hurts the program behind it."""

from __future__ import annotations

import asyncio
import os
import pickle
import socket
import stat
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

import regrow as rg
from regrow.delivery.control import commands as ask
from regrow.delivery.control import server
from regrow.delivery.control.client import open_admin
from regrow.delivery.control.frames import MAX_FRAME, decode_answer, encode, receive
from regrow.delivery.control.sockets import accept_owner_only, connect, listen, socket_path
from regrow.testing import run_virtual

EMPTY = ask.Stats()


@asynccontextmanager
async def owner(path: Path) -> AsyncIterator[rg.System]:
    async with rg.System(services=[rg.Journal(path)]) as system:
        yield system
        assert system.state == "running"


def with_owner(path: Path, body: Callable[[rg.System], Awaitable[None]]) -> None:
    async def run() -> None:
        async with owner(path) as system:
            await body(system)
            async with open_admin(path) as admin:  # whatever happened, it answers
                assert (await admin.run(EMPTY)).depth == 0

    run_virtual(run(), sockets=True, silence=0.01)


async def say(path: Path, data: bytes) -> list[ask.Answer]:
    """Send bytes and read answers until the owner closes."""
    with connect(socket_path(path)) as connection:
        await asyncio.get_running_loop().sock_sendall(connection, data)
        connection.shutdown(socket.SHUT_WR)
        answers: list[ask.Answer] = []
        while (body := await receive(connection)) is not None:
            answers.append(decode_answer(body))
        return answers


def frame(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


class Boom:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch /tmp/regrow-was-here",)


HOSTILE = {
    "no command": frame(b"\xc1"),
    "nothing": frame(b""),
    "a number": frame(msgspec.msgpack.encode(1)),
    "no such command": frame(msgspec.msgpack.encode({"do": "Exec"})),
    "a field too many": frame(msgspec.msgpack.encode({"do": "Stats", "x": 1})),
    "a field of another type": frame(msgspec.msgpack.encode({"do": "Show", "id": 1.5})),
    "a field missing": frame(msgspec.msgpack.encode({"do": "Show"})),
    "a pickle": frame(pickle.dumps(Boom())),
    "deep": frame(b"\x91" * 100_000),
    "too long": (MAX_FRAME + 1).to_bytes(4, "big") + b"x",
    "the longest number": b"\xff\xff\xff\xff",
    "text": b"GET / HTTP/1.1\r\n\r\n",
}
BROKEN = {
    "half a frame": frame(b"\x80" * 10)[:-3],
    "a head": frame(b"\x80")[:-1],
    "half a head": b"\0\0",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_bad_input_gets_an_error_and_the_connection_is_closed(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "app.db"

    async def body(system: rg.System) -> None:
        answers = await say(path, encode(EMPTY) + data + encode(EMPTY))
        assert [type(answer) for answer in answers] == [ask.Finished, ask.Failed]
        bad = answers[1]
        assert isinstance(bad, ask.Failed)
        assert (bad.kind in ("BadFrame", "FrameTooLong"), bad.missing) == (True, False)

    with_owner(path, body)


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_frame_that_breaks_off_is_told(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "app.db"

    async def body(system: rg.System) -> None:
        answers = await say(path, data)
        assert [answer.kind for answer in answers if isinstance(answer, ask.Failed)] == ["FrameBroken"]

    with_owner(path, body)


def test_errors_of_the_library_are_answers_and_the_connection_stays(tmp_path: Path) -> None:
    path = tmp_path / "app.db"

    async def body(system: rg.System) -> None:
        bad: list[ask.Command] = [ask.Show(id=7), ask.List(where={"colour": "red"}), ask.Backup(path="here")]
        answers = await say(path, b"".join(map(encode, bad)) + encode(EMPTY))
        shown = [(answer.kind, answer.missing) for answer in answers if isinstance(answer, ask.Failed)]
        assert shown == [
            ("NoSuchDeadLetter", True),
            ("BadDeadLetterFilter", False),
            ("BadDeadLetterOption", False),
        ]
        assert isinstance(answers[-1], ask.Finished)

    with_owner(path, body)


def test_a_client_that_leaves_hurts_nobody(tmp_path: Path) -> None:
    path = tmp_path / "app.db"

    async def body(system: rg.System) -> None:
        for _ in range(10):
            with connect(socket_path(path)) as connection:
                await asyncio.get_running_loop().sock_sendall(connection, encode(EMPTY)[:3])
        await system.idle()

    with_owner(path, body)


def test_there_is_a_bound_to_connections(tmp_path: Path) -> None:
    path = tmp_path / "app.db"

    async def body(system: rg.System) -> None:
        loop = asyncio.get_running_loop()
        held = [connect(socket_path(path)) for _ in range(server.MAX_CONNECTIONS)]
        for connection in held:
            await loop.sock_sendall(connection, encode(EMPTY))
            assert await receive(connection) is not None
        with connect(socket_path(path)) as late:
            assert await receive(late) is None
        talks = [pid for pid in system.processes() if "talk" in repr(pid)]
        assert len(talks) == server.MAX_CONNECTIONS
        for connection in held:
            connection.close()
        assert await asyncio.gather(*(pid.down(timeout=5.0) for pid in talks)) == [rg.NORMAL] * len(talks)

    with_owner(path, body)


def test_the_socket_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "app.db"

    async def body(system: rg.System) -> None:
        mode = socket_path(path).stat().st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600

    with_owner(path, body)
    assert not socket_path(path).exists()


@pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="the system doesn't tell who connects")
def test_who_is_somebody_else_is_turned_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "app.db"

    class Stranger(socket.socket):
        """A connection of another user's process."""

        def getsockopt(self, *args: int) -> bytes:  # type: ignore[override]
            return struct.pack("3i", 1, os.geteuid() + 1, 0)

    def accept(connection: socket.socket) -> bool:
        with Stranger(fileno=os.dup(connection.fileno())) as stranger:
            return real(stranger)

    async def run() -> None:
        async with owner(path):
            monkeypatch.setattr(server, "accept_owner_only", accept)
            with connect(socket_path(path)) as connection:
                await asyncio.get_running_loop().sock_sendall(connection, encode(EMPTY))
                with pytest.raises(ConnectionResetError):
                    assert await receive(connection) is None
                    raise ConnectionResetError  # closed, or reset as it had said something

    real = accept_owner_only
    run_virtual(run(), sockets=True, silence=0.01)


def test_a_left_over_socket_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    listen(socket_path(path)).close()
    assert socket_path(path).exists()

    async def body(system: rg.System) -> None:
        assert system.state == "running"

    with_owner(path, body)


def test_what_is_no_socket_stays_and_the_program_runs_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "app.db"
    socket_path(path).write_text("mine")

    async def run() -> None:
        async with owner(path) as system:
            await system.idle()
            with pytest.raises(rg.errors.JournalLocked):
                async with open_admin(path):
                    pass

    run_virtual(run(), sockets=True, silence=0.01)
    assert socket_path(path).read_text() == "mine"
    assert "has no control socket" in caplog.text


def test_a_journal_can_do_without(tmp_path: Path) -> None:
    path = tmp_path / "app.db"

    async def run() -> None:
        async with rg.System(services=[rg.Journal(path, control=False)]) as system:
            await system.idle()
            assert not socket_path(path).exists()

    run_virtual(run(), sockets=True, silence=0.01)


@pytest.mark.parametrize("length", [60, 100, 180, 240])
def test_paths_of_any_length_work(length: int, tmp_path: Path) -> None:
    directory = tmp_path / ("d" * 120)
    directory.mkdir()
    path = directory / ("j" * (length - 3) + ".db")

    async def body(system: rg.System) -> None:
        assert socket_path(path).parent == directory
        assert socket_path(path).exists()

    with_owner(path, body)


def test_an_owner_that_dies_meanwhile_is_told_from_one_that_refuses(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    path.touch()

    async def run() -> None:
        listener = listen(socket_path(path))
        async with open_admin(path) as admin:
            connection, _ = await asyncio.get_running_loop().sock_accept(listener)
            connection.close()
            with pytest.raises(rg.errors.ControlClosed, match="went away before it had answered"):
                await admin.run(EMPTY)
        listener.close()

    run_virtual(run(), sockets=True, silence=0.01)


def test_an_answer_that_is_none_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    path.touch()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        listener = listen(socket_path(path))
        async with open_admin(path) as admin:
            connection, _ = await loop.sock_accept(listener)
            wrong = ask.Finished(msgspec.Raw(msgspec.msgpack.encode("many")))
            await loop.sock_sendall(connection, encode(wrong))
            with pytest.raises(rg.errors.BadFrame, match="Expected `object`, got `str`"):
                await admin.run(EMPTY)
            connection.close()
        listener.close()

    run_virtual(run(), sockets=True, silence=0.01)
