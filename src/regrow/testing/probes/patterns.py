"""What a probe is asked for: a type, a value, a message, a handler, or a predicate."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeGuard, cast, final

from regrow.core.handler import HandlerProperty
from regrow.core.messages import Message, message_info
from regrow.errors.base import show
from regrow.errors.waiting import BadWait
from regrow.testing.waiting.attempts import check_answer, describe

__all__ = ("Pattern",)


@final
class Pattern:
    """Tells whether a message is the one that is asked for.

    Attributes:
        text: What it asks for, for people.
        error: What the user's part of it raised at last, at a message that then didn't match.
    """

    def __init__(self, wanted: object) -> None:
        self.error: Exception | None = None
        self.text: str
        self._matches: Callable[[object], object]
        if isinstance(wanted, HandlerProperty):
            self.text = f"any {wanted.__qualname__}"
            self._matches = lambda message: _is_of(message, wanted)
        elif _are_types(wanted):
            kinds = wanted if isinstance(wanted, tuple) else (wanted,)
            self.text = f"any {' or '.join(kind.__qualname__ for kind in kinds)}"
            self._matches = lambda message: isinstance(message, kinds)
        elif isinstance(wanted, Message):
            self.text = show(wanted)
            self._matches = lambda message: _same(message, wanted)
        elif callable(wanted):
            self.text = f"what matches {describe(wanted)}"
            self._matches = wanted
        else:
            self.text = show(wanted)
            self._matches = lambda message: message == wanted

    def matches(self, message: object) -> bool:
        """Whether `message` is one. What raises at it isn't made for it, so it is none."""
        try:
            answer = self._matches(message)
            check_answer(answer)
            return bool(answer)
        except BadWait:
            raise
        except Exception as error:  # noqa: BLE001  # a predicate for one kind of message sees all kinds
            self.error = error
            return False


def _are_types(wanted: object) -> TypeGuard[type | tuple[type, ...]]:
    if isinstance(wanted, tuple):
        parts = cast("tuple[object, ...]", wanted)
        return bool(parts) and all(isinstance(part, type) for part in parts)
    return isinstance(wanted, type)


def _is_of(message: object, handler: HandlerProperty) -> bool:
    if not isinstance(message, Message):
        return False
    info = message_info(message)
    return info.handler == handler.handler.name and _related(info.server, handler.handler.server)


def _same(message: object, wanted: Message) -> bool:
    """Equal, also if one was made on the base class of the other's."""
    if not isinstance(message, Message):
        return False
    one, other = message_info(message), message_info(wanted)
    same = (one.handler, one.arguments) == (other.handler, other.arguments)
    return same and _related(one.server, other.server)


def _related(one: type, other: type) -> bool:
    return issubclass(one, other) or issubclass(other, one)
