"""When a circuit breaker opens and closes."""

from __future__ import annotations

from typing import Final, cast, final

import msgspec

from regrow.core.options import is_seconds
from regrow.errors import BadSetting

__all__ = ("BreakerSettings",)

SECONDS: Final = ("window_seconds", "open_seconds")
RATES: Final = ("failure_rate", "slow_rate")
COUNTS: Final = ("minimum_calls", "probes", "success_threshold")


@final
class BreakerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When a circuit breaker opens, for how long, and when it closes again.

    Args:
        failure_rate: Share of failed calls in the window that opens it, above 0 up to 1. Default 0.5.
        minimum_calls: Calls in the window below which it doesn't open. Default 10.
        window_seconds: How long a call counts, to a tenth of it. Default 30.0 s.
        slow_seconds: A call that took that long or longer is slow; a slow probe counts as failed.
            Default None: none is.
        slow_rate: Share of slow calls in the window that opens it, above 0 up to 1. Default 0.5.
        open_seconds: How long it refuses everything before it lets probes through. Default 5.0 s.
        probes: How many calls are under way at a time while it is half-open. Default 1.
        success_threshold: Probes that have to succeed before it closes. Default 3.
        failures: Exceptions that count as failures. Default None: every `Exception` of a guarded
            function; of a supervised send, all but the recipient's declared exceptions, which count
            only if they are named here.

    Raises:
        BadSetting: If one of them is out of its range.
    """

    failure_rate: float = 0.5
    minimum_calls: int = 10
    window_seconds: float = 30.0
    slow_seconds: float | None = None
    slow_rate: float = 0.5
    open_seconds: float = 5.0
    probes: int = 1
    success_threshold: int = 3
    failures: tuple[type[Exception], ...] | None = None

    def __post_init__(self) -> None:
        for option in RATES:
            rate: object = getattr(self, option)
            if type(rate) not in (float, int) or not 0.0 < cast(float, rate) <= 1.0:
                raise _bad(option, rate, "a number above 0 and at most 1")
        for option in COUNTS:
            count: object = getattr(self, option)
            if type(count) is not int or count < 1:
                raise _bad(option, count, "a whole number, 1 or more")
        for option in SECONDS:
            seconds: object = getattr(self, option)
            if not is_seconds(seconds):
                raise _bad(option, seconds, "seconds above 0 and at most 86400")
        if self.slow_seconds is not None and not is_seconds(self.slow_seconds):
            raise _bad("slow_seconds", self.slow_seconds, "None, or seconds above 0 and at most 86400")
        if self.failures is not None and not _are_exceptions(self.failures):
            raise _bad("failures", self.failures, "None, or a tuple of subclasses of Exception")


def _are_exceptions(value: object) -> bool:
    if not isinstance(value, tuple):
        return False
    kinds = cast("tuple[object, ...]", value)
    return all(isinstance(kind, type) and issubclass(kind, Exception) for kind in kinds)


def _bad(option: str, value: object, allowed: str) -> BadSetting:
    return BadSetting(option, value, allowed, owner="BreakerSettings")
