"""What the handler of a supervised message can know of its delivery, and how deliveries get their ids."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from random import Random
from struct import Struct
from typing import Any, Final, TypeAlias, final

import msgspec

__all__ = ("NO_METADATA", "CurrentDelivery", "HandedOut", "Reconciler", "uuid7")

NO_METADATA: Final[Mapping[str, object]] = {}
_VERSION_7: Final = 0x7000
_VARIANT: Final = 0x8000_0000_0000_0000
_pack: Final = Struct(">QQ").pack


@final
class CurrentDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """The delivery that is being handled: what `rg.current_delivery()` gives.

    Attributes:
        id: The message's own id (hex of a UUIDv7): the same over retries, restarts and redrives.
        idempotency_key: What to tell apart repetitions by; the id unless the sender gave one. Pass it to
            whatever outside has to happen once.
        attempt: 1 for the first.
        redrives: How often it has been a dead letter.
        metadata: What the sender gave along.
        traceparent: The W3C trace context of the sender's OpenTelemetry span, None if it had none.
    """

    id: str
    idempotency_key: str
    attempt: int = 1
    redrives: int = 0
    metadata: Mapping[str, object] = NO_METADATA
    traceparent: str | None = None


Reconciler: TypeAlias = Callable[[CurrentDelivery, Any], "bool | Awaitable[bool | None] | None"]
"""Says of a message whose handling was cut short: True, it has happened; False, it has not; None, unknown."""


class HandedOut(msgspec.Struct, eq=False):
    """A delivery that wants to know when its handler begins, and tells what it is only when asked."""

    def started(self) -> None:
        """Its handler is about to run."""
        raise NotImplementedError

    def current(self) -> CurrentDelivery:
        """What `rg.current_delivery()` gives in its handler."""
        raise NotImplementedError


def uuid7(us: int, random: Random) -> bytes:
    """A UUIDv7 of this time: 48 bits of milliseconds, 12 of their fraction, 62 random ones.

    Args:
        us: Microseconds since 1970.
        random: Where the random bits come from.
    """
    milliseconds, rest = divmod(us, 1000)
    fraction = rest * 512 // 125  # of 4096
    # Sums, not shifts: the interpreter is quicker at them.
    return _pack(milliseconds * 65_536 + _VERSION_7 + fraction, _VARIANT + random.getrandbits(62))
