"""The journal in a SQLite file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, final

import apsw
import msgspec

from regrow.delivery.journal import schema
from regrow.delivery.journal.failures import failing
from regrow.delivery.journal.filesystem import refuse_network
from regrow.delivery.journal.lockfile import LockFile
from regrow.delivery.journal.operations import Operation
from regrow.delivery.journal.reads import SqliteReader
from regrow.delivery.journal.steps import TRIGGERS
from regrow.delivery.journal.store import Opened, Reader, SyncLevel
from regrow.delivery.journal.writes import write

__all__ = ("SqliteStore",)

_SYNCHRONOUS: Final[dict[SyncLevel, str]] = {"power": "FULL", "process": "NORMAL", "none": "OFF"}


@final
class SqliteStore:
    """(first version)"""

    def __init__(self, path: str | Path, level: SyncLevel = "power", *, vfs: str | None = None) -> None:
        self.path = Path(path)
        self.level: SyncLevel = level
        self._vfs = vfs
        self._lock = LockFile(self.path)
        self._connection: apsw.Connection | None = None
        self._boot = 0

    @property
    def blocking(self) -> bool:
        return True

    def open(self, *, node: str, pid: int, now_us: int) -> Opened:
        refuse_network(self.path.parent)
        self._lock.take(f"process {pid} on {node}")
        connection = apsw.Connection(str(self.path), vfs=self._vfs)
        self._connection = connection
        connection.set_busy_timeout(5000)
        connection.pragma("journal_mode", "WAL")
        connection.pragma("synchronous", _SYNCHRONOUS[self.level])
        connection.pragma("wal_autocheckpoint", 4000)
        connection.pragma("temp_store", "MEMORY")
        if schema.version_of(connection) is None:
            schema.create(connection)
        for _ in connection.execute(TRIGGERS):
            pass
        clean = connection.execute("SELECT stopped_us IS NOT NULL FROM boot ORDER BY id DESC LIMIT 1").get
        self._boot = connection.execute(
            "INSERT INTO boot(node, pid, started_us) VALUES (?, ?, ?) RETURNING id", (node, pid, now_us)
        ).get
        last = connection.execute("SELECT n FROM counter WHERE name = 'last_id'").get
        epochs = msgspec.convert(
            connection.execute("SELECT name, epoch FROM incarnation").fetchall(), list[tuple[str, int]]
        )
        causes = msgspec.convert(
            connection.execute("SELECT fingerprint FROM quarantine").fetchall(), list[tuple[bytes]]
        )
        return Opened(
            boot=self._boot,
            clean=bool(clean),
            next_id=last + 1,
            epochs=dict(epochs),
            quarantined=frozenset(c for (c,) in causes),
        )

    def commit(self, batch: Sequence[Operation]) -> None:
        assert self._connection is not None
        with failing(self.path, "a commit"):
            write(self._connection, batch)

    def reader(self) -> Reader:
        return SqliteReader(self.path, self._vfs)

    def close(self, *, now_us: int) -> None:
        if self._connection is not None:
            self._connection.execute("UPDATE boot SET stopped_us = ? WHERE id = ?", (now_us, self._boot))
            self._connection.close()
            self._connection = None
        self._lock.release()
