"""A circuit breaker as a pure state machine: time is handed in, nothing is waited for.

closed -> open: a call fails or is slow, and by then the window holds `minimum_calls` and its share of
failed or of slow calls has reached the rate. open -> half-open: a call is asked for after
`open_seconds`. half-open -> closed: `success_threshold` probes succeeded; -> open: one failed.
The pattern is Michael Nygard's (*Release It!*, 2007).

Every call gets a permit, a number that says in which state it began. What a call tells that began
before the last change of state is passed over: it says nothing about the present.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Literal, TypeAlias, final

from regrow.errors import CircuitOpen
from regrow.resilience.settings import BreakerSettings
from regrow.resilience.window import Counts, Window

__all__ = ("CLOSED", "HALF_OPEN", "OPEN", "Breaker", "Cause", "Listener")

CLOSED: Final = "closed"
OPEN: Final = "open"
HALF_OPEN: Final = "half_open"

Cause: TypeAlias = Literal[
    "failures", "slow_calls", "probe", "forced", "due", "probes", "reset", "place", "counted"
]
"""Why a listener is told: the first four opened it, `due` half-opened it, the next two closed it.
`place`: it is in the same state, and `retry_at` may have come nearer. `counted`: it is closed, and a call
failed or was slow."""


@final
class Breaker:
    """The breaker itself. Not thread-safe; all times are seconds of one clock.

    The fast path of a caller, in which a closed breaker costs one attribute and one method::

        permit = breaker.permit or breaker.acquire(now)
        if not permit:
            raise breaker.refusal(name, now)
        ...
        breaker.record(permit, now, ok, seconds)

    Every permit is given back, by `record` or `release`; a probe's that never is, is void after
    `open_seconds`.

    Args:
        settings: when it opens and closes.
        now: the time.
        listener: is told of changes.
    """

    __slots__ = (
        "__weakref__",
        "_listener",
        "_probes",
        "_serial",
        "_slow",
        "_successes",
        "_window",
        "cause",
        "counts",
        "forced",
        "permit",
        "refused",
        "settings",
        "since",
        "state",
    )

    def __init__(self, settings: BreakerSettings, now: float, listener: Listener | None = None) -> None:
        self.settings: BreakerSettings = settings
        self.state: str = CLOSED
        """`CLOSED`, `OPEN` or `HALF_OPEN`."""
        self.since: float = now
        """When it came into its state."""
        self.forced: bool = False
        """Whether it was opened by hand."""
        self.cause: Cause = "reset"
        """Why it came into its state."""
        self.counts: Counts = Counts(0, 0, 0)
        """What the window held when it opened last."""
        self.refused: int = 0
        """Calls that it let not through, ever."""
        self.permit: int = 1
        """What calls get while it is closed, else 0."""
        self._serial: int = 1
        self._listener = listener
        self._slow: float = _slow_of(settings)
        self._window = Window(settings.window_seconds, now)
        self._probes: dict[int, float] = {}
        self._successes: int = 0

    # -- calls ---------------------------------------------------------------------------------

    def acquire(self, now: float) -> int:
        """A permit for a call that begins now, 0 if it may not."""
        if self.permit:
            return self.permit
        if self.state == OPEN and now >= self.retry_at:
            self._change(HALF_OPEN, "due", now)
        if self.state == HALF_OPEN:
            self._forget_lost(now)
            if len(self._probes) < self.settings.probes:
                self._probes[permit := self._next()] = now
                return permit
        self.refused += 1
        return 0

    def record(self, permit: int, now: float, ok: bool, seconds: float) -> None:  # noqa: FBT001  # for speed
        """A call has ended, well or not, after so many seconds."""
        window = self._window
        if ok and seconds < self._slow and now < window.until and permit == self.permit:
            window.calls += 1  # a good call opens nothing
        else:
            self._record(permit, now, ok=ok, slow=seconds >= self._slow)

    def record_good(self, permit: int, now: float, calls: int) -> None:
        """So many calls have ended well, none of them slow."""
        window = self._window
        if now < window.until and permit == self.permit:
            window.calls += calls
        else:
            for _ in range(calls):
                self._record(permit, now, ok=True, slow=False)

    def release(self, permit: int, now: float) -> None:
        """A call was cancelled, or came to nothing that would tell about the callee."""
        if self._probes.pop(permit, None) is not None:
            self._tell("place", now)

    def _record(self, permit: int, now: float, *, ok: bool, slow: bool) -> None:
        if permit in self._probes:
            del self._probes[permit]
            self._probed(now, ok=ok and not slow)
        elif permit and permit == self.permit:
            self._window.count(now, failed=not ok, slow=slow)
            if slow or not ok:
                self._judge(now)

    def _judge(self, now: float) -> None:
        settings = self.settings
        calls, failed, slow = self._window.counts(now)
        if calls < settings.minimum_calls:
            self._tell("counted", now)
        elif failed / calls >= settings.failure_rate:
            self._open("failures", now)
        elif slow / calls >= settings.slow_rate:
            self._open("slow_calls", now)
        else:
            self._tell("counted", now)

    def _probed(self, now: float, *, ok: bool) -> None:
        if not ok:
            self._open("probe", now)
            return
        self._successes += 1
        if self._successes >= self.settings.success_threshold:
            self._close("probes", now)
        else:
            self._tell("place", now)

    def _forget_lost(self, now: float) -> None:
        # As `retry_at` reckons: by the other side of the sum it may not be time yet when that says it is.
        after = self.settings.open_seconds
        lost = [permit for permit, begun in self._probes.items() if now >= begun + after]
        for permit in lost:
            del self._probes[permit]

    # -- state ---------------------------------------------------------------------------------

    @property
    def retry_at(self) -> float:
        """From when on `acquire` may give a permit; infinite if only `reset` can change that."""
        if self.state == CLOSED:
            return self.since
        if self.forced:
            return math.inf
        if self.state == OPEN:
            return self.since + self.settings.open_seconds
        if len(self._probes) < self.settings.probes:
            return self.since
        return min(self._probes.values()) + self.settings.open_seconds

    def window(self, now: float) -> Counts:
        """What the window holds."""
        return self._window.counts(now)

    def is_fresh(self, now: float) -> bool:
        """Whether it knows nothing that a new one wouldn't."""
        return self.state == CLOSED and not self._window.counts(now).calls

    def refusal(self, name: str, now: float) -> CircuitOpen:
        """The error for a call that got no permit."""
        retry_in = None if self.forced else 0.0
        if self.state == OPEN and not self.forced:
            retry_in = max(self.retry_at - now, 0.0)
        return CircuitOpen(name, since=max(now - self.since, 0.0), retry_in=retry_in, why=self._why())

    def _why(self) -> str:
        calls, failed, slow = self.counts
        match self.cause:
            case "failures":
                return f"open ({failed} of {calls} calls failed)"
            case "slow_calls":
                return f"open ({slow} of {calls} calls took {self._slow:g} s or longer)"
            case "probe":
                return "open (a probe failed)"
            case "forced":
                return "held open by force_open()"
            case _:
                return "half-open"

    def configure(self, settings: BreakerSettings, now: float) -> None:
        """Go on with other settings; what was counted is kept."""
        if settings.window_seconds != self.settings.window_seconds:
            self._window = self._window.resized(settings.window_seconds, now)
        self.settings = settings
        self._slow = _slow_of(settings)
        if self.state != CLOSED:
            self._tell("place", now)  # it may be due earlier, or take more probes

    def force_open(self, now: float) -> None:
        """Let nothing through until `reset`."""
        self.forced = True
        self._open("forced", now)

    def reset(self, now: float) -> None:
        """Close, and forget what was counted."""
        self._close("reset", now)

    def _open(self, cause: Cause, now: float) -> None:
        self.counts = self._window.counts(now)
        self._change(OPEN, cause, now)

    def _close(self, cause: Cause, now: float) -> None:
        self.forced = False
        self._window = Window(self.settings.window_seconds, now)
        self._change(CLOSED, cause, now)

    def _change(self, state: str, cause: Cause, now: float) -> None:
        self.state = state
        self.cause = cause
        self.since = now
        self.permit = self._next() if state == CLOSED else 0
        self._probes.clear()
        self._successes = 0
        self._tell(cause, now)

    def _next(self) -> int:
        self._serial += 1
        return self._serial

    def _tell(self, cause: Cause, now: float) -> None:
        if self._listener is not None:
            self._listener(self, cause, now)


Listener: TypeAlias = Callable[[Breaker, Cause, float], object]
"""Is told that more calls may pass than before, or fewer: the breaker, why, and the time."""


def _slow_of(settings: BreakerSettings) -> float:
    return math.inf if settings.slow_seconds is None else settings.slow_seconds
