"""What may be shown of a dead letter's message."""

from __future__ import annotations

from typing import cast

import msgspec

from regrow.core.messages import Message
from regrow.core.show import Redact, shower
from regrow.delivery.deadletters.decoding import Contents, contents_of
from regrow.delivery.deadletters.queue import DeadLetterQueue
from regrow.delivery.journal.rows import DeadLetter

__all__ = ("presented",)

PLAIN = (dict, list, str, int, float, bool)


def presented(queue: DeadLetterQueue, letter: DeadLetter, payload: bytes, *, raw: bool) -> Contents:
    """One of its payloads decoded, without secrets unless `raw`."""
    around = queue.around
    contents = contents_of(letter, payload, around.known)
    if raw:
        return contents
    values = contents.values
    if around.redact is not None:
        values = _left_by(around.redact, contents)
    return msgspec.structs.replace(contents, values=queue.redaction.value(values))


def _left_by(redact: Redact, contents: Contents) -> object:
    """What a user's hook leaves: plain values if they are its own or a message's, else a text."""
    value = contents.values if contents.message is None else contents.message
    try:
        left = redact(value)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  # a user's hook may do anything
        return f"<redact raised {type(error).__name__}>"
    if left is value:
        return contents.values
    if isinstance(left, Message):
        try:
            return msgspec.to_builtins(msgspec.structs.asdict(left))
        except (TypeError, ValueError, RecursionError):
            return shower(None)(left)
    return cast("object", left) if isinstance(left, PLAIN) else shower(None)(left)
