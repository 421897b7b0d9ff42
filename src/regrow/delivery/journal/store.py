"""What a journal's store can do. It has no thread, no clock and no random numbers of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol, TypeAlias, final

import msgspec

from regrow.delivery.journal.operations import Operation
from regrow.delivery.journal.rows import (
    Attempt,
    AuditEntry,
    Counts,
    Cursor,
    DeadLetter,
    Filter,
    Group,
    Live,
    RedriveJob,
    SavedState,
    StateEvent,
)

__all__ = ("Opened", "Reader", "Store", "SyncLevel")

SyncLevel: TypeAlias = Literal["power", "process", "none"]
"""What a commit survives: the loss of power, the end of the process by `kill -9`, or nothing."""


@final
class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """What a store says when it is opened.

    Attributes:
        boot: Number of this start, one more than the last.
        clean: Whether the last owner closed it; False also for a new one that a crash left empty.
        next_id: First delivery number that was never used.
        epochs: Epoch of the last writer of each persistent server, by name.
        quarantined: Fingerprints whose arrivals are quarantined.
    """

    boot: int
    clean: bool
    next_id: int
    epochs: dict[str, int]
    quarantined: frozenset[bytes]


class Reader(Protocol):
    """Looks at what is committed. Belongs to one thread at a time; never writes."""

    def live(self, *, after: int = 0, limit: int = 1000) -> list[Live]:
        """Live deliveries by number, from the first after `after`."""
        ...

    def live_one(self, id: int) -> Live | None:
        """One live delivery, None if there is none with this number."""
        ...

    def attempts(self, id: int) -> list[Attempt]:
        """The failed attempts of a delivery, live or dead, oldest first, over all its redrives."""
        ...

    def dead(self, where: Filter, *, after: Cursor | None = None, limit: int = 100) -> list[DeadLetter]:
        """Dead letters, oldest first."""
        ...

    def dead_one(self, id: int) -> DeadLetter | None:
        """One dead letter, None if there is none with this number."""
        ...

    def dead_message(self, mid: bytes) -> DeadLetter | None:
        """The dead letter with this message, None if there is none."""
        ...

    def dead_due(self, now_us: int, limit: int) -> list[DeadLetter]:
        """Dead letters whose automatic retry is due (never quarantined ones), earliest first."""
        ...

    def next_retry_us(self) -> int | None:
        """When the next automatic retry of a dead letter is due."""
        ...

    def dead_expired(self, now_us: int, limit: int) -> list[int]:
        """Numbers of the dead letters whose retention is over, earliest first."""
        ...

    def groups(self, where: Filter) -> list[Group]:
        """Dead letters by cause, the largest group first; `ids` and `key` of the filter are not allowed."""
        ...

    def counts(self) -> Counts:
        """Everything that was accepted, by what became of it."""
        ...

    def processed(self, consumer: str, key: str) -> bool:
        """Whether a persistent server has handled this idempotency key."""
        ...

    def state(self, name: str) -> SavedState | None:
        """The snapshot of a persistent server."""
        ...

    def events(self, name: str, *, after: int) -> list[StateEvent]:
        """Its events after version `after`, in order."""
        ...

    def jobs(self) -> list[RedriveJob]:
        """All redrive jobs, oldest first."""
        ...

    def audit(self, *, limit: int = 100) -> list[AuditEntry]:
        """What operators did, the last first."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


class Store(Protocol):
    """Keeps a journal. Belongs to one thread at a time; `reader` makes readers for others."""

    @property
    def blocking(self) -> bool:
        """Whether `commit` may wait for a disk, so that it has to run on a thread."""
        ...

    def open(self, *, node: str, pid: int, now_us: int) -> Opened:
        """Take the journal into possession.

        Raises:
            JournalLocked: Another process owns it.
            JournalTooNew: A newer version wrote it.
            JournalDamaged: It is no journal, or damaged; the file was set aside under the name it says.
            JournalNotLocal: It stands on a network file system.
            JournalFailed: The operating system or SQLite refused.
        """
        ...

    def prepared(self, batch: Sequence[Operation]) -> Sequence[Operation]:
        """The same batch for `commit`, with what needs no disk done now; on any thread."""
        ...

    def commit(self, batch: Sequence[Operation]) -> None:
        """Write all of the batch, in one transaction, and return when it is as safe as the level says.

        Raises:
            StaleEpoch: A state or an event of an incarnation that isn't the last; nothing is written.
            JournalFailed: It could not be written; nothing of it is. After a failed sync nothing is
                accepted any more until the journal is opened anew.
        """
        ...

    def reader(self) -> Reader:
        """A reader for another thread."""
        ...

    def set_aside_state(self, name: str, now_us: int) -> str:
        """Move a persistent server's unreadable state and events out of the way; says where to."""
        ...

    def check(self) -> list[str]:
        """What is wrong with it, empty if nothing is."""
        ...

    def backup(self, path: Path) -> None:
        """Write a consistent copy to `path`, which must not exist."""
        ...

    def vacuum(self) -> None:
        """Give unused space back to the file system."""
        ...

    def checkpoint(self) -> None:
        """Housekeeping, when there is time."""
        ...

    def close(self, *, now_us: int) -> None:
        """Give up the journal, cleanly."""
        ...
