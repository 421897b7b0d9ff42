"""What handlers are called now, for messages that were stored under another name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

__all__ = ("renamed",)

_HEAD: Final = 2


def renamed(payload: bytes, aliases: Mapping[str, str]) -> bytes | None:
    """A message under the names of today, None if the table doesn't know it.

    Args:
        payload: The bytes of a message.
        aliases: `module:Class.handler` of today by that of then.

    Raises:
        msgspec.MsgspecError: These bytes are no message.
    """
    parts = msgspec.msgpack.decode(payload, type=list[object])
    name = aliases.get(f"{parts[0]}.{parts[1]}") if len(parts) >= _HEAD else None
    if name is None:
        return None
    server, _, handler = name.rpartition(".")
    return msgspec.msgpack.encode([server, handler, *parts[_HEAD:]])
