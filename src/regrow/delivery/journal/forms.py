"""What durable sends have in common that are alike: worked out once, and not for each of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias, final

import msgspec

if TYPE_CHECKING:
    from regrow.core.messages import Message

__all__ = ("Form", "FormKey", "Forms")

MOST: Final = 1024
"""Forms that are kept."""

FormKey: TypeAlias = tuple[str, type, str | None, int]
"""Recipient, class of the message, sender, and the options' identity."""
Like: TypeAlias = tuple[object, ...]


@final
class Form(msgspec.Struct, frozen=True, eq=False):
    """What is the same for sends from one sender to one recipient, of one class, with the same options.

    Attributes:
        options: Those, of whoever sends.
        like: One object for all forms whose rows are alike, as `operations.Accept` has it; None with a key or
            metadata.
        repeatable, encode: As `envelope.Known` has them.
        dest, kind, type, max_attempts, max_crashes, discard, key, headers: As `rows.Live` has them.
    """

    options: object
    like: Like | None
    repeatable: bool
    encode: Callable[[Message], tuple[bytes, bool]]
    dest: str
    kind: int
    type: str
    max_attempts: int
    max_crashes: int
    discard: bool
    key: str | None
    headers: bytes | None


@final
class Forms:
    """Those that are kept for the next send."""

    __slots__ = ("_likes", "kept")

    def __init__(self) -> None:
        self.kept: dict[FormKey, Form] = {}
        self._likes: dict[Like, Like] = {}

    def like(self, common: Like) -> Like:
        """What is equal to `common`, and the same object each time."""
        return self._likes.setdefault(common, common)

    def keep(self, key: FormKey, form: Form) -> None:
        """Have it for the next send; those of names that come and go are forgotten with all others."""
        if len(self.kept) >= MOST:
            self.kept.clear()
            self._likes.clear()
        self.kept[key] = form
