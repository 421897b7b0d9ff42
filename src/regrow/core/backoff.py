"""How long to wait before a restart: exponential, capped, with jitter."""

from __future__ import annotations

from typing import Protocol, final

import msgspec

from regrow.core.options import DAY, is_seconds
from regrow.errors.specs import BadBackoff

__all__ = ("Backoff", "RandomSource", "check_backoff", "exponential")


class RandomSource(Protocol):
    """As much of `random.Random` as a back-off needs."""

    def random(self) -> float:
        """A float in [0, 1)."""
        ...


@final
class Backoff(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Waits `base`, `base * factor`, `base * factor**2`, ... seconds, never more than `cap`.

    Args:
        base: Wait before the first restart in the window, in seconds. Default 0.1.
        cap: The longest wait, in seconds. Default 30.0.
        factor: How much longer each wait is than the one before, 1 or more. Default 2.0.
        jitter: Which share of a wait is random, from 0 (none) to 1 (full jitter). Default 0.5.

    Raises:
        BadBackoff: If one of them is out of its range.
    """

    base: float = 0.1
    cap: float = 30.0
    factor: float = 2.0
    jitter: float = 0.5

    def __post_init__(self) -> None:
        if not is_seconds(self.base):
            raise BadBackoff("base", self.base, "seconds above 0 and at most a day")
        if not is_seconds(self.cap) or self.cap < self.base:
            raise BadBackoff("cap", self.cap, "seconds from base up to a day")
        if type(self.factor) not in (float, int) or not 1.0 <= self.factor <= DAY:
            raise BadBackoff("factor", self.factor, "a finite number, 1 or more")
        if type(self.jitter) not in (float, int) or not 0.0 <= self.jitter <= 1.0:
            raise BadBackoff("jitter", self.jitter, "a number from 0 to 1")

    def delay(self, attempt: int, random: RandomSource) -> float:
        """Seconds to wait before restart `attempt` (1 is the first), with jitter from `random`."""
        wait = exponential(self.base, self.cap, self.factor, attempt)
        return wait * (1.0 - self.jitter * random.random()) if self.jitter else wait


def exponential(base: float, cap: float, factor: float, attempt: int) -> float:
    """`base * factor**(attempt - 1)`, never more than `cap`; attempt 1 is the first."""
    try:
        return min(cap, base * factor ** max(0, attempt - 1))
    except OverflowError:
        return cap


def check_backoff(value: object) -> None:
    """Raise BadBackoff unless `value` is None or a Backoff."""
    if value is not None and not isinstance(value, Backoff):
        raise BadBackoff("backoff", value, "None or a Backoff")
