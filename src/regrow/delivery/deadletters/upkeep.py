"""What dead letters do by themselves: automatic retries, retention, overflow."""

from __future__ import annotations

import asyncio
from typing import Final, final

from regrow.delivery.deadletters.changes import revived
from regrow.delivery.deadletters.events import (
    AutoRetriesExhausted,
    DeadLettersExpired,
    DeadLettersRedriven,
    HousekeepingFailed,
)
from regrow.delivery.deadletters.queue import BATCH, DeadLetterQueue
from regrow.delivery.deadletters.redrives import Redrives
from regrow.delivery.journal.operations import Annotate, Operation, Purge, Revive
from regrow.delivery.journal.rows import DeadLetter, Filter, Live
from regrow.delivery.journal.store import Reader
from regrow.errors.journal import JournalError

__all__ = ("Upkeep",)

FOREVER_US: Final = 2**63 - 1
LONGEST_WAIT: Final = 3_600.0
"""Seconds: a wall clock that is set back or forward is noticed within them."""
TROUBLE_WAIT: Final = 30.0


@final
class Upkeep:
    """Tries again what is due and deletes what retention says; sleeps until the earliest of it."""

    __slots__ = ("_queue", "_redrives", "_woken")

    def __init__(self, queue: DeadLetterQueue, redrives: Redrives) -> None:
        self._queue = queue
        self._redrives = redrives
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Go on for ever: the body of its process."""
        self._queue.wake = self._woken.set
        await self._redrives.take_up()
        while True:
            self._woken.clear()
            wait = await self._turn()
            try:
                async with asyncio.timeout(wait):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def _turn(self) -> float:
        """Do what is due. Returns how long there is nothing to do."""
        queue = self._queue
        try:
            while await self._retry() | await self._expire() | await self._drop_oldest():
                pass
            next_us = await queue.journal.read(next_due)
        except JournalError as error:
            # A full disk, for example: dead letters stay where they are until it is mended.
            queue.emit(HousekeepingFailed(at=queue.time(), error=str(error), delay=TROUBLE_WAIT))
            return TROUBLE_WAIT
        if next_us is None:
            return LONGEST_WAIT
        return min(LONGEST_WAIT, max(0.001, (next_us - queue.journal.now_us()) / 1_000_000))

    async def _retry(self) -> bool:
        """Make live what is due, and give up on what was tried often enough. Whether there was any."""
        queue = self._queue
        async with queue.changes.alone():
            now_us = queue.journal.now_us()
            due = await queue.journal.read(lambda reader: reader.dead_due(now_us, BATCH))
            if not due:
                return False
            ops: list[Operation] = []
            lives: list[Live] = []
            exhausted: list[int] = []
            for letter in due:
                if self._may_retry(letter):
                    revive = Revive(letter.live.id, now_us, auto=True)
                    ops.append(revive)
                    lives.append(revived(letter, revive))
                else:
                    ops.append(Annotate(letter.live.id, retry_us=None))
                    exhausted.append(letter.live.id)
            await queue.changes.commit(ops, lives)
        if lives:
            ids = tuple(live.id for live in lives)
            queue.emit(DeadLettersRedriven(at=queue.time(), ids=ids, auto=True, actor=None, job=None))
        if exhausted:
            retries = queue.policy.retries
            queue.emit(AutoRetriesExhausted(at=queue.time(), ids=tuple(exhausted), retries=retries))
        return True

    def _may_retry(self, letter: DeadLetter) -> bool:
        return bool(letter.live.dest) and letter.auto_retries < self._queue.policy.retries

    async def _expire(self) -> bool:
        queue = self._queue
        async with queue.changes.alone():
            now_us = queue.journal.now_us()
            ids = await queue.journal.read(lambda reader: reader.dead_expired(now_us, BATCH))
            return await self._delete(ids, "age")

    async def _drop_oldest(self) -> bool:
        queue = self._queue
        excess = queue.depth - queue.policy.max_count
        if queue.policy.overflow != "drop_oldest" or excess <= 0:
            return False
        async with queue.changes.alone():
            page = await queue.page(Filter(), None, min(BATCH, excess))
            return await self._delete([letter.live.id for letter in page], "overflow")

    async def _delete(self, ids: list[int], cause: str) -> bool:
        if not ids:
            return False
        queue = self._queue
        record = queue.audit("retention", "expire", f"{len(ids)} dead letters", cause)
        await queue.changes.commit([*(Purge(id) for id in ids), record])
        queue.emit(DeadLettersExpired(at=queue.time(), ids=tuple(ids), cause=cause))
        return True


def next_due(reader: Reader) -> int | None:
    """When the next retry or deletion is due."""
    retry_us = reader.next_retry_us()
    expired = reader.dead_expired(FOREVER_US, 1)
    letter = reader.dead_one(expired[0]) if expired else None
    expires_us = None if letter is None else letter.burial.expires_us
    return min((us for us in (retry_us, expires_us) if us is not None), default=None)
