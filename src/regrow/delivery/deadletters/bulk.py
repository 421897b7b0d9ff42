"""Changes of many dead letters at once: purging, quarantine and its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from regrow.delivery.deadletters.events import (
    DeadLettersPurged,
    DeadLettersQuarantined,
    DeadLettersReleased,
)
from regrow.delivery.deadletters.queue import BATCH, DeadLetterQueue, after_of, check_text
from regrow.delivery.deadletters.where import fingerprint_of, shown
from regrow.delivery.journal.operations import Operation, Purge, QuarantineCause, Regroup
from regrow.delivery.journal.rows import DEAD, QUARANTINED, Cursor, DeadLetter, Filter

__all__ = ("Report", "purge", "quarantine", "release")

Report: TypeAlias = Callable[[int], object]
"""Told how many are done."""


async def purge(
    queue: DeadLetterQueue, where: Filter, actor: str, why: str, report: Report | None = None
) -> int:
    """Delete what there is now. Returns how many; `report` is told from time to time."""
    # What dies from now on isn't meant.
    now_us = queue.journal.now_us()
    until_us = now_us if where.older_us is None else min(where.older_us, now_us)
    chosen = msgspec.structs.replace(where, older_us=until_us)
    count = await change_all(queue, chosen, lambda letter: Purge(letter.live.id), report)
    async with queue.changes.alone():
        detail = f"where {shown(where)}: {why}"
        await queue.changes.commit([queue.audit(actor, "purge", f"{count} dead letters", detail)])
    queue.emit(DeadLettersPurged(at=queue.time(), count=count, actor=actor, why=why))
    return count


async def quarantine(queue: DeadLetterQueue, fingerprint: str | bytes, actor: str, note: str) -> int:
    """Have nothing of this cause tried again. Returns how many dead letters have it."""
    cause = fingerprint_of(fingerprint)
    count = await _regroup(queue, cause, actor, note, on=True)
    queue.emit(DeadLettersQuarantined(at=queue.time(), fingerprint=cause.hex(), count=count, actor=actor))
    return count


async def release(queue: DeadLetterQueue, fingerprint: str | bytes, actor: str, note: str) -> int:
    """End it. Returns how many dead letters are free again."""
    cause = fingerprint_of(fingerprint)
    count = await _regroup(queue, cause, actor, note, on=False)
    queue.emit(DeadLettersReleased(at=queue.time(), fingerprint=cause.hex(), count=count, actor=actor))
    return count


async def change_all(
    queue: DeadLetterQueue,
    where: Filter,
    change: Callable[[DeadLetter], Operation],
    report: Report | None = None,
) -> int:
    """Change all of these, a batch at a time; others get their turn in between. Returns how many."""
    count = 0
    after: Cursor | None = None
    while True:
        async with queue.changes.alone():
            page = await queue.page(where, after, BATCH)
            if not page:
                return count
            after = after_of(page[-1])
            await queue.changes.commit([change(letter) for letter in page])
            count += len(page)
        if report is not None:
            report(count)


async def _regroup(queue: DeadLetterQueue, cause: bytes, actor: str, note: str, *, on: bool) -> int:
    check_text("actor", actor)
    check_text("note", note, empty=True)
    record = queue.audit(actor, "quarantine" if on else "release", cause.hex(), note or None)
    async with queue.changes.alone():
        # First, so that what comes while the others are moved goes to the right side.
        await queue.changes.commit([QuarantineCause(cause, on, queue.journal.now_us(), actor), record])
    before, after = (DEAD, QUARANTINED) if on else (QUARANTINED, DEAD)
    count = await change_all(
        queue, Filter(fingerprint=cause, status=before), lambda letter: Regroup(letter.live.id, after)
    )
    if queue.wake is not None:
        queue.wake()
    return count
