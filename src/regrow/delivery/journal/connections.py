"""Opens a journal file: the one connection that writes, and those that read."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

import apsw

from regrow.delivery.journal.filesystem import sync_directory
from regrow.delivery.journal.sql import run
from regrow.delivery.journal.steps import TRIGGERS
from regrow.delivery.journal.store import SyncLevel

__all__ = ("arm", "close_clean", "connect", "copy", "make_file", "prepare", "read_only", "siblings")

# FULL syncs the log at each commit; NORMAL only before a checkpoint, so that the loss of power takes the
# last commits but leaves a consistent file; OFF never, so that it may leave a damaged one.
_SYNCHRONOUS: Final[dict[SyncLevel, str]] = {"power": "FULL", "process": "NORMAL", "none": "OFF"}
_BUSY_MS: Final = 5000
_LAST_WAIT_MS: Final = 500


def siblings(path: Path) -> tuple[Path, Path, Path, Path]:
    """The files that belong together: the database, its log, the log's shared memory, a rollback journal.

    The last is there only while a new database is being made.
    """
    log, memory, rollback = (path.with_name(path.name + suffix) for suffix in ("-wal", "-shm", "-journal"))
    return path, log, memory, rollback


def make_file(path: Path) -> None:
    """Make an empty file that only its owner may read; SQLite gives its other files the same mode.

    Raises:
        FileExistsError: There is something with this name.
    """
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    sync_directory(path.parent)


def connect(path: Path, vfs: str | None) -> apsw.Connection:
    """A connection that may write, and has changed nothing yet."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE, vfs=vfs)
    connection.set_busy_timeout(_BUSY_MS)
    # A file that turns out to be damaged, or not ours, must not be written to when it is closed.
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    # No function is called by what a strange file holds.
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    return connection


def prepare(connection: apsw.Connection, level: SyncLevel) -> None:
    """Make the connection the one that writes and checkpoints."""
    run(connection, "PRAGMA journal_mode = WAL")
    run(connection, f"PRAGMA synchronous = {_SYNCHRONOUS[level]}")
    # SQLite's own checkpoints would keep a failed sync to themselves.
    connection.wal_autocheckpoint(0)
    run(connection, "PRAGMA cell_size_check = ON")
    run(connection, "PRAGMA temp_store = MEMORY")


def arm(connection: apsw.Connection) -> None:
    """Make the connection ready for batches; the tables are those of this version."""
    run(connection, "PRAGMA foreign_keys = ON")
    run(connection, TRIGGERS)


def read_only(path: Path, vfs: str | None) -> apsw.Connection:
    """A connection that can't write."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY, vfs=vfs)
    connection.set_busy_timeout(_BUSY_MS)
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    return connection


def close_clean(connection: apsw.Connection) -> None:
    """Bring everything into the database file and close; nothing else is left unless readers are open."""
    connection.set_busy_timeout(_LAST_WAIT_MS)
    with contextlib.suppress(apsw.BusyError):  # a reader still looks at it
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
    connection.close()


def copy(connection: apsw.Connection, path: Path) -> None:
    """Write a consistent copy of what the connection reads, and make it safe; all of it or no file.

    Raises:
        FileExistsError: There is something with this name.
    """
    make_file(path)
    try:
        with contextlib.closing(apsw.Connection(str(path))) as target:
            with target.backup("main", connection, "main") as backup:
                backup.step()
            run(target, "PRAGMA journal_mode = DELETE")
        with path.open("rb") as file:
            os.fsync(file.fileno())
    except BaseException:
        path.unlink()
        raise
    sync_directory(path.parent)
