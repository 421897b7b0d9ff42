"""What a journal does when it is opened: blame crashes, expire what is over, take up what is owed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, final

import msgspec
from msgspec.structs import replace

from regrow.delivery.journal.causes import Cause
from regrow.delivery.journal.operations import Bury, Discard, Operation, Retry
from regrow.delivery.journal.rows import Attempt, Burial, Filter, Live, Reason

if TYPE_CHECKING:
    from regrow.delivery.journal.slots import Named
    from regrow.delivery.journal.store import Reader

__all__ = ("Findings", "inspect")

PAGE: Final = 5_000
KILLED: Final = Cause(
    error="the whole program ended while it was handled: kill -9, out of memory, or a crash"
)
OVERDUE: Final = Cause(error="its expires_in was over before it was handled")


@final
class Findings(msgspec.Struct):
    """What is owed at the start, and what has to be written before anything else.

    Attributes:
        lives: What is to be handed out, by number; as it will be after the operations.
        unknown: Numbers of those among them that aren't repeatable and had begun.
        newest_us: The latest time that a row bears.
    """

    lives: list[Live]
    operations: list[Operation]
    unknown: set[int]
    newest_us: int = 0


def inspect(
    reader: Reader,
    named: dict[int, Named],
    *,
    boot: int,
    now_us: Callable[[int], int],
    bury: Callable[[Live, Reason, Cause], Burial],
) -> Findings:
    """Read what is live and judge it. Runs on a thread if the store blocks.

    Args:
        reader: Of the store.
        named: What the slots name: it was being handled when the program ended.
        boot: This start; the crash happened in the one before.
        now_us: The time, not before the one given.
        bury: Makes a burial.
    """
    found = Findings([], [], set())
    rows: list[Live] = []
    for page in _pages(reader):
        rows.extend(page)
    times = [live.created_us for live in rows]
    times.extend(group.last_us for group in reader.groups(Filter()))
    found.newest_us = max(times, default=0)
    now = now_us(found.newest_us)
    if not named and not any(live.expires_us is not None for live in rows):
        found.lives = rows
        return found
    judge = _Judge(found, boot - 1, now, bury)
    for live in rows:
        judge.look(live, named.get(live.id))
    return found


def _pages(reader: Reader) -> Iterator[list[Live]]:
    after = 0
    while page := reader.live(after=after, limit=PAGE):
        yield page
        after = page[-1].id


@final
class _Judge:
    """Says of each row what is to become of it."""

    __slots__ = ("_boot", "_bury", "_found", "_now")

    def __init__(
        self, found: Findings, boot: int, now: int, bury: Callable[[Live, Reason, Cause], Burial]
    ) -> None:
        self._found = found
        self._boot = boot
        self._now = now
        self._bury = bury

    def look(self, live: Live, slot: Named | None) -> None:
        """One row, and the slot that names it."""
        # A crash that was counted before the program ended again is not counted twice.
        if slot is not None and slot.crashes == live.crashes:
            self._blame(live, slot)
        elif live.expires_us is not None and live.expires_us <= self._now:
            self._give_up(live, "expired", OVERDUE, None)
        else:
            self._keep(live, slot)

    def _keep(self, live: Live, slot: Named | None) -> None:
        self._found.lives.append(live)
        if slot is not None and not slot.repeatable:
            self._found.unknown.add(live.id)

    def _blame(self, live: Live, slot: Named) -> None:
        now = self._now
        live = replace(live, crashes=live.crashes + 1, due_us=now)
        attempt = Attempt(boot=self._boot, started_us=now, ended_us=now, outcome="crash", error=KILLED.error)
        if slot.repeatable and live.crashes >= live.max_crashes:
            self._give_up(live, "crash_loop", KILLED, attempt)
            return
        self._found.operations.append(Retry(live.id, now, live.attempts, live.crashes, attempt))
        self._keep(live, slot)

    def _give_up(self, live: Live, reason: Reason, cause: Cause, attempt: Attempt | None) -> None:
        if live.discard:
            self._found.operations.append(Discard(live.id))
        else:
            burial = self._bury(live, reason, cause)
            self._found.operations.append(Bury(live.id, live.attempts, live.crashes, burial, attempt))
