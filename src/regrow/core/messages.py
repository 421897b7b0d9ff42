"""Messages: small frozen values, one class per handler, that say who handles them and with what."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, TypeAlias, TypeVar, cast

import msgspec
from typing_extensions import override

from regrow.errors.messages import HandlerGone, NotAMessage

if TYPE_CHECKING:
    from regrow.core.handler import Handler

__all__ = ("CallMessage", "CastMessage", "Kind", "Message", "MessageInfo", "message_info")

S_contra = TypeVar("S_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)

Kind: TypeAlias = Literal["call", "cast"]


class Message(msgspec.Struct, frozen=True):
    """What a handler makes when it is called on its class: ``Counter.increment(5)``.

    The arguments are its fields, under their names. Messages with equal arguments are equal, and hash when
    their arguments do. They are pickled and deep-copied by the name of their class and handler.

    Attributes:
        __handler__: What is known about the handler.
    """

    if TYPE_CHECKING:
        # Out of msgspec's sight, which evaluates what it finds.
        __handler__: ClassVar[Handler]

    @override
    def __reduce__(self) -> tuple[object, ...]:
        # The class of a message can't be imported: under its name stands the handler.
        handler = self.__handler__
        values = msgspec.structs.astuple(self)
        count = len(handler.positional)
        keywords = dict(zip(handler.keywords, values[count:], strict=True))
        return _rebuild, (handler.server, handler.name, values[:count], keywords)


class CallMessage(Message, Generic[S_contra, R_co], frozen=True):
    """A message for a server of class `S_contra` whose answer is an `R_co`."""


class CastMessage(Message, Generic[S_contra], frozen=True):
    """A message for a server of class `S_contra` that isn't answered."""


class MessageInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says, for people and for whoever stores it.

    Attributes:
        server: The class whose handler made it.
        handler: The handler's name.
        kind: ``"call"`` or ``"cast"``.
        arguments: The arguments by name, defaults included, in the order of the signature.
        version: The version of the handler.
    """

    server: type
    handler: str
    kind: Kind
    arguments: dict[str, object]
    version: int


def message_info(message: Message) -> MessageInfo:
    """Tells server class, handler, arguments and version of a message.

    Raises:
        NotAMessage: No handler made it.
    """
    handler: Handler | None = getattr(message, "__handler__", None)
    if handler is None:
        raise NotAMessage(type(message))
    return MessageInfo(
        server=handler.server,
        handler=handler.name,
        kind=handler.kind,
        arguments=msgspec.structs.asdict(message),
        version=handler.version,
    )


def _rebuild(server: type, name: str, arguments: tuple[object, ...], keywords: dict[str, object]) -> Message:
    factory = getattr(server, name, None)
    if hasattr(factory, "handler"):
        return cast(Callable[..., Message], factory)(*arguments, **keywords)
    raise HandlerGone(server.__qualname__, f"{server.__qualname__}.{name}")
