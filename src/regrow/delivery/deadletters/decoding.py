"""What a dead letter says: its message as plain values, with its handler's names where that is known."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias, final

import msgspec

from regrow.core.codec import codec
from regrow.core.handler import Handler, HandlerProperty
from regrow.core.messages import Message
from regrow.delivery.journal.aliases import renamed
from regrow.delivery.journal.rows import INFO, DeadLetter
from regrow.errors.messages import CodecError

if TYPE_CHECKING:
    from types import ModuleType

__all__ = (
    "Contents",
    "Known",
    "ServerOf",
    "contents_of",
    "handler_of",
    "known_class",
    "loaded",
    "payload_of",
    "today",
    "wire_of",
)

ServerOf: TypeAlias = Callable[[str], "type | None"]
"""Gives the class of the server that has a name now, None if nobody has it or it is no server."""


@final
class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What a program knows of its handlers.

    Attributes:
        server_of: The class of the server that has a name now.
        aliases: What handlers are called now, by what they were called.
    """

    server_of: ServerOf
    aliases: Mapping[str, str]


class Wire(msgspec.Struct, frozen=True):
    """A message's bytes, taken apart without knowing its class."""

    server: str
    handler: str
    version: int
    values: list[object]


@final
class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter's message.

    Attributes:
        values: Its arguments by name (by number where the handler isn't known); an info as it is.
        message: It as its handler would get it, None where that can't be made.
        problem: Why not, None if it can.
    """

    values: object
    message: Message | None = None
    problem: str | None = None


def payload_of(letter: DeadLetter) -> bytes:
    """What a redrive would deliver: the edited payload, or else the first one."""
    return letter.live.payload if letter.edited is None else letter.edited


def contents_of(letter: DeadLetter, payload: bytes, known: Known) -> Contents:
    """Decode one of its payloads. Never raises: what doesn't decode says why."""
    if letter.live.kind == INFO:
        try:
            return Contents(values=msgspec.msgpack.decode(payload))
        except msgspec.MsgspecError as error:
            return Contents(values=payload, problem=str(error))
    payload = today(letter, payload, known)
    wire = wire_of(payload)
    if wire is None:
        return Contents(values=payload, problem="these bytes are no message")
    server = known_class(letter, wire, known.server_of)
    if server is None:
        return Contents(values=_named(wire, None), problem=f"{wire.server} is not loaded here")
    values = _named(wire, handler_of(server, wire))
    try:
        return Contents(values=values, message=codec(server).decode(payload))
    except CodecError as error:
        return Contents(values=values, problem=str(error))


def today(letter: DeadLetter, payload: bytes, known: Known) -> bytes:
    """A message's bytes, under the names of today where there are no handlers of those it has."""
    wire = wire_of(payload)
    if wire is None:
        return payload
    server = known_class(letter, wire, known.server_of)
    if server is not None and handler_of(server, wire) is not None:
        return payload
    return renamed(payload, known.aliases) or payload


def wire_of(payload: bytes) -> Wire | None:
    """Take a message's bytes apart; None if they are none."""
    try:
        parts = msgspec.msgpack.decode(payload, type=list[object])
        return msgspec.convert({**dict(zip(_HEAD, parts, strict=False)), "values": parts[len(_HEAD) :]}, Wire)
    except msgspec.MsgspecError:
        return None


_HEAD = Wire.__struct_fields__[:3]


def known_class(letter: DeadLetter, wire: Wire, server_of: ServerOf) -> type | None:
    """The server class that would decode it: its recipient's, or the one it was made for."""
    return server_of(letter.live.dest) or loaded(wire.server)


def loaded(place: str) -> type | None:
    """The class `module:Qualified.name`, if its module is loaded already: nothing is ever imported."""
    module, _, path = place.partition(":")
    found: ModuleType | object | None = sys.modules.get(module)
    for name in path.split("."):
        found = getattr(found, name, None)
    return found if isinstance(found, type) else None


def handler_of(server: type, wire: Wire) -> Handler | None:
    """The handler of the message in this class, None if it has none of that name."""
    for klass in server.__mro__:
        found = vars(klass).get(wire.handler)
        if isinstance(found, HandlerProperty) and f"{klass.__module__}:{klass.__qualname__}" == wire.server:
            return found.handler
    return None


def _named(wire: Wire, handler: Handler | None) -> dict[str, object]:
    fields = () if handler is None else handler.fields
    names = (*fields, *map(str, range(len(fields) + 1, len(wire.values) + 1)))
    return dict(zip(names, wire.values, strict=False))
