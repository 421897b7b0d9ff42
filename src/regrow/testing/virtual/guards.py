"""Guards before what is real: the methods of a loop that reach a socket or a subprocess."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from regrow.errors.base import show

if TYPE_CHECKING:
    from regrow.testing.virtual.outside import Option, Outside

__all__ = ("guarded",)


class Guarded(Protocol):
    """A loop with these guards."""

    @property
    def outside(self) -> Outside:
        """Knows what is declared."""
        ...


L = TypeVar("L", bound=Guarded)

SOCKETS: Final = (
    *("add_reader", "add_writer", "connect_accepted_socket", "create_connection", "create_datagram_endpoint"),
    *("create_server", "create_unix_connection", "create_unix_server", "sendfile", "start_tls"),
    *("sock_accept", "sock_connect", "sock_recv", "sock_recv_into", "sock_recvfrom", "sock_recvfrom_into"),
    *("sock_sendall", "sock_sendfile", "sock_sendto"),
)
PIPES: Final = ("connect_read_pipe", "connect_write_pipe")
NAMES: Final = ("getaddrinfo", "getnameinfo")
"""Asyncio asks in a thread; that needs no declaration of its own."""
SUBPROCESSES: Final = ("subprocess_exec", "subprocess_shell")


def guarded(loop: type[L]) -> type[L]:
    """Guard these methods of a class of loops."""
    for name in SOCKETS:
        setattr(loop, name, _guard(name))
    for name in PIPES:
        setattr(loop, name, _guard(name, "subprocesses"))
    for name in NAMES:
        setattr(loop, name, _look_up(name))
    for name in SUBPROCESSES:
        setattr(loop, name, _start(name))
    return loop


def _guard(name: str, *others: Option) -> Callable[..., object]:
    method: Callable[..., object] = getattr(asyncio.SelectorEventLoop, name)

    @wraps(method)
    def guard(self: Guarded, *args: object, **options: object) -> object:
        self.outside.require("sockets", _text(name, args), *others)
        return method(self, *args, **options)

    return guard


def _look_up(name: str) -> Callable[..., Awaitable[object]]:
    method: Callable[..., Awaitable[object]] = getattr(asyncio.SelectorEventLoop, name)

    @wraps(method)
    async def look_up(self: Guarded, *args: object, **options: object) -> object:
        text = _text(name, args)
        self.outside.require("sockets", text)
        with self.outside.holding(text):
            return await method(self, *args, **options)

    return look_up


def _start(name: str) -> Callable[..., Awaitable[object]]:
    method: Callable[..., Awaitable[tuple[asyncio.SubprocessTransport, object]]] = getattr(
        asyncio.SelectorEventLoop, name
    )

    @wraps(method)
    async def start(self: Guarded, *args: object, **options: object) -> object:
        text = _text(name, args[1:])
        self.outside.require("subprocesses", text)
        with self.outside.holding(text):
            transport, protocol = await method(self, *args, **options)
        self.outside.started(transport)
        return transport, protocol

    return start


def _text(name: str, args: tuple[object, ...]) -> str:
    return f"{name}({', '.join(show(one) for one in args)})"
