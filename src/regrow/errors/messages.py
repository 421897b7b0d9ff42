"""What is wrong with a handler, a message, or the bytes of one."""

from __future__ import annotations

from regrow.errors.base import RegrowError, show

__all__ = (
    "BadHandler",
    "CodecError",
    "DecodeFailed",
    "EncodeFailed",
    "HandlerGone",
    "NoCodec",
    "NotAMessage",
    "WrongVersion",
)


class BadHandler(RegrowError):
    """A method can't be a handler, or doesn't fit the handler that it overrides.

    Raised when the class is made, never while messages are sent.

    Attributes:
        server: The name of the class.
        handler: The name of the method.
        value: What was found there.
    """

    def __init__(self, server: str, handler: str, value: object, problem: str, remedy: str) -> None:
        where = f"{server}.{handler} = " if server else ""
        super().__init__(
            f"{where}{show(value)} can't be a handler: {problem}. A handler is a `def` or an `async def` of"
            f" the class, with self first and each further parameter named. {remedy}"
        )
        self.server = server
        self.handler = handler
        self.value = value


class NotAMessage(RegrowError):
    """Something was called or cast that no handler made.

    You don't get it for `send`, which takes any object.

    Attributes:
        given: The type of what was given.
    """

    def __init__(self, given: type) -> None:
        super().__init__(
            f"{given.__qualname__} is no message: make it with a handler on the class, as in"
            " Counter.increment(5), or use send() for plain objects"
        )
        self.given = given


class CodecError(RegrowError):
    """A message can't be turned into bytes or back; each cause is a subclass."""


class NoCodec(CodecError):
    """A handler's parameters have types that can't be decoded.

    Attributes:
        server: The name of the class.
        handler: The name of the handler.
    """

    def __init__(self, server: str, handler: str, problem: str) -> None:
        super().__init__(
            f"{server}.{handler} can't be encoded: {problem}. Annotate its parameters with types that msgspec"
            " knows (numbers, str, bytes, dates, containers, dataclasses, Structs), importable in its module"
        )
        self.server = server
        self.handler = handler


class EncodeFailed(CodecError):
    """An argument of a message can't be written as msgpack.

    Attributes:
        message: The message.
    """

    def __init__(self, message: object, problem: str) -> None:
        super().__init__(
            f"{show(message)} can't be encoded: {problem}. Pass plain values, dataclasses or Structs"
        )
        self.message = message


class DecodeFailed(CodecError):
    """Bytes aren't a message of this server class.

    Attributes:
        server: The name of the class whose codec was asked.
    """

    def __init__(self, server: str, problem: str) -> None:
        super().__init__(f"no message of {server}: {problem}")
        self.server = server


class HandlerGone(DecodeFailed):
    """A stored message names a class or a handler that the server no longer has.

    Attributes:
        handler: The name of the handler, with its class.
    """

    def __init__(self, server: str, handler: str) -> None:
        super().__init__(
            server, f"there is no handler {handler}. Keep a handler of that name for messages stored earlier"
        )
        self.handler = handler


class WrongVersion(DecodeFailed):
    """A stored message has another version than its handler.

    Attributes:
        handler: The name of the handler, with its class.
        found: The version of the message.
        expected: The version of the handler.
    """

    def __init__(self, server: str, handler: str, found: int, expected: int) -> None:
        super().__init__(
            server,
            f"{handler} has version {expected} and the message version {found}. Convert stored messages, or"
            " keep a handler for the old version under the old name",
        )
        self.handler = handler
        self.found = found
        self.expected = expected
