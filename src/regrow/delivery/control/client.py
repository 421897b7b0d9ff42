"""The command's side: asks a journal's owner, or is the owner for as long as it takes."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol, TypeVar, cast, final

import msgspec

from regrow.delivery.control.commands import Asks, Command, Failed, Progressed, answer_type
from regrow.delivery.control.execute import Execution
from regrow.delivery.control.frames import decode_answer, receive, send
from regrow.delivery.control.sockets import connect, socket_path
from regrow.errors.control import BadFrame, ControlClosed, OwnerRefused

__all__ = ("Admin", "open_admin")

T = TypeVar("T")


class Admin(Protocol):
    """Carries commands out, wherever."""

    async def run(self, command: Asks[T], report: Callable[[int], object] = ...) -> T:
        """Do it, and give what it asks for."""
        ...


@asynccontextmanager
async def open_admin(path: str | os.PathLike[str]) -> AsyncGenerator[Admin]:
    """A journal to give commands to: through its owner if it runs, else opened for the length of the block.

    Raises:
        FileNotFoundError: There is no such file.
        JournalError: It can't be opened; `JournalLocked` if its owner runs without a control socket.
    """
    file = _file(path)
    sock = socket_path(file)
    try:
        connection = connect(sock)
    except OSError:
        from regrow.delivery.control.offline import open_offline  # noqa: PLC0415  # SQLite is only then loaded

        async with open_offline(file) as ground:
            yield _Here(Execution(ground))
        return
    with connection:
        yield _There(connection, sock)


@final
class _Here:
    """Does it in this process."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def run(self, command: Asks[T], report: Callable[[int], object] = id) -> T:
        """Do it."""
        return await self._execution.run(command, report)


@final
class _There:
    """Has the owner do it."""

    def __init__(self, connection: socket.socket, path: Path) -> None:
        self._connection = connection
        self._path = path

    async def run(self, command: Asks[T], report: Callable[[int], object] = id) -> T:
        """Ask, and wait for the answer however long that takes: work is bounded by what there is."""
        await self._ask(command)
        while True:
            reply = decode_answer(await self._answer())
            if isinstance(reply, Progressed):
                report(reply.done)
            elif isinstance(reply, Failed):
                raise OwnerRefused(reply.kind, reply.text, missing=reply.missing)
            else:
                return _value(command, bytes(reply.value))

    async def _ask(self, command: Asks[object]) -> None:
        try:
            await send(self._connection, cast("Command", command))
        except OSError as error:
            raise ControlClosed(self._path) from error

    async def _answer(self) -> bytes:
        try:
            body = await receive(self._connection)
        except OSError as error:
            raise ControlClosed(self._path) from error
        if body is None:
            raise ControlClosed(self._path)
        return body


def _file(path: str | os.PathLike[str]) -> Path:
    file = Path(path).absolute()
    file.stat()  # raises if it isn't there: nothing is made by looking
    return file


def _value(command: Asks[T], data: bytes) -> T:
    try:
        return cast("T", msgspec.msgpack.decode(data, type=answer_type(command)))
    except msgspec.MsgspecError as error:
        raise BadFrame(str(error)) from error
