"""Messages as bytes: msgpack arrays, decoded by the types that the handler's parameters are declared with."""

from __future__ import annotations

import re
from inspect import Parameter
from typing import TYPE_CHECKING, Any, TypeVar, cast, final, get_args, get_origin

import msgspec
from msgspec import UNSET

from regrow.core.handler import Handler, HandlerProperty
from regrow.core.signatures import annotations_of, known_annotations_of
from regrow.errors.calls import WrongServer
from regrow.errors.messages import DecodeFailed, EncodeFailed, HandlerGone, NoCodec, NotAMessage, WrongVersion

if TYPE_CHECKING:
    from collections.abc import Callable

    from regrow.core.messages import Message

__all__ = ("Codec", "bindings", "codec")

_CACHE = "__regrow_codec__"
_PLACE = re.compile(r"\$\[(\d+)\]")
_SCALARS = (bool, bytes, float, int, str, type(None))
_encoder = msgspec.msgpack.Encoder()


class _Head(msgspec.Struct, array_like=True):
    """What stands before the arguments."""

    server: str
    handler: str
    version: int


_head_decoder = msgspec.msgpack.Decoder(_Head)
_HEAD = len(_Head.__struct_fields__)


def codec(server: type) -> Codec:
    """The codec for the messages of a server class, its bases' among them. Made at its first use."""
    found: Codec | None = server.__dict__.get(_CACHE)
    if found is None:
        found = Codec(server)
        setattr(server, _CACHE, found)
    return found


@final
class Codec:
    """Turns the messages of one server class into bytes and back. Made by `codec`.

    The bytes are a msgpack array: qualified name of the class that defines the handler, name of the handler,
    version, and the arguments in the order of the signature. A parameter that was added at the end, with a
    default, needs no new version. What has no annotation is decoded as plain msgpack values.
    """

    __slots__ = ("_by_message", "_by_name", "server")

    server: type
    """The class whose messages it knows."""

    def __init__(self, server: type) -> None:
        self.server = server
        self._by_message: dict[type[Message], _Entry] = {}
        self._by_name: dict[tuple[str, str], _Entry] = {}

    def encode(self, message: Message) -> bytes:
        """The message as bytes. Arguments aren't checked against their types; `decode` does that.

        Raises:
            NotAMessage: No handler made it.
            WrongServer: It was made for another server class.
            NoCodec: A parameter of its handler has a type that can't be decoded.
            EncodeFailed: An argument can't be written as msgpack.
        """
        entry = self._by_message.get(type(message))
        if entry is None:
            entry = self._add(self._handler_of(message))
        return entry.encode(message)[0]

    def encoder_of(self, handler: Handler) -> Callable[[Message], tuple[bytes, bool]]:
        """What `encode` does, for messages of this handler of the class.

        It also says whether the message would come back from its bytes just as it is. So it does, for sure,
        if each argument is of just the type that it is declared with, and that is `int`, `str`, `bytes`,
        `float`, `bool` or `None`.

        Raises:
            NoCodec: As `encode`.
        """
        entry = self._by_message.get(handler.message) or self._add(handler)
        return entry.encode

    def decode(self, data: bytes) -> Message:
        """The message that `encode` wrote, equal to the first one if its arguments are.

        Raises:
            HandlerGone: The class has no such handler.
            WrongVersion: The handler has another version.
            NoCodec: A parameter of the handler has a type that can't be decoded.
            DecodeFailed: The bytes are no message, or an argument has another type than declared.
        """
        try:
            head = _head_decoder.decode(data)
        except msgspec.MsgspecError as error:
            raise DecodeFailed(self.server.__qualname__, str(error)) from error
        entry = self._by_name.get((head.server, head.handler))
        if entry is None:
            entry = self._add(self._find(head))
        if head.version != entry.handler.version:
            who = _shown(entry.handler)
            raise WrongVersion(self.server.__qualname__, who, head.version, entry.handler.version)
        try:
            return entry.decode(data)
        except msgspec.MsgspecError as error:
            raise DecodeFailed(self.server.__qualname__, entry.explain(str(error))) from error

    def _handler_of(self, message: Message) -> Handler:
        handler: Handler | None = getattr(message, "__handler__", None)
        if handler is None:
            raise NotAMessage(type(message))
        if handler.server not in self.server.__mro__:
            raise WrongServer(self.server, message, handler.kind)
        return handler

    def _find(self, head: _Head) -> Handler:
        for klass in self.server.__mro__:
            found = vars(klass).get(head.handler)
            if isinstance(found, HandlerProperty) and _qualified(klass) == head.server:
                return found.handler
        raise HandlerGone(self.server.__qualname__, f"{head.server}.{head.handler}")

    def _add(self, handler: Handler) -> _Entry:
        entry = _Entry(handler, self.server)
        self._by_message[handler.message] = entry
        self._by_name[entry.head[0], entry.head[1]] = entry
        return entry


class _Entry:
    """One handler's messages as bytes, for one server class."""

    __slots__ = ("_count", "_decoder", "_keywords", "encode", "handler", "head")

    def __init__(self, handler: Handler, server: type) -> None:
        self.handler = handler
        self._count = len(handler.positional)
        self._keywords = handler.keywords
        self.head = (_qualified(handler.server), handler.name, handler.version)
        self.encode = _encoder_with(self.head, _scalars_of(handler))
        try:
            self._decoder = msgspec.msgpack.Decoder(_wire_type(handler, server))
        except Exception as error:  # whatever evaluating an annotation raises
            raise NoCodec(handler.server.__qualname__, handler.name, str(error)) from error

    def decode(self, data: bytes) -> Message:
        values: tuple[object, ...] = msgspec.structs.astuple(self._decoder.decode(data))[_HEAD:]
        count = self._count
        make = cast("Callable[..., Message]", self.handler.message)
        given = [value for value in values[:count] if value is not UNSET]
        if not self._keywords:
            return make(*given)
        named = zip(self._keywords, values[count:], strict=True)
        return make(*given, **{name: value for name, value in named if value is not UNSET})

    def explain(self, problem: str) -> str:
        """The decoder's words, with the name of an argument in the place of its number."""

        def name(match: re.Match[str]) -> str:
            index = int(match[1]) - _HEAD
            return self.handler.fields[index] if 0 <= index < len(self.handler.fields) else match[0]

        return f"{_shown(self.handler)}: {_PLACE.sub(name, problem)}"


def _encoder_with(
    head: tuple[object, ...], scalars: tuple[type, ...] | None
) -> Callable[[Message], tuple[bytes, bool]]:
    encode, values_of = _encoder.encode, msgspec.structs.astuple
    only = scalars[0] if scalars is not None and len(scalars) == 1 else None  # as most have it

    def encoded(message: Message) -> tuple[bytes, bool]:
        values = values_of(message)
        try:
            data = encode(head + values)
        except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
            raise EncodeFailed(message, str(error)) from error
        if only is not None:
            return data, type(values[0]) is only
        return data, scalars is not None and tuple(map(type, values)) == scalars

    return encoded


def _qualified(server: type) -> str:
    return f"{server.__module__}:{server.__qualname__}"


def _shown(handler: Handler) -> str:
    return f"{handler.server.__qualname__}.{handler.name}"


def _wire_type(handler: Handler, server: type) -> type[msgspec.Struct]:
    hints = annotations_of(handler.function, handler.server)
    bound = bindings(server, handler.server)
    fields: list[tuple[str, object] | tuple[str, object, object]] = []
    optional = True
    for index, parameter in reversed(list(enumerate(handler.parameters.all))):
        # An array has no gaps: only what stands after all that is needed may be missing.
        optional = optional and parameter.default is not Parameter.empty
        hint = _substitute(hints.get(parameter.name, Any), bound)
        field = (f"argument{index}", Any if hint is object else hint)
        fields.append((*field, UNSET) if optional else field)
    return msgspec.defstruct(
        "Wire", cast(Any, fields[::-1]), bases=(_Head,), array_like=True, forbid_unknown_fields=True
    )


def _scalars_of(handler: Handler) -> tuple[type, ...] | None:
    """The types of the handler's arguments, if all of them are declared as plain scalars."""
    hints = known_annotations_of(handler.function, handler.server)
    found = tuple(hints.get(name) for name in handler.fields)
    return found if all(hint in _SCALARS for hint in found) else None  # type: ignore[return-value]


def bindings(server: type, target: type) -> dict[object, object]:
    """What the type variables of the generic class `target` stand for in its subclass `server`."""
    for base in vars(server).get("__orig_bases__", server.__bases__):
        origin: type = get_origin(base) or base
        if target in origin.__mro__:
            variables: tuple[object, ...] = getattr(origin, "__parameters__", ())
            here = dict(zip(variables, get_args(base), strict=False))
            if origin is target:
                return here
            return {key: _substitute(value, here) for key, value in bindings(origin, target).items()}
    return {}


def _substitute(hint: object, bound: dict[object, object]) -> object:
    if isinstance(hint, TypeVar):
        return bound.get(hint, hint)
    parameters: tuple[object, ...] = getattr(hint, "__parameters__", ())
    if parameters and get_origin(hint) is not None:
        return cast(Any, hint)[tuple(bound.get(parameter, parameter) for parameter in parameters)]
    return hint
