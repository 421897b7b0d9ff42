"""What all events are."""

from __future__ import annotations

from typing import ClassVar

import msgspec

__all__ = ("Event",)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all events. `at` is the loop's time in seconds."""

    name: ClassVar[str] = "event"
    at: float
