"""Changing dead letters: one change at a time, told to the dispatcher, counted."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, Protocol, TypeVar, final

import msgspec

from regrow.delivery.journal.operations import Operation, Revive
from regrow.delivery.journal.rows import DeadLetter, Live
from regrow.delivery.journal.store import Reader
from regrow.errors.journal import JournalNotRunning

__all__ = ("Arrivals", "Changes", "Dispatcher", "JournalHandle", "revived")

T = TypeVar("T")
MINUTE_US: Final = 60_000_000
SECOND_US: Final = 1_000_000


class Dispatcher(Protocol):
    """Hands out live deliveries."""

    def accepted(self, live: Live) -> object:
        """A delivery is owed from now on; its commit is done."""
        ...


class JournalHandle(Protocol):
    """What the dead letters need of a journal; all of it is used on the loop."""

    @property
    def boot(self) -> int:
        """Which start of the journal this is."""
        ...

    @property
    def desk(self) -> Dispatcher:
        """Who hands out what was revived."""
        ...

    def submit(self, ops: Sequence[Operation]) -> asyncio.Future[None]:
        """Commit these operations together; done when they are."""
        ...

    def now_us(self) -> int:
        """Wall-clock time in microseconds."""
        ...

    def next_id(self) -> int:
        """A delivery number that was never used."""
        ...

    async def read(self, fn: Callable[[Reader], T]) -> T:
        """Run `fn` with a reader, off the loop where that may take long."""
        ...


def revived(letter: DeadLetter, op: Revive) -> Live:
    """The delivery that a dead letter becomes when `op` is committed."""
    live = letter.live
    return msgspec.structs.replace(
        live,
        dest=live.dest if op.dest is None else op.dest,
        payload=live.payload if letter.edited is None else letter.edited,
        due_us=op.due_us,
        expires_us=live.expires_us if (live.expires_us or 0) > op.due_us else None,
        attempts=0,
        crashes=0,
        redrives=live.redrives + 1,
    )


@final
class Arrivals:
    """How many came in the last minute, in slots of a second."""

    __slots__ = ("_slots",)

    def __init__(self) -> None:
        self._slots: deque[list[int]] = deque()

    def add(self, now_us: int) -> None:
        """One more came."""
        second = now_us // SECOND_US
        if self._slots and self._slots[-1][0] == second:
            self._slots[-1][1] += 1
        else:
            self._slots.append([second, 1])
            self._forget(now_us)

    def last_minute(self, now_us: int) -> int:
        """How many in the 60 seconds until now."""
        self._forget(now_us)
        return sum(count for _, count in self._slots)

    def _forget(self, now_us: int) -> None:
        oldest = (now_us - MINUTE_US) // SECOND_US
        while self._slots and self._slots[0][0] <= oldest:
            self._slots.popleft()


@final
class Changes:
    """Writes changes to dead letters, one after the other, so that what was read is still so.

    A change whose asker is cancelled is carried through all the same: what was revived is handed out.
    """

    __slots__ = ("_journal", "_lock", "_pending")

    def __init__(self, journal: JournalHandle) -> None:
        self._journal = journal
        self._lock = asyncio.Lock()
        self._pending: asyncio.Future[None] | None = None

    @asynccontextmanager
    async def alone(self) -> AsyncGenerator[None]:
        """Nobody else changes dead letters within the block; all changes before are committed."""
        async with self._lock:
            if self._pending is not None and not self._pending.done():
                await asyncio.wait([self._pending])
            yield

    async def commit(self, ops: Sequence[Operation], revives: Sequence[Live] = ()) -> None:
        """Write `ops`; then `revives`, which they made live, are handed out. Only within `alone`."""
        future = self._journal.submit(ops)
        self._pending = future
        future.add_done_callback(partial(self._committed, tuple(revives)))
        # The future is the journal's: whoever asked may give up, the commit goes on.
        await asyncio.shield(future)

    def _committed(self, revives: Sequence[Live], future: asyncio.Future[None]) -> None:
        if future.cancelled() or future.exception() is not None:
            return
        try:
            accepted = self._journal.desk.accepted
        except JournalNotRunning:
            return  # closed since: its next opening takes them up
        for live in revives:
            accepted(live)
