"""A message as a journal keeps it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from regrow.core.codec import codec
from regrow.core.messages import CallMessage, Message
from regrow.delivery.journal.rows import CALL, CAST, INFO
from regrow.errors import EncodeFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ("Envelope", "envelope_of", "headers_of")


class Envelope(NamedTuple):
    """Kind, type and payload, as `rows.Live` describes them."""

    kind: int
    type: str
    payload: bytes


def envelope_of(message: object) -> Envelope:
    """The message as bytes.

    Raises:
        NoCodec, EncodeFailed: It can't be written.
    """
    if not isinstance(message, Message):
        kind: type = type(message)
        return Envelope(INFO, f"{kind.__module__}:{kind.__qualname__}", _packed(message))
    kind_of, name = _known(type(message))
    return Envelope(kind_of, name, codec(message.__handler__.server).encode(message))


@lru_cache(maxsize=4096)
def _known(message: type[Message]) -> tuple[int, str]:
    handler = message.__handler__
    server = handler.server
    kind = CALL if issubclass(message, CallMessage) else CAST
    return kind, f"{server.__module__}:{server.__qualname__}.{handler.name}"


def headers_of(metadata: Mapping[str, object] | None) -> bytes | None:
    """The sender's metadata as bytes. Raises `EncodeFailed`."""
    return _packed(dict(metadata)) if metadata else None


def _packed(value: object) -> bytes:
    try:
        return msgspec.msgpack.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        raise EncodeFailed(value, str(error)) from error
