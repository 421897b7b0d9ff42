"""The owner's side of the control socket: a process that accepts, and one for each connection."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Final

import msgspec

from regrow.core.specs import ChildSpec, child
from regrow.delivery.control.commands import Answer, Command, Failed, Finished, Progressed
from regrow.delivery.control.execute import Execution, Ground
from regrow.delivery.control.frames import decode_command, receive, send
from regrow.delivery.control.sockets import accept_owner_only, listen, socket_path, unlink
from regrow.errors.base import RegrowError
from regrow.errors.control import BadFrame
from regrow.runtime.pid import Ref
from regrow.runtime.process import current_process
from regrow.runtime.supervisor import supervisor
from regrow.runtime.system import current_system
from regrow.runtime.tasks import TaskSupervisor, start_task, task_supervisor

__all__ = ("control_spec",)

MAX_CONNECTIONS: Final = 16
IDLE: Final = 600.0
"""Seconds until a connection that asks nothing is closed."""
FRAME: Final = 30.0
"""Seconds that one frame may take."""
LINGER: Final = 1.0
TROUBLE: Final = 1.0
_log = logging.getLogger("regrow.journal")


def control_spec(ground: Ground, *, prefix: str) -> ChildSpec:
    """The processes of a journal's control socket. `prefix` begins the names they register."""
    clients = task_supervisor(id="clients", name=f"{prefix}.control.clients", max_children=MAX_CONNECTIONS)
    listener = child(serve, id="listener", args=(ground, prefix), restart="transient")
    # A program whose operators can't reach it goes on.
    children = [clients, listener]
    return supervisor(
        children,
        id="control",
        strategy="rest_for_one",
        max_restarts=3,
        max_seconds=5.0,
        restart="temporary",
    )


async def serve(ground: Ground, prefix: str) -> None:
    """Accept connections for ever; not at all where there are no sockets."""
    if not current_process.get().engine.ports.sockets:
        return
    path = socket_path(ground.path)
    clients = current_system().ref(f"{prefix}.control.clients", TaskSupervisor)
    try:
        listener = listen(path)
    except OSError as error:
        _log.warning("journal %s has no control socket: %s: %s", ground.path, path, error.strerror or error)
        return
    try:
        while True:
            await accept(ground, clients, listener)
    finally:
        listener.close()
        unlink(path)


async def accept(ground: Ground, clients: Ref[TaskSupervisor], listener: socket.socket) -> None:
    """Take the next connection, if it is its owner's and there is room for it."""
    try:
        connection, _ = await asyncio.get_running_loop().sock_accept(listener)
    except OSError as error:  # too many open files, for example
        _log.warning("journal %s can't accept a command: %s", ground.path, error.strerror or error)
        await asyncio.sleep(TROUBLE)
        return
    if not accept_owner_only(connection):
        connection.close()
        return
    try:
        await start_task(clients, talk(ground, connection), link=False)
    except RegrowError:  # too many at a time, or their supervisor is being restarted
        connection.close()


async def talk(ground: Ground, connection: socket.socket) -> None:
    """Answer one client until it leaves, or sends what is no command."""
    execution = Execution(ground)
    connection.setblocking(False)
    with connection:
        try:
            while (command := await next_command(connection)) is not None:
                await answer(execution, command, connection)
        except BadFrame as error:
            await part(connection, failed(error))
        except OSError:
            return  # it left, or fell silent


async def next_command(connection: socket.socket) -> Command | None:
    """What it asks next, None at its end."""
    async with asyncio.timeout(IDLE):
        body = await receive(connection)
    return None if body is None else decode_command(body)


async def answer(execution: Execution, command: Command, connection: socket.socket) -> None:
    """Carry one command out; how far it is goes out as the client takes it."""
    progress = Progress(connection)
    try:
        value = await execution.run(command, progress.report)
    except RegrowError as error:
        reply: Answer = failed(error)
    else:
        reply = Finished(msgspec.Raw(msgspec.msgpack.encode(value)))
    await progress.stop()
    try:
        await say(connection, reply)
    except BadFrame as error:
        await say(connection, failed(error))


async def say(connection: socket.socket, reply: Answer) -> None:
    """Send an answer; a client that doesn't take it is given up by `TimeoutError`, an `OSError`."""
    async with asyncio.timeout(FRAME):
        await send(connection, reply)


async def part(connection: socket.socket, reply: Answer) -> None:
    """Say a last word, and hear the client out for a moment: closing on unread data would take it back."""
    loop = asyncio.get_running_loop()
    try:
        await say(connection, reply)
        connection.shutdown(socket.SHUT_WR)
        async with asyncio.timeout(LINGER):
            while await loop.sock_recv(connection, 1 << 16):
                pass
    except OSError:
        return


class Progress:
    """Sends how far a command is, the latest only, so that a slow client slows nothing."""

    __slots__ = ("_connection", "_done", "_task")

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._done = 0
        self._task: asyncio.Task[None] | None = None

    def report(self, done: int) -> None:
        """So many are done."""
        self._done = done
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._send())  # noqa: RG101  # `stop` waits for it

    async def stop(self) -> None:
        """Nothing is on its way any more."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _send(self) -> None:
        sent = -1
        try:
            while sent != self._done:
                sent = self._done
                await say(self._connection, Progressed(sent))
        except OSError:
            return  # the answer will meet the same


def failed(error: Exception) -> Failed:
    """An error as an answer."""
    return Failed(type(error).__name__, str(error), isinstance(error, LookupError))
