"""Counts of calls over the last seconds, in ten buckets of time."""

from __future__ import annotations

from typing import Final, NamedTuple, final

__all__ = ("BUCKETS", "Counts", "Window")

BUCKETS: Final = 10


class Counts(NamedTuple):
    """Calls of the window; one that failed slowly is among the failed and among the slow."""

    calls: int
    failed: int
    slow: int


_NONE: Final = Counts(0, 0, 0)


@final
class Window:
    """A sliding window: what is older than its seconds is forgotten, a tenth of them at a time.

    The bucket of now is the object itself, so that a caller who knows that `now < until` counts a
    call by `window.calls += 1`. The others are kept only if they counted anything.
    """

    __slots__ = ("_bucket", "_past", "_sums", "_width", "calls", "failed", "slow", "until")

    def __init__(self, seconds: float, now: float) -> None:
        self._width = seconds / BUCKETS
        self._past: list[tuple[int, Counts]] = []
        self._sums = _NONE
        self._begin(int(now // self._width))

    def _begin(self, bucket: int) -> None:
        self._bucket = bucket
        self.until: float = (bucket + 1) * self._width
        """From when on another bucket counts."""
        self.calls: int = 0
        self.failed: int = 0
        self.slow: int = 0

    def count(self, now: float, *, failed: bool, slow: bool) -> None:
        """One more call has ended."""
        self._advance(now)
        self.calls += 1
        self.failed += failed
        self.slow += slow

    def counts(self, now: float) -> Counts:
        """What has ended within the window."""
        self._advance(now)
        past = self._sums
        return Counts(self.calls + past.calls, self.failed + past.failed, self.slow + past.slow)

    @property
    def kept(self) -> int:
        """How many buckets of the past it remembers."""
        return len(self._past)

    def _advance(self, now: float) -> None:
        bucket = int(now // self._width)
        if bucket <= self._bucket:  # a clock that went back counts into the latest
            return
        if self.calls:
            self._past.append((self._bucket, Counts(self.calls, self.failed, self.slow)))
        self._begin(bucket)
        self._forget()

    def _forget(self) -> None:
        past = self._past
        while past and past[0][0] <= self._bucket - BUCKETS:
            del past[0]
        self._sums = Counts(*map(sum, zip(*(counts for _, counts in past), strict=True))) if past else _NONE

    def resized(self, seconds: float, now: float) -> Window:
        """A window of other seconds with the same counts, each bucket where its middle lies."""
        other = Window(seconds, now)
        current = (self._bucket, Counts(self.calls, self.failed, self.slow))
        for bucket, counts in (*self._past, current):
            other._take(int((bucket + 0.5) * self._width // other._width), counts)
        other._forget()
        return other

    def _take(self, bucket: int, counts: Counts) -> None:
        """Counts of another window, in the order of time."""
        if bucket >= self._bucket:
            self.calls += counts.calls
            self.failed += counts.failed
            self.slow += counts.slow
        elif counts.calls:
            self._past.append((bucket, counts))
