"""The journal's time: microseconds since 1970 that never go back while it is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

__all__ = ("MICROSECONDS", "JournalClock", "micros")

MICROSECONDS: Final = 1_000_000


def micros(seconds: float) -> int:
    """Seconds as whole microseconds."""
    return round(seconds * MICROSECONDS)


@final
class JournalClock:
    """The wall clock at the start of the journal, moved on by the loop's own time.

    A wall clock that is set while the journal is open changes nothing: no retry comes early or late, and
    nothing expires because of it.
    """

    __slots__ = ("_offset", "time")

    def __init__(self, wall: Callable[[], float], time: Callable[[], float]) -> None:
        self.time: Final = time
        """The loop's own, in seconds."""
        self._offset: int = micros(wall() - time())

    def now_us(self) -> int:
        """The time now."""
        return self._offset + micros(self.time())

    def not_before(self, us: int) -> None:
        """Something bears this time: if the wall clock was set back since, go on from there."""
        self._offset += max(0, us - self.now_us())

    def loop_time(self, us: int) -> float:
        """The same moment by the loop's clock, in seconds."""
        return (us - self._offset) / MICROSECONDS

    def at_us(self, loop_time: float) -> int:
        """A moment of the loop's clock as journal time."""
        return self._offset + round(loop_time * MICROSECONDS)
