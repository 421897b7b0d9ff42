"""A System in an ASGI server: started before the app, stopped after it, no signals touched."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias, final

if TYPE_CHECKING:
    from regrow.runtime.system import System

Message: TypeAlias = MutableMapping[str, object]
Scope: TypeAlias = MutableMapping[str, object]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


@asynccontextmanager
async def lifespan(system: System) -> AsyncGenerator[None]:
    """See `System.lifespan`."""
    async with system:
        yield


def wrap(system: System, app: ASGIApp) -> ASGIApp:
    """See `System.asgi`."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _Lifespan(system, app, receive, send).run(scope)
        else:
            await app(scope, receive, send)

    return wrapped


@final
class _Lifespan:
    """The lifespan protocol, spoken with the server for the System and with the app in the server's name."""

    __slots__ = ("_app", "_begun", "_last", "_receive", "_send", "_system")

    def __init__(self, system: System, app: ASGIApp, receive: Receive, send: Send) -> None:
        self._system = system
        self._app = app
        self._receive = receive
        self._send = send
        self._begun: Message | None = None
        """The server's first message, until the app has asked for it."""
        self._last: Message | None = None
        """The app's last word, kept back until the System is down."""

    async def run(self, scope: Scope) -> None:
        self._begun = await self._receive()
        up = False
        try:
            async with self._system:
                up = True
                await self._inside(scope)
        except Exception as error:
            phase = "shutdown" if up else "startup"
            said: Message = {
                "type": f"lifespan.{phase}.failed",
                "message": f"{type(error).__name__}: {error}",
            }
            last = self._last
            await self._send(
                last if last is not None and last["type"] != "lifespan.shutdown.complete" else said
            )
            if up:
                raise
        else:
            await self._send(self._last or {"type": "lifespan.shutdown.complete"})

    async def _inside(self, scope: Scope) -> None:
        answered = False

        async def receive() -> Message:
            begun, self._begun = self._begun, None
            return begun if begun is not None else await self._receive()

        async def send(message: Message) -> None:
            nonlocal answered
            if message["type"] == "lifespan.startup.complete":
                answered = True
                await self._send(message)
            else:
                self._last = message  # failed, or the end: said when the System is down

        try:
            await self._app(scope, receive, send)
        except Exception:
            if answered or self._last is not None:
                raise
            # The app speaks no lifespan protocol, as it may: the System does without it.
            await self._send({"type": "lifespan.startup.complete"})
            await self._receive()
