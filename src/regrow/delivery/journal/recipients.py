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

    __slots__ = ("_late", "_ready", "dirty", "in_line", "lanes", "name", "out", "owed", "wake")

    def __init__(self, name: str) -> None:
        self.name: str = name
        self._ready: deque[Owed] = deque()
        self._late: list[tuple[int, Owed]] = []
        # Those that come behind others of a later place: a heap, for the few that were put off.
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

    @property
    def ready(self) -> int:
        """How many may be handed out, those that ended meanwhile among them."""
        return len(self._ready) + len(self._late)

    def push(self, owed: Owed) -> None:
        """It may be handed out from now on, at its place."""
        ready = self._ready
        if not ready or ready[-1].place < owed.place:
            ready.append(owed)
        else:
            heappush(self._late, (owed.place, owed))

    def first(self) -> Owed | None:
        """The next one to be handed out; what ended while it stood here is gone."""
        ready, late = self._ready, self._late
        while ready and ready[0].state != WAITING:
            ready.popleft()
        while late and late[0][1].state != WAITING:
            heappop(late)
        if late and (not ready or late[0][0] < ready[0].place):
            return late[0][1]
        return ready[0] if ready else None

    def pop(self) -> None:
        """What `first` said is handed out."""
        ready, late = self._ready, self._late
        if late and (not ready or late[0][0] < ready[0].place):
            heappop(late)
        else:
            ready.popleft()

    def push_all(self, batch: list[Owed]) -> None:
        """The same for many, each with a later place than the one before."""
        ready = self._ready
        if not ready or ready[-1].place < batch[0].place:
            ready.extend(batch)
        else:
            for owed in batch:
                self.push(owed)

    def in_order(self) -> deque[Owed] | None:
        """All that is ready, to be taken from the left; None if some are to come between."""
        return None if self._late else self._ready

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
