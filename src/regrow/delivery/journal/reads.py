"""Reads a journal file, beside its owner or in the owner's place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeVar, final

import msgspec

from regrow.delivery.journal.connections import read_only
from regrow.delivery.journal.failures import failing
from regrow.delivery.journal.rows import (
    Attempt,
    AuditEntry,
    Burial,
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
from regrow.delivery.journal.search import find_groups, find_page
from regrow.delivery.journal.sql import Row, Value, rows

__all__ = ("SqliteReader",)

_T = TypeVar("_T")

_FIELDS: Final = Live.__struct_fields__
_LIVE: Final = ", ".join(_FIELDS)
_ATTEMPT: Final = Attempt.__struct_fields__
_STATE: Final = SavedState.__struct_fields__
_EVENT: Final = StateEvent.__struct_fields__
_AUDIT: Final = AuditEntry.__struct_fields__
_DEAD: Final = ", ".join({"dest": "g.dest", "type": "g.type"}.get(n, f"d.{n}") for n in _FIELDS)
_BURIAL: Final = ", ".join(
    {n: f"g.{n}" for n in ("reason", "error_type", "fingerprint")}.get(n, f"d.{n}")
    for n in Burial.__struct_fields__
).replace("d.expires_us", "d.purge_us")
_SELECT_DEAD: Final = f"""SELECT {_DEAD}, {_BURIAL}, d.edited, d.note, d.auto_retries, d.original
FROM dead d JOIN dead_group g ON g.id = d.grp"""
_COUNTS: Final = """SELECT
  (SELECT n FROM counter WHERE name = 'accepted'), (SELECT count(*) FROM live),
  (SELECT n FROM counter WHERE name = 'done'), (SELECT count(*) FROM dead),
  (SELECT n FROM counter WHERE name = 'discarded')"""


@final
class SqliteReader:
    """Looks at what is committed in a journal file, through a connection of its own that can't write.

    Args:
        path: The journal file; it must be there.
        vfs: Name of the SQLite VFS, None for the usual one.

    Raises:
        JournalFailed: It can't be opened or read; also by every method.
        JournalDamaged: What it reads is damaged; also by every method.
    """

    def __init__(self, path: Path, vfs: str | None = None) -> None:
        self._path = path
        with failing(path, "opening a reader"):
            self._connection = read_only(path, vfs)

    def live(self, *, after: int = 0, limit: int = 1000) -> list[Live]:
        """Live deliveries by number, from the first after `after`."""
        sql = f"SELECT {_LIVE} FROM live WHERE id > ? ORDER BY id LIMIT ?"
        return [_struct(Live, _FIELDS, row) for row in self._all(sql, after, limit)]

    def live_one(self, id: int) -> Live | None:
        """One live delivery, None if there is none with this number."""
        row = self._one(f"SELECT {_LIVE} FROM live WHERE id = ?", id)
        return None if row is None else _struct(Live, _FIELDS, row)

    def attempts(self, id: int) -> list[Attempt]:
        """The failed attempts of a delivery, live or dead, oldest first, over all its redrives."""
        sql = f"SELECT {', '.join(_ATTEMPT)} FROM attempt WHERE delivery = ? ORDER BY n"
        return self._structs(Attempt, _ATTEMPT, sql, id)

    def dead(self, where: Filter, *, after: Cursor | None = None, limit: int = 100) -> list[DeadLetter]:
        """Dead letters, oldest first."""
        with failing(self._path, "looking for dead letters"):
            ids = find_page(self._connection, where, after, limit)
        return self._dead(ids)

    def dead_one(self, id: int) -> DeadLetter | None:
        """One dead letter, None if there is none with this number."""
        found = self._dead([id])
        return found[0] if found else None

    def dead_message(self, mid: bytes) -> DeadLetter | None:
        """The dead letter with this message, None if there is none."""
        found = self._dead(self._numbers("SELECT id FROM dead WHERE mid = ? LIMIT 1", mid))
        return found[0] if found else None

    def dead_due(self, now_us: int, limit: int) -> list[DeadLetter]:
        """Dead letters whose automatic retry is due (never quarantined ones), earliest first."""
        sql = """SELECT id FROM dead WHERE retry_us IS NOT NULL AND retry_us <= ? AND status = 0
        ORDER BY retry_us, id LIMIT ?"""
        return self._dead(self._numbers(sql, now_us, limit))

    def next_retry_us(self) -> int | None:
        """When the next automatic retry of a dead letter is due."""
        sql = "SELECT retry_us FROM dead WHERE retry_us IS NOT NULL AND status = 0 ORDER BY retry_us LIMIT 1"
        found = self._numbers(sql)
        return found[0] if found else None

    def dead_expired(self, now_us: int, limit: int) -> list[int]:
        """Numbers of the dead letters whose retention is over, earliest first."""
        sql = """SELECT id FROM dead WHERE purge_us IS NOT NULL AND purge_us <= ?
        ORDER BY purge_us, id LIMIT ?"""
        return self._numbers(sql, now_us, limit)

    def groups(self, where: Filter) -> list[Group]:
        """Dead letters by cause, the largest group first; `ids` and `key` of the filter are not allowed."""
        with failing(self._path, "grouping dead letters"):
            return find_groups(self._connection, where)

    def counts(self) -> Counts:
        """Everything that was accepted, by what became of it."""
        return self._structs(Counts, Counts.__struct_fields__, _COUNTS)[0]

    def processed(self, consumer: str, key: str) -> bool:
        """Whether a persistent server has handled this idempotency key."""
        return self._one("SELECT 1 FROM processed WHERE consumer = ? AND key = ?", consumer, key) is not None

    def state(self, name: str) -> SavedState | None:
        """The snapshot of a persistent server."""
        sql = f"SELECT {', '.join(_STATE)} FROM state WHERE name = ?"
        found = self._structs(SavedState, _STATE, sql, name)
        return found[0] if found else None

    def events(self, name: str, *, after: int) -> list[StateEvent]:
        """Its events after version `after`, in order."""
        sql = f"SELECT {', '.join(_EVENT)} FROM state_event WHERE name = ? AND version > ? ORDER BY version"
        return self._structs(StateEvent, _EVENT, sql, name, after)

    def jobs(self) -> list[RedriveJob]:
        """All redrive jobs, oldest first."""
        jobs = self._all("SELECT job FROM redrive ORDER BY id")
        return [msgspec.json.decode(str(row[0]), type=RedriveJob) for row in jobs]

    def audit(self, *, limit: int = 100) -> list[AuditEntry]:
        """What operators did, the last first."""
        sql = f"SELECT {', '.join(_AUDIT)} FROM audit ORDER BY id DESC LIMIT ?"
        return self._structs(AuditEntry, _AUDIT, sql, limit)

    def close(self) -> None:
        """Give back the connection."""
        self._connection.close()

    def _dead(self, ids: Sequence[int]) -> list[DeadLetter]:
        """The dead letters with these numbers that are still there, in this order."""
        sql = f"{_SELECT_DEAD} WHERE d.id IN (SELECT value FROM json_each(?))"
        letters = self._all(sql, msgspec.json.encode(ids).decode())
        found = {row[0]: row for row in letters}
        return [_dead_letter(found[id]) for id in ids if id in found]

    def _structs(self, kind: type[_T], fields: Sequence[str], sql: str, *values: Value) -> list[_T]:
        return [_struct(kind, fields, row) for row in self._all(sql, *values)]

    def _numbers(self, sql: str, *values: Value) -> list[int]:
        return [int(str(row[0])) for row in self._all(sql, *values)]

    def _one(self, sql: str, *values: Value) -> Row | None:
        rows = self._all(sql, *values)
        return rows[0] if rows else None

    def _all(self, sql: str, *values: Value) -> list[Row]:
        with failing(self._path, "reading"):
            return rows(self._connection, sql, values)


def _dead_letter(row: Row) -> DeadLetter:
    width, burial = len(_FIELDS), Burial.__struct_fields__
    rest = dict(zip(("edited", "note", "auto_retries", "original"), row[width + len(burial) :], strict=True))
    return _struct(
        DeadLetter,
        ("live", "burial", *rest),
        (
            dict(zip(_FIELDS, row[:width], strict=True)),
            dict(zip(burial, row[width : width + len(burial)], strict=True)),
            *rest.values(),
        ),
    )


def _struct(kind: type[_T], fields: Sequence[str], row: Sequence[object]) -> _T:
    # Not strict, because SQLite has no booleans.
    return msgspec.convert(dict(zip(fields, row, strict=True)), kind, strict=False)
