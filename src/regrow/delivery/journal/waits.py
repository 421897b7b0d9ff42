"""The deadlines of senders that wait: those of one timeout stand in line, with one timer for all of them."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from regrow.delivery.journal.owed import Wait
    from regrow.runtime.timers import Timers

__all__ = ("Waits",)

LINES: Final = 16
"""Timeouts that have a line of their own; a program uses few."""
PURGE_FROM: Final = 1024


@final
class Line:
    """Waits with the same timeout: whoever came first is due first. It stands among the deadlines itself."""

    __slots__ = ("deadline", "live", "purge_at", "waits")

    def __init__(self) -> None:
        self.waits: deque[Wait] = deque()
        self.purge_at: int = PURGE_FROM
        self.deadline: float = 0.0
        """When the first of them may be due."""
        self.live: bool = False
        """Whether it stands among the deadlines."""

    def purge(self) -> None:
        """Forget those that have their answer."""
        self.waits = deque([wait for wait in self.waits if not wait.future.done()])
        self.purge_at = max(PURGE_FROM, 2 * len(self.waits))

    def fire(self) -> float | None:
        """The first may be due."""
        waits, due = self.waits, self.deadline
        while waits and (waits[0].future.done() or waits[0].deadline <= due):
            wait = waits.popleft()
            if not wait.future.done():
                wait.fire()
        if waits:
            self.deadline = waits[0].deadline
            return self.deadline
        self.live = False
        return None


@final
class Waits:
    """All who wait for what one journal owes."""

    __slots__ = ("_lines", "_timers")

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        self._lines: dict[float, Line] = {}

    def add(self, wait: Wait) -> None:
        """Fail `wait` at its deadline, unless it has its answer by then."""
        line = self._lines.get(wait.timeout)
        if line is not None and line.live:
            line.waits.append(wait)
        else:
            self._begin(line, wait)

    def _begin(self, line: Line | None, wait: Wait) -> None:
        """Nobody is in its line, or it has none."""
        if line is None:
            if len(self._lines) >= LINES:
                self._timers.deadline(wait)
                return
            line = self._lines[wait.timeout] = Line()
        line.waits.append(wait)
        line.live = True
        line.deadline = wait.deadline
        self._timers.deadline(line)

    def tidy(self) -> None:
        """Forget those that have their answer, where they have become many."""
        for line in self._lines.values():
            if len(line.waits) > line.purge_at:
                line.purge()
