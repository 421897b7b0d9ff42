"""A journal's store on a simulated disk, which is slow, full or broken when the faults say so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast, final

from regrow.delivery.journal.store import Opened, Reader
from regrow.errors import JournalFailed, JournalLocked

if TYPE_CHECKING:
    from regrow.delivery.journal.operations import Operation
    from regrow.delivery.journal.tables import MemoryReader
    from regrow.testing.sim.disk import SimDisk
    from regrow.testing.sim.store_faults import StoreFaulter

__all__ = ("SimStore",)

COMMIT: Final = "a commit"
FULL: Final = "FullError: the simulated disk is full"
BROKEN: Final = "IOError: a simulated sync failed"
UNREADABLE: Final = "IOError: a simulated read failed"
AFTER_SYNC: Final = f"a sync failed before ({BROKEN})"
READS: Final = (
    *("live", "live_one", "attempts", "dead", "dead_one", "dead_message", "dead_due", "next_retry_us"),
    *("dead_expired", "groups", "counts", "processed", "state", "events", "jobs", "audit"),
)


@final
class SimStore:
    """Keeps a journal on a simulated disk. What the disk holds outlives the store.

    Args:
        disk: Where.
        faults: When it fails, and how long it takes. Default None: never, and no time.
    """

    __slots__ = ("_disk", "_faults", "_refusal")

    def __init__(self, disk: SimDisk, faults: StoreFaulter | None = None) -> None:
        self._disk = disk
        self._faults = faults
        self._refusal = "it is not open"

    @property
    def blocking(self) -> bool:
        """True: a commit waits for the disk."""
        return True

    def open(self, *, node: str, pid: int, now_us: int) -> Opened:
        """Take the journal into possession.

        Raises:
            JournalLocked: Another store has it open.
        """
        disk = self._disk
        if disk.owner is not None and disk.owner is not self:
            raise JournalLocked(disk.name, "another System of this run")
        disk.owner = self
        self._refusal = ""
        if self._faults is not None:
            self._faults.opened(disk)
        opened = disk.write(lambda memory: memory.open(node=node, pid=pid, now_us=now_us))
        disk.sync()
        return cast("Opened", opened)

    def prepared(self, batch: Sequence[Operation]) -> Sequence[Operation]:
        """The batch: there is nothing to be done before `commit`."""
        return batch

    def commit(self, batch: Sequence[Operation]) -> None:
        """Write all of the batch, and return when it is as safe as the level says.

        Raises:
            StaleEpoch: A state or an event of an incarnation that isn't the last; nothing is written.
            JournalFailed: The disk is full, or broken; after a failed sync nothing is accepted any more
                until the journal is opened anew.
        """
        self._check(COMMIT)
        disk, faults = self._disk, self._faults
        disk.memory.check_batch(batch)
        if faults is None:
            disk.begin(batch)
            disk.end()
            return
        faults.before_commit(disk)
        if faults.full(disk):
            raise JournalFailed(disk.name, FULL, COMMIT)
        disk.begin(batch)
        faults.syncing(disk)
        if faults.broken(disk):
            disk.give_up()
            self._refusal = AFTER_SYNC
            raise JournalFailed(disk.name, BROKEN, COMMIT)
        disk.end()
        faults.after_commit(disk)

    def reader(self) -> Reader:
        """A reader for another thread."""
        return cast("Reader", SimReader(self._disk, self._faults))

    def set_aside_state(self, name: str, now_us: int) -> str:
        """Move a persistent server's unreadable state and events out of the way; says where to."""
        self._check("setting a state aside")
        return cast("str", self._disk.write(lambda memory: memory.set_aside_state(name, now_us)))

    def check(self) -> list[str]:
        """Whether the counts balance."""
        return self._disk.memory.check()

    def backup(self, path: Path) -> None:
        """Refused: nothing of a run is written to a real disk.

        Raises:
            JournalFailed: Always.
        """
        raise JournalFailed(self._disk.name, "it is simulated and has no file", f"a backup to {path}")

    def vacuum(self) -> None:
        """Nothing to give back; but it syncs."""
        self.checkpoint()

    def checkpoint(self) -> None:
        """Sync, unless the level is "none"."""
        self._check("a checkpoint")
        if self._disk.level != "none":
            self._disk.sync()

    def close(self, *, now_us: int) -> None:
        """Give up the journal, cleanly unless a sync failed before; nothing if it isn't open."""
        disk = self._disk
        if disk.owner is not self:
            return
        if not self._refusal:
            disk.write(lambda memory: memory.close(now_us=now_us))
            disk.sync()
        self._refusal = "it is closed"
        disk.owner = None

    def _check(self, doing: str) -> None:
        if self._refusal:
            raise JournalFailed(self._disk.name, self._refusal, doing)


class SimReader:
    """Reads what is committed; all of a journal's reads are given to it below."""

    __slots__ = ("_disk", "_faults")

    def __init__(self, disk: SimDisk, faults: StoreFaulter | None) -> None:
        self._disk = disk
        self._faults = faults

    def close(self) -> None:
        """Nothing to give back."""

    def opened(self) -> MemoryReader:
        """What reads, if the disk lets it."""
        if self._faults is not None and self._faults.unreadable(self._disk):
            raise JournalFailed(self._disk.name, UNREADABLE, "a read")
        return self._disk.memory.reader()


def _read(name: str) -> Callable[..., object]:
    def read(self: SimReader, *args: object, **options: object) -> object:
        reading: Callable[..., object] = getattr(self.opened(), name)
        return reading(*args, **options)

    return read


for _name in READS:
    setattr(SimReader, _name, _read(_name))
