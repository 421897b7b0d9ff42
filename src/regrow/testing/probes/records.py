"""What a probe got, in order, and which of it has been asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias, final

import msgspec

from regrow.core.show import shower
from regrow.runtime.items import Down, Exit
from regrow.testing.probes.patterns import Pattern

__all__ = ("Kind", "Received", "Records")

Kind: TypeAlias = Literal["call", "cast", "info", "down", "exit"]


@final
class Received(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a probe got."""

    kind: Kind
    """How it came. DOWN and EXIT are kinds of their own; every other info is `"info"`."""
    message: object
    """The message; of calls and casts as the server class makes it, `Counter.increment(5)`."""
    at: float
    """The loop's time in seconds."""


@final
class Records:
    """All that one probe got. What has been expected once isn't found again."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self._met: set[int] = set()
        self._show: Callable[[object], str] = shower(None)

    def note(self, kind: Kind, message: object) -> None:
        """The probe handles something."""
        self.received.append(Received(kind=kind, message=message, at=asyncio.get_running_loop().time()))

    def info(self, message: object) -> None:
        """The same of what is neither call nor cast."""
        self.note(
            "down" if isinstance(message, Down) else "exit" if isinstance(message, Exit) else "info", message
        )

    def find(self, patterns: Sequence[Pattern]) -> list[int]:
        """Where the first message that matches each pattern stands, each after the one before it."""
        found: list[int] = []
        places = iter(range(len(self.received)))
        for pattern in patterns:
            place = next((at for at in places if self._is(at, pattern)), None)
            if place is None:
                break
            found.append(place)
        return found

    def take(self, places: Sequence[int]) -> list[object]:
        """The messages there; they aren't found any more."""
        self._met.update(places)
        return [self.received[place].message for place in places]

    def texts(self) -> list[str]:
        """All that came, for people."""
        return [self.text(place) for place in range(len(self.received))]

    def text(self, place: int) -> str:
        """What came as the so many-th."""
        one = self.received[place]
        met = " (expected before)" if place in self._met else ""
        return f"{one.at:g} s: {one.kind} {self._show(one.message)}{met}"

    def _is(self, place: int, pattern: Pattern) -> bool:
        return place not in self._met and pattern.matches(self.received[place].message)
