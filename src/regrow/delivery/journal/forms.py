"""What durable sends have in common that are alike: worked out once, and not for each of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias, final

import msgspec

if TYPE_CHECKING:
    from regrow.core.messages import Message

__all__ = ("Form", "FormKey", "keep")

MOST: Final = 1024
"""Forms that are kept."""

FormKey: TypeAlias = "tuple[str, type[Message], str | None]"
"""Recipient, class of the message, and sender."""


@final
class Form(msgspec.Struct, frozen=True, eq=False):
    """What is the same for sends from one sender to one recipient, of one class, with the same options.

    Attributes:
        options: Those, of whoever sends.
        encode: Writes one of the messages.
        scalars: As `envelope.Known` has it.
        kind, type, max_attempts, max_crashes, discard, key, headers: As `rows.Live` has them.
    """

    options: object
    encode: Callable[[Message], bytes]
    scalars: tuple[type, ...] | None
    kind: int
    type: str
    max_attempts: int
    max_crashes: int
    discard: bool
    key: str | None
    headers: bytes | None


def keep(forms: dict[FormKey, Form], key: FormKey, form: Form) -> None:
    """Have it for the next send; those of names that come and go are forgotten with all others."""
    if len(forms) >= MOST:
        forms.clear()
    forms[key] = form
