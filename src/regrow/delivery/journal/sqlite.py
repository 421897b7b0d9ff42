"""The journal in a SQLite file."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar, final

import apsw
import msgspec

from regrow.delivery.journal import schema
from regrow.delivery.journal.connections import arm, close_clean, connect, copy, make_file, prepare, read_only
from regrow.delivery.journal.damage import free_name, full_check, quick_check, set_aside, truncated
from regrow.delivery.journal.failures import DAMAGE, described, failing, lost_sync
from regrow.delivery.journal.filesystem import refuse_network
from regrow.delivery.journal.lockfile import LockFile
from regrow.delivery.journal.operations import Operation
from regrow.delivery.journal.reads import SqliteReader
from regrow.delivery.journal.rows import free_state_name
from regrow.delivery.journal.sql import cell, rows, run
from regrow.delivery.journal.steps import STALE
from regrow.delivery.journal.store import Opened, SyncLevel
from regrow.delivery.journal.writes import Encoded, write
from regrow.errors import JournalDamaged, JournalError, JournalFailed, JournalTooNew, StaleEpoch

__all__ = ("SqliteStore",)

_T = TypeVar("_T")

_NO_COUNTER: Final = "the number of the last delivery is missing"

# After so many pages in the log (32 MB), a commit makes a checkpoint itself if nobody else did.
_LOG_PAGES: Final = 8000
_VOID: Final = (
    "INSERT OR REPLACE INTO meta SELECT 'voided', 1 + ifnull((SELECT v FROM meta WHERE k = 'voided'), 0)"
)


@final
class SqliteStore:
    """Keeps a journal in a SQLite file, with `path` + `.lock` beside it.

    One connection writes and makes the checkpoints; readers have their own. A batch is one statement
    (`writes`). `backup` and `check` work beside the owner's thread; all else belongs to it.

    Args:
        path: The file; made, readable by its owner alone, if it isn't there. Its directory must be.
        level: What a commit survives. "power": synced at each commit. "process": synced at checkpoints,
            so that the loss of power takes the last commits. "none": never synced, so that it may leave a
            damaged file.
        vfs: Name of the SQLite VFS that reaches the file, None for the usual one.
        upgrades: Scripts that bring schema n to n + 1, by n.
    """

    def __init__(
        self,
        path: str | Path,
        level: SyncLevel = "power",
        *,
        vfs: str | None = None,
        upgrades: Mapping[int, str] = schema.UPGRADES,
    ) -> None:
        # SQLite puts its log beside the file that a link leads to; so all else is put there as well.
        self.path: Final = Path(path).resolve()
        self.level: Final[SyncLevel] = level
        self._vfs = vfs
        self._upgrades = upgrades
        self._lock = LockFile(self.path)
        self._connection: apsw.Connection | None = None
        self._refusal = "it is not open"
        self._boot = self._opened_us = 0
        self._checkpointed = 0

    @property
    def blocking(self) -> bool:
        """True: a commit waits for the disk."""
        return True

    def open(self, *, node: str, pid: int, now_us: int) -> Opened:
        """Take the file into possession, and make it what this version needs.

        After an unclean stop it is checked for damage, as far as goes in under a second.

        Raises:
            JournalLocked: Another process, or another store of this one, owns it.
            JournalTooNew: A newer version wrote it; nothing was changed.
            JournalDamaged: It is no journal, or damaged. It was set aside under the name the error says;
                a healthy database of something else stays where it is.
            JournalNotLocal: It stands on a network file system.
            JournalFailed: The operating system or SQLite refused.
        """
        refuse_network(self.path.parent)
        with failing(self.path, "locking"):
            self._lock.take(f"process {pid} on {node}")
        self._opened_us = now_us
        try:
            return self._open(node, pid, now_us)
        except DAMAGE as error:
            raise self._damaged(error) from error
        except (apsw.Error, OSError) as error:
            raise JournalFailed(self.path, described(error), "opening") from error
        finally:
            if not self._boot:
                self._drop("it could not be opened")
                self._lock.release()

    def prepared(self, batch: Sequence[Operation]) -> Sequence[Operation]:
        """The same batch for `commit`, which then has to do no more than to run its statement."""
        return Encoded(batch)

    def commit(self, batch: Sequence[Operation]) -> None:
        """Write all of the batch, in one transaction, and return when it is as safe as the level says.

        Raises:
            StaleEpoch: A state or an event of an incarnation that isn't the last; nothing is written.
            JournalFailed: It could not be written; nothing of it is. After a failed sync nothing is
                accepted any more until the journal is opened anew.
            JournalDamaged: The file is damaged, and was set aside; nothing is accepted any more.
        """
        if not batch:
            return
        with self._writing("a commit") as connection:
            write(connection, batch)
        if _pages_written(connection) - self._checkpointed >= _LOG_PAGES:
            # The batch is safe; what is wrong with the checkpoint, the next one is told.
            with contextlib.suppress(JournalError):
                self.checkpoint()

    def reader(self) -> SqliteReader:
        """A reader for another thread."""
        return SqliteReader(self.path, self._vfs)

    def set_aside_state(self, name: str, now_us: int) -> str:
        """Move a persistent server's unreadable state and events to another name; says which."""
        with self._writing("setting a state aside") as connection:
            found = rows(connection, "SELECT name FROM state UNION SELECT name FROM state_event")
            aside = free_state_name(name, now_us, {str(row[0]) for row in found})
            with connection:
                run(connection, "UPDATE state SET name = ? WHERE name = ?", (aside, name))
                run(connection, "UPDATE state_event SET name = ? WHERE name = ?", (aside, name))
        return aside

    def check(self) -> list[str]:
        """What is wrong with the file or its counts, empty if nothing is. Reads all of it."""
        with failing(self.path, "a check"), contextlib.closing(read_only(self.path, self._vfs)) as connection:
            return full_check(connection)

    def backup(self, path: Path) -> None:
        """Write a consistent copy, readable by its owner alone, to `path`, which must not exist."""
        with failing(path, "a backup"), contextlib.closing(read_only(self.path, self._vfs)) as connection:
            copy(connection, path)

    def vacuum(self) -> None:
        """Write the file anew without its unused space, which takes as much again meanwhile."""
        with self._writing("a vacuum") as connection:
            run(connection, "VACUUM")
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def checkpoint(self) -> None:
        """Bring the log into the database file as far as readers allow."""
        with self._writing("a checkpoint") as connection:
            self._checkpointed = _pages_written(connection)
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    def close(self, *, now_us: int) -> None:
        """Give up the journal, cleanly unless a sync failed before; nothing if it isn't open.

        Raises:
            JournalFailed: It could not be told that it is closed: the next start will take this for a crash.
            JournalDamaged: The file is damaged, and was set aside.
        """
        try:
            if self._lock.held and not self._refusal:
                with self._writing("closing") as connection:
                    run(connection, "UPDATE boot SET stopped_us = ? WHERE id = ?", (now_us, self._boot))
                    close_clean(connection)
        finally:
            self._drop("it is closed")
            self._lock.release()

    def _open(self, node: str, pid: int, now_us: int) -> Opened:
        fresh = not self.path.exists()
        if fresh:
            make_file(self.path)
        elif not self.path.is_file():
            raise JournalFailed(self.path, "it is no regular file", "opening")
        elif problem := truncated(self.path):
            raise apsw.CorruptError(problem)
        connection = self._connection = connect(self.path, self._vfs)
        self._take_schema(connection, now_us)
        arm(connection)
        clean = cell(connection, "SELECT stopped_us IS NOT NULL FROM boot ORDER BY id DESC LIMIT 1")
        if clean == 0:
            if problem := quick_check(connection):
                raise apsw.CorruptError(problem)
            # Or the log of a program that is killed again and again would only ever grow.
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        last_id = cell(connection, "SELECT n FROM counter WHERE name = 'last_id'")
        if not isinstance(last_id, int):
            raise apsw.CorruptError(_NO_COUNTER)
        sql = "INSERT INTO boot(node, pid, started_us) VALUES (?, ?, ?)"
        run(connection, sql, (node, pid, now_us))
        self._boot, self._refusal, self._checkpointed = connection.last_insert_rowid(), "", 0
        return Opened(
            boot=self._boot,
            clean=fresh or bool(clean),
            next_id=1 + last_id,
            epochs=dict(_read(connection, "SELECT name, epoch FROM incarnation", tuple[str, int])),
            quarantined=frozenset(
                cause for (cause,) in _read(connection, "SELECT fingerprint FROM quarantine", tuple[bytes])
            ),
        )

    def _take_schema(self, connection: apsw.Connection, now_us: int) -> None:
        """Make the tables, or bring them up to this version; a newer or strange file is left alone."""
        found = schema.version_of(connection)
        if isinstance(found, str):
            raise JournalDamaged(self.path, found, None)
        if found is not None and found > schema.VERSION:
            raise JournalTooNew(self.path, found, schema.VERSION)
        prepare(connection, self.level)
        if found is None:
            schema.create(connection)
        elif found < schema.VERSION:
            if not self._upgrades.keys() >= set(range(found, schema.VERSION)):
                raise JournalFailed(self.path, f"schema {found} can't be upgraded", "opening")
            copy(connection, free_name(self.path, f"schema-{found}-{now_us}"))
            schema.upgrade(connection, found, self._upgrades)

    @contextlib.contextmanager
    def _writing(self, doing: str) -> Generator[apsw.Connection]:
        connection = self._connection
        if connection is None or self._refusal or not self._lock.held:
            raise JournalFailed(self.path, self._refusal or "this process was forked off its owner", doing)
        try:
            yield connection
        except apsw.ConstraintError as error:
            raise _refused(self.path, error, doing) from error
        except DAMAGE as error:
            raise self._damaged(error) from error
        except apsw.Error as error:
            self._after(connection, error)
            raise JournalFailed(self.path, described(error), doing) from error

    def _after(self, connection: apsw.Connection, error: apsw.Error) -> None:
        if isinstance(error, apsw.IOError):
            # The log may hold all of the batch that failed, and a crash now would bring it back. Another
            # commit takes its place in the log, even if that one can't be synced either.
            try:
                run(connection, _VOID)
            except apsw.Error as second:
                error = second if lost_sync(second) else error
        if lost_sync(error):
            self._refusal = f"a sync failed before ({described(error)})"

    def _damaged(self, error: Exception) -> JournalDamaged:
        self._drop("it is damaged")
        kept = set_aside(self.path, self._opened_us)
        return JournalDamaged(self.path, described(error), kept)

    def _drop(self, why: str) -> None:
        self._refusal, self._boot = why, 0
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _read(connection: apsw.Connection, sql: str, kind: type[_T]) -> list[_T]:
    return msgspec.convert(rows(connection, sql), list[kind])  # type: ignore[valid-type]


def _refused(path: Path, error: apsw.ConstraintError, doing: str) -> JournalError:
    if STALE in str(error):
        _, name, epoch, current = msgspec.json.decode(str(error), type=tuple[str, str, int, int])
        return StaleEpoch(name, epoch, current)
    return JournalFailed(path, described(error), doing)


def _pages_written(connection: apsw.Connection) -> int:
    # Unlike asking for the size of the log, this does not give up the GIL.
    return connection.status(apsw.SQLITE_DBSTATUS_CACHE_WRITE)[0]
