"""The restart budget of a supervisor: how many attempts in how many seconds."""

from __future__ import annotations

from collections import deque
from typing import final

from typing_extensions import override

from regrow.core.options import check_max_restarts, check_max_seconds

__all__ = ("RestartBudget",)


@final
class RestartBudget:
    """Counts restart attempts over a sliding window; time is passed in, in seconds.

    Every attempt counts one, also a retried one that failed, and one for a whole group. The budget
    is exceeded at attempt ``max_restarts + 1`` within ``max_seconds``. As in OTP an attempt that is
    exactly ``max_seconds`` old still counts; unlike OTP, whose clock ticks in whole seconds here,
    the edge is exact in float seconds.

    Args:
        max_restarts: Attempts allowed in the window, 0 or more.
        max_seconds: Length of the window in seconds, above 0.

    Raises:
        BadIntensity: If either is out of its range.
    """

    __slots__ = ("_attempts", "max_restarts", "max_seconds")

    def __init__(self, max_restarts: int, max_seconds: float) -> None:
        check_max_restarts(max_restarts)
        check_max_seconds(max_seconds)
        self.max_restarts: int = max_restarts
        self.max_seconds: float = float(max_seconds)
        # Made at the first attempt: most supervisors never restart anything.
        self._attempts: deque[float] | None = None

    def attempt(self, now: float) -> bool:
        """Count one attempt at `now`; False if that is one too many."""
        attempts = self._attempts
        if attempts is None:
            # One place above the limit is enough: older ones can't change the answer.
            attempts = self._attempts = deque(maxlen=self.max_restarts + 1)
        attempts.append(now)
        while now - attempts[0] > self.max_seconds:
            attempts.popleft()
        return len(attempts) <= self.max_restarts

    def used(self, now: float) -> int:
        """Attempts that still count at `now`, at most ``max_restarts + 1``."""
        return sum(1 for at in self._attempts or () if now - at <= self.max_seconds)

    def left(self, now: float) -> int:
        """Attempts that would still be within the budget at `now`; never below 0."""
        return max(0, self.max_restarts - self.used(now))

    @property
    def oldest(self) -> float | None:
        """When the oldest attempt was that the last `attempt` still counted, if any."""
        return self._attempts[0] if self._attempts else None

    @override
    def __repr__(self) -> str:
        counted = len(self._attempts or ())
        return f"RestartBudget({self.max_restarts} in {self.max_seconds:g} s, {counted} counted)"
