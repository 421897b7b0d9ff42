"""A message as a journal keeps it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias, final

import msgspec

from regrow.core.codec import codec
from regrow.core.messages import CallMessage, Message
from regrow.delivery.journal.rows import CALL, CAST, INFO
from regrow.errors import EncodeFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ("Envelope", "Known", "envelope_of", "headers_of", "known_of")


Envelope: TypeAlias = tuple[int, str, bytes]
"""Kind, type and payload, as `rows.Live` describes them."""


def envelope_of(message: object) -> Envelope:
    """The message as bytes.

    Raises:
        NoCodec, EncodeFailed: It can't be written.
    """
    if not isinstance(message, Message):
        kind: type = type(message)
        return INFO, f"{kind.__module__}:{kind.__qualname__}", _packed(message)
    known = known_of(type(message))
    return known.kind, known.type_name, known.encode(message)[0]


@final
class Known(msgspec.Struct, frozen=True):
    """What is the same for all messages of a handler.

    Attributes:
        kind: `CALL` or `CAST`.
        type_name: As `rows.Live` has it.
        repeatable: Whether the handler is.
        encode: Writes one of them, and says whether it would come back just as it is.
    """

    kind: int
    type_name: str
    repeatable: bool
    encode: Callable[[Message], tuple[bytes, bool]]


@lru_cache(maxsize=4096)
def known_of(message: type[Message]) -> Known:
    """What is known of the messages of this class."""
    handler = message.__handler__
    server = handler.server
    return Known(
        CALL if issubclass(message, CallMessage) else CAST,
        f"{server.__module__}:{server.__qualname__}.{handler.name}",
        handler.repeatable,
        codec(server).encoder_of(handler),
    )


def headers_of(metadata: Mapping[str, object] | None) -> bytes | None:
    """The sender's metadata as bytes. Raises `EncodeFailed`."""
    return _packed(dict(metadata)) if metadata else None


def _packed(value: object) -> bytes:
    try:
        return msgspec.msgpack.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        raise EncodeFailed(value, str(error)) from error
