"""The rows of a journal that is kept in memory, and a reader of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TypeAlias, final

from regrow.delivery.journal.rows import (
    DEAD,
    Attempt,
    AuditEntry,
    Counts,
    Cursor,
    DeadLetter,
    Filter,
    Group,
    Live,
    Reason,
    RedriveJob,
    SavedState,
    StateEvent,
)

__all__ = ("MemoryReader", "Tables", "cause_of")

Cause: TypeAlias = tuple[str, str, Reason, str | None, bytes, int]


def cause_of(letter: DeadLetter) -> Cause:
    """What dead letters of one group have in common."""
    live, burial = letter.live, letter.burial
    return live.dest, live.type, burial.reason, burial.error_type, burial.fingerprint, burial.status


@final
class Tables:
    """All rows. `lock` is held while they change and while they are read."""

    __slots__ = (
        "accepted",
        "attempts",
        "audit",
        "auto_retries",
        "causes",
        "dead",
        "discarded",
        "done",
        "epochs",
        "events",
        "groups",
        "jobs",
        "last_id",
        "live",
        "lock",
        "originals",
        "processed",
        "states",
    )

    def __init__(self) -> None:
        self.lock: threading.Lock = threading.Lock()
        self.accepted: int = 0
        self.done: int = 0
        self.discarded: int = 0
        self.last_id: int = 0
        self.live: dict[int, Live] = {}
        self.dead: dict[int, DeadLetter] = {}
        self.attempts: dict[int, list[Attempt]] = {}
        self.auto_retries: dict[int, int] = {}
        self.originals: dict[int, bytes] = {}
        self.groups: dict[Cause, int] = {}
        self.causes: set[bytes] = set()
        self.processed: dict[tuple[str, str], int] = {}
        self.epochs: dict[str, int] = {}
        self.states: dict[str, SavedState] = {}
        self.events: dict[str, dict[int, StateEvent]] = {}
        self.jobs: dict[int, RedriveJob] = {}
        self.audit: list[AuditEntry] = []


@final
class MemoryReader:
    """Looks at what is committed in a journal in memory; from any thread."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def live(self, *, after: int = 0, limit: int = 1000) -> list[Live]:
        """Live deliveries by number, from the first after `after`."""
        with self._tables.lock:
            live = self._tables.live
            return [live[id] for id in sorted(id for id in live if id > after)[:limit]]

    def live_one(self, id: int) -> Live | None:
        """One live delivery, None if there is none with this number."""
        with self._tables.lock:
            return self._tables.live.get(id)

    def attempts(self, id: int) -> list[Attempt]:
        """The failed attempts of a delivery, live or dead, oldest first, over all its redrives."""
        with self._tables.lock:
            return list(self._tables.attempts.get(id, ()))

    def dead(self, where: Filter, *, after: Cursor | None = None, limit: int = 100) -> list[DeadLetter]:
        """Dead letters, oldest first."""
        start = (after.dead_us, after.id) if after else None
        found = [
            letter
            for letter in self._matching(where)
            if start is None or (letter.burial.dead_us, letter.live.id) > start
        ]
        return sorted(found, key=lambda letter: (letter.burial.dead_us, letter.live.id))[:limit]

    def dead_one(self, id: int) -> DeadLetter | None:
        """One dead letter, None if there is none with this number."""
        with self._tables.lock:
            return self._tables.dead.get(id)

    def dead_message(self, mid: bytes) -> DeadLetter | None:
        """The dead letter with this message, None if there is none."""
        with self._tables.lock:
            return next((letter for letter in self._tables.dead.values() if letter.live.mid == mid), None)

    def dead_due(self, now_us: int, limit: int) -> list[DeadLetter]:
        """Dead letters whose automatic retry is due (never quarantined ones), earliest first."""
        due = self._timed(lambda letter: letter.burial.retry_us if letter.burial.status == DEAD else None)
        return [letter for at_us, _, letter in due if at_us <= now_us][:limit]

    def next_retry_us(self) -> int | None:
        """When the next automatic retry of a dead letter is due."""
        due = self._timed(lambda letter: letter.burial.retry_us if letter.burial.status == DEAD else None)
        return due[0][0] if due else None

    def dead_expired(self, now_us: int, limit: int) -> list[int]:
        """Numbers of the dead letters whose retention is over, earliest first."""
        ends = self._timed(lambda letter: letter.burial.expires_us)
        return [id for at_us, id, _ in ends if at_us <= now_us][:limit]

    def groups(self, where: Filter) -> list[Group]:
        """Dead letters by cause, the largest group first; `ids` and `key` of the filter are not allowed."""
        times: dict[Cause, list[int]] = {}
        for letter in self._matching(where):
            times.setdefault(cause_of(letter), []).append(letter.burial.dead_us)
        with self._tables.lock:
            found = [_group(self._tables.groups[cause], cause, dead_us) for cause, dead_us in times.items()]
        return sorted(found, key=lambda group: (-group.count, group.id))

    def counts(self) -> Counts:
        """Everything that was accepted, by what became of it."""
        with self._tables.lock:
            return Counts(
                accepted=self._tables.accepted,
                live=len(self._tables.live),
                done=self._tables.done,
                dead=len(self._tables.dead),
                discarded=self._tables.discarded,
            )

    def processed(self, consumer: str, key: str) -> bool:
        """Whether a persistent server has handled this idempotency key."""
        with self._tables.lock:
            return (consumer, key) in self._tables.processed

    def state(self, name: str) -> SavedState | None:
        """The snapshot of a persistent server."""
        with self._tables.lock:
            return self._tables.states.get(name)

    def events(self, name: str, *, after: int) -> list[StateEvent]:
        """Its events after version `after`, in order."""
        with self._tables.lock:
            events = self._tables.events.get(name, {})
            return [events[version] for version in sorted(events) if version > after]

    def jobs(self) -> list[RedriveJob]:
        """All redrive jobs, oldest first."""
        with self._tables.lock:
            return [self._tables.jobs[id] for id in sorted(self._tables.jobs)]

    def audit(self, *, limit: int = 100) -> list[AuditEntry]:
        """What operators did, the last first."""
        with self._tables.lock:
            return self._tables.audit[::-1][:limit]

    def close(self) -> None:
        """Nothing to give back."""

    def _matching(self, where: Filter) -> Iterator[DeadLetter]:
        with self._tables.lock:
            letters = list(self._tables.dead.values())
        return (letter for letter in letters if _matches(letter, where))

    def _timed(self, at: Callable[[DeadLetter], int | None]) -> list[tuple[int, int, DeadLetter]]:
        with self._tables.lock:
            letters = list(self._tables.dead.values())
        timed = [(at_us, letter.live.id, letter) for letter in letters if (at_us := at(letter)) is not None]
        return sorted(timed, key=lambda item: item[:2])


def _matches(letter: DeadLetter, where: Filter) -> bool:
    live, burial = letter.live, letter.burial
    wanted = (
        (where.dest, live.dest),
        (where.type, live.type),
        (where.reason, burial.reason),
        (where.error_type, burial.error_type),
        (where.fingerprint, burial.fingerprint),
        (where.key, live.key),
        (where.status, burial.status),
    )
    return (
        all(want is None or want == found for want, found in wanted)
        and (where.older_us is None or burial.dead_us <= where.older_us)
        and (where.newer_us is None or burial.dead_us >= where.newer_us)
        and (where.ids is None or live.id in where.ids)
    )


def _group(id: int, cause: Cause, dead_us: list[int]) -> Group:
    dest, kind, reason, error_type, fingerprint, status = cause
    return Group(
        id=id,
        dest=dest,
        type=kind,
        reason=reason,
        error_type=error_type,
        fingerprint=fingerprint,
        status=status,
        count=len(dead_us),
        first_us=min(dead_us),
        last_us=max(dead_us),
    )
