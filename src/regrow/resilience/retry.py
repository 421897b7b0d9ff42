"""How long to wait before a message is sent again."""

from __future__ import annotations

from typing import Literal, TypeAlias, final

import msgspec

from regrow.core.backoff import RandomSource, exponential
from regrow.core.options import DAY, is_seconds
from regrow.errors import BadSetting

__all__ = ("ExponentialBackoff",)

Jitter: TypeAlias = Literal["full", "none"]


@final
class ExponentialBackoff(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Waits before retries: up to `base`, `base * factor`, `base * factor**2`, ... seconds, at most `cap`.

    With full jitter a wait is drawn evenly from 0 to that bound, which keeps many senders from coming
    back at the same moment: "Full Jitter" in Marc Brooker, *Exponential Backoff And Jitter*, AWS
    Architecture Blog, 2015, found there to cost the fewest calls.

    Args:
        base: Bound of the first wait, in seconds. Default 0.05.
        cap: The highest bound, in seconds. Default 5.0.
        factor: How much higher each bound is than the one before, 1 or more. Default 2.0.
        jitter: `"full"`, or `"none"` to wait as long as the bound. Default `"full"`.

    Raises:
        BadSetting: If one of them is out of its range.
    """

    base: float = 0.05
    cap: float = 5.0
    factor: float = 2.0
    jitter: Jitter = "full"

    def __post_init__(self) -> None:
        if not is_seconds(self.base):
            raise _bad("base", self.base, "seconds above 0 and at most 86400")
        if not is_seconds(self.cap) or self.cap < self.base:
            raise _bad("cap", self.cap, f"seconds from base, {self.base:g}, up to 86400")
        if type(self.factor) not in (float, int) or not 1.0 <= self.factor <= DAY:
            raise _bad("factor", self.factor, "a number from 1 to 86400")
        if self.jitter not in ("full", "none"):
            raise _bad("jitter", self.jitter, "'full' or 'none'")

    def delay(self, attempt: int, random: RandomSource) -> float:
        """Seconds to wait after attempt `attempt` failed (1 is the first), drawn from `random`."""
        bound = exponential(self.base, self.cap, self.factor, attempt)
        return bound * random.random() if self.jitter == "full" else bound


def _bad(option: str, value: object, allowed: str) -> BadSetting:
    return BadSetting(option, value, allowed, owner="ExponentialBackoff")
