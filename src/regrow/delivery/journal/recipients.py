"""The queue of one recipient, and its lanes."""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from typing import TYPE_CHECKING, final

from regrow.delivery.journal.owed import WAITING, Owed

if TYPE_CHECKING:
    from regrow.runtime.timers import Timer

__all__ = ("Recipient",)


@final
class Recipient:
    """What is owed to one name: ready in order, and how much of it is in its mailbox.

    Deliveries with an ordering key form a lane: only the first of a lane is ever ready, put off or handed
    out, and the next one follows when that one has ended for good.
    """

    __slots__ = ("dirty", "in_line", "lanes", "name", "out", "owed", "ready", "wake")

    def __init__(self, name: str) -> None:
        self.name: str = name
        self.ready: list[tuple[int, Owed]] = []
        self.owed: int = 0
        """How many are owed to it, wherever they are."""
        self.out: int = 0
        """How many are in its mailbox or being handled."""
        self.in_line: Owed | None = None
        """The one that waits for a place in its mailbox; nothing is handed out past it."""
        self.lanes: dict[str, deque[Owed]] = {}
        self.dirty: bool = False
        """Whether the desk is about to look at it."""
        self.wake: Timer | None = None
        """When the desk looks again by itself."""

    def push(self, owed: Owed) -> None:
        """It may be handed out from now on, at its place."""
        heappush(self.ready, (owed.place, owed))

    def first(self) -> Owed | None:
        """The next one to be handed out; what ended while it stood here is gone."""
        ready = self.ready
        while ready:
            owed = ready[0][1]
            if owed.state == WAITING:
                return owed
            heappop(ready)
        return None

    def pop(self) -> None:
        """The first one is handed out."""
        heappop(self.ready)

    def enter(self, owed: Owed) -> bool:
        """Join its lane. True if it is the first of it."""
        assert owed.live.lane is not None
        line = self.lanes.setdefault(owed.live.lane, deque())
        line.append(owed)
        return len(line) == 1

    def replace(self, old: Owed, new: Owed) -> None:
        """The same delivery, with another hand-out."""
        line = self.lanes.get(old.live.lane) if old.live.lane is not None else None
        if line and line[0] is old:
            line[0] = new

    def leave(self, owed: Owed) -> Owed | None:
        """It has ended for good. Returns who is first now, if that has changed."""
        lane = owed.live.lane
        line = self.lanes.get(lane) if lane is not None else None
        if lane is None or line is None:
            return None
        was_first = line[0] is owed
        if was_first:
            line.popleft()
        else:
            line.remove(owed)
        if not line:
            del self.lanes[lane]
            return None
        return line[0] if was_first else None
