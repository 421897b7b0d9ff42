"""Deadlines: until when something has to be done, and who said so."""

from __future__ import annotations

from typing import final

import msgspec
from typing_extensions import override

__all__ = ("Deadline", "earlier")


@final
class Deadline(msgspec.Struct, frozen=True):
    """A moment on the loop's clock, with the one that set it; the clock is passed in.

    Args:
        at: The moment, in seconds of loop time.
        owner: Whose deadline it is, as the error will show it: a Pid, a name, a text.
    """

    at: float
    owner: object

    @classmethod
    def after(cls, seconds: float, *, now: float, owner: object) -> Deadline:
        """The deadline `seconds` from `now`."""
        return cls(now + seconds, owner)

    def remaining(self, now: float) -> float:
        """Seconds that are left at `now`; 0.0 once it has passed."""
        return max(0.0, self.at - now)

    def expired(self, now: float) -> bool:
        """Whether it has passed: at the very moment it has."""
        return now >= self.at

    @override
    def __str__(self) -> str:
        return f"the deadline of {self.owner}"


def earlier(first: Deadline | None, second: Deadline | None) -> Deadline | None:
    """The one that binds; the first where both are for the same moment, None where there is none."""
    if first is None or second is None:
        return second if first is None else first
    return second if second.at < first.at else first
