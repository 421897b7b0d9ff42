"""The server class of a probe: it takes what another class takes, notes it, and answers as it is told."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeGuard, TypeVar, cast

from regrow.core.decorators import call as rg_call
from regrow.core.decorators import cast as rg_cast
from regrow.core.handler import Handler, HandlerProperty
from regrow.errors.probes import BadProbe, NoReply
from regrow.runtime.blueprint import PREPARE
from regrow.runtime.genserver import GenServer
from regrow.runtime.supervision import SupervisorBase

if TYPE_CHECKING:
    from regrow.core.messages import Message
    from regrow.testing.probes.records import Records

T = TypeVar("T")

__all__ = ("DO", "check_replies", "stand_in")

DO = "_regrow_do"
"""The call that has a probe's process do something itself."""


def stand_in(
    server: type[GenServer],
    records: Records,
    replies: Mapping[str, object],
    born: Callable[[GenServer], object],
) -> type[GenServer]:
    """A subclass of `server` whose handlers and callbacks are a probe's.

    Args:
        server: What it stands in for.
        records: Where it notes what it gets.
        replies: What it answers, by the name of the handler; looked at for each call.
        born: Called by its `init`, with the new server.

    Raises:
        BadProbe: No probe can stand in for such a class.
    """
    _check_server(server)

    def init(self: GenServer) -> None:
        born(self)

    def note_info(_self: GenServer, message: object) -> None:
        records.info(message)

    def last_received(_self: GenServer) -> list[str]:
        return records.texts()[-5:]

    namespace: dict[str, object] = {
        "__module__": server.__module__,
        "__qualname__": f"Probe.of({server.__qualname__})" if server is not GenServer else "Probe",
        "__doc__": f"Stands in for {server.__qualname__} in a test.",
        "trap_exit": True,
        PREPARE: None,  # it keeps no state, whatever the class does
        "init": init,
        "handle_info": note_info,
        "terminate": GenServer.terminate,
        "handle_continue": GenServer.handle_continue,
        "format_state": last_received,
        DO: rg_call(raises=(Exception,))(_do),
    }
    for name, handler in handlers_of(server).items():
        namespace[name] = _handler(handler, server, records, replies)
    return cast("type[GenServer]", type(f"Probe[{server.__name__}]", (server,), namespace))


def _check_server(server: object) -> None:
    kind = server if isinstance(server, type) else None
    if kind is None or not issubclass(kind, GenServer):
        raise BadProbe(server, "a probe stands in for a GenServer class")
    if issubclass(kind, SupervisorBase):
        raise BadProbe(server, "no probe can supervise; give it a real supervisor with probes as children")


def check_replies(server: type[GenServer], replies: Mapping[str, object]) -> None:
    """Raise BadProbe unless all names are names of call handlers of `server`."""
    handlers = handlers_of(server)
    calls = sorted(name for name, handler in handlers.items() if handler.kind == "call")
    for name in replies:
        if name not in handlers:
            known = ", ".join(calls) or "none"
            raise BadProbe(name, f"{server.__qualname__} has no such call to reply to; it has: {known}")
        if handlers[name].kind == "cast":
            raise BadProbe(name, f"it is a cast of {server.__qualname__}, and a cast has no reply")


def handlers_of(server: type) -> dict[str, Handler]:
    """The handlers that a class has, by name: the overrides, not what they override."""
    found: dict[str, Handler] = {}
    for cls in server.__mro__:
        for name, value in vars(cls).items():
            if isinstance(value, HandlerProperty):
                found.setdefault(name, value.handler)
    return found


async def _do(_self: GenServer, what: Callable[[], object]) -> object:
    return what()


def _handler(
    handler: Handler, server: type[GenServer], records: Records, replies: Mapping[str, object]
) -> object:
    make = cast("Callable[..., Message]", getattr(handler.server, handler.name))

    async def answer(_self: GenServer, /, *args: object, **kwargs: object) -> object:
        message = make(*args, **kwargs)
        records.note("call", message)
        if handler.name not in replies:
            raise NoReply(server.__qualname__, handler.name, message)
        return await _replied(replies[handler.name], args, kwargs)

    def note(_self: GenServer, /, *args: object, **kwargs: object) -> None:
        records.note("cast", make(*args, **kwargs))

    if handler.kind == "cast":
        return rg_cast(version=handler.version)(_in_the_place_of(handler, note))
    decorate = rg_call(
        raises=(*handler.raises, NoReply),
        version=handler.version,
        repeatable=handler.repeatable,
        reconcile=handler.reconcile,
    )
    return decorate(_in_the_place_of(handler, answer))


def _in_the_place_of(handler: Handler, function: T) -> T:
    """Give a function that takes anything the name and signature of a handler."""
    original = handler.function
    function.__name__ = handler.name  # type: ignore[attr-defined]
    function.__qualname__ = f"Probe.{handler.name}"  # type: ignore[attr-defined]
    function.__doc__ = original.__doc__
    function.__signature__ = inspect.signature(original)  # type: ignore[attr-defined]
    return function


async def _replied(reply: object, args: tuple[object, ...], kwargs: Mapping[str, object]) -> object:
    if _is_error(reply):
        raise reply
    if not callable(reply):
        return reply
    value: object = reply(*args, **kwargs)
    return await value if inspect.isawaitable(value) else value


def _is_error(reply: object) -> TypeGuard[BaseException | type[BaseException]]:
    return isinstance(reply, BaseException) or (isinstance(reply, type) and issubclass(reply, BaseException))
