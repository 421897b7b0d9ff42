"""Finds damage in a journal file, and sets a damaged one aside."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import apsw

from regrow.delivery.journal.connections import siblings
from regrow.delivery.journal.failures import DAMAGE, described
from regrow.delivery.journal.filesystem import sync_directory
from regrow.delivery.journal.sql import cell, rows

__all__ = ("free_name", "full_check", "quick_check", "set_aside", "truncated")

_MAGIC: Final = b"SQLite format 3\0"

# What the owner can't do without comes first, so that it is checked however large the rest is.
_TABLES: Final = (
    "meta",
    "boot",
    "counter",
    "live",
    "incarnation",
    "state",
    "state_event",
    "quarantine",
    "redrive",
    "dead_group",
    "processed",
    "attempt",
    "dead",
    "audit",
)

# A page takes about a hundred steps of the check: in all some 90,000 pages or 350 MB, 0.4 s when they are
# in the page cache. Steps are counted instead of seconds because a store has no clock.
STEPS_PER_CALL: Final = 10_000
CALLS: Final = 1_000

_INVARIANTS: Final = {
    "accepted minus live, done, dead and discarded": """SELECT
      (SELECT n FROM counter WHERE name = 'accepted') - (SELECT count(*) FROM live)
      - (SELECT n FROM counter WHERE name = 'done') - (SELECT count(*) FROM dead)
      - (SELECT n FROM counter WHERE name = 'discarded')""",
    "groups with a wrong count": """SELECT count(*) FROM dead_group g
      WHERE g.n <> (SELECT count(*) FROM dead WHERE grp = g.id)""",
    "dead letters without a group": "SELECT count(*) FROM dead WHERE grp NOT IN (SELECT id FROM dead_group)",
    "deliveries both live and dead": "SELECT count(*) FROM live JOIN dead USING (id)",
    "attempts of nothing": """SELECT count(*) FROM attempt
      WHERE delivery NOT IN (SELECT id FROM live UNION ALL SELECT id FROM dead)""",
}


def truncated(path: Path) -> str | None:
    """Whether a closed database file is shorter than its header says; how, if it is."""
    # A log may hold what the file lacks, and a cut while the file was made is rolled back by its journal.
    _, log, _, rollback = siblings(path)
    if any(file.exists() and file.stat().st_size for file in (log, rollback)):
        return None
    with path.open("rb") as file:
        header = file.read(100)
    size = path.stat().st_size
    if size == 0:
        return None
    if len(header) < 100:
        return f"{size} bytes are no database"
    if not header.startswith(_MAGIC):
        return None  # SQLite says so better
    page = int.from_bytes(header[16:18], "big")
    expected = int.from_bytes(header[28:32], "big") * (65536 if page == 1 else page)
    return f"{size} bytes instead of {expected}" if size < expected else None


def quick_check(connection: apsw.Connection) -> str | None:
    """Look for damage, table by table, the most important first; stops after a bounded number of pages."""
    calls = itertools.count(1)
    connection.set_progress_handler(lambda: next(calls) > CALLS, STEPS_PER_CALL)
    try:
        for table in _TABLES:
            said = cell(connection, f"PRAGMA quick_check('{table}')")
            if said != "ok":
                return " ".join(str(said).split())
    except apsw.InterruptError:
        return None
    finally:
        connection.set_progress_handler(None)
    return None


def full_check(connection: apsw.Connection) -> list[str]:
    """Everything that is wrong with the file or its counts."""
    problems: list[str] = []
    try:
        found = [str(row[0]) for row in rows(connection, "PRAGMA integrity_check(100)")]
        problems += [] if found == ["ok"] else found
        for name, query in _INVARIANTS.items():
            wrong = cell(connection, query)
            if wrong:
                problems.append(f"{name}: {wrong!r}")
    except DAMAGE as error:
        problems.append(described(error))
    return problems


def set_aside(path: Path, now_us: int) -> Path:
    """Rename the database file and those that belong to it; says what it is called now."""
    kept = free_name(path, f"damaged-{now_us}")
    for old, new in zip(siblings(path), siblings(kept), strict=True):
        if old.exists():
            old.rename(new)
    sync_directory(path.parent)
    return kept


def free_name(path: Path, suffix: str) -> Path:
    """The path with a suffix that no file has yet."""
    names = (path.with_name(f"{path.name}.{suffix}{more}") for more in _mores())
    return next(name for name in names if not any(file.exists() for file in siblings(name)))


def _mores() -> Iterator[str]:
    yield ""
    yield from (f"-{number}" for number in itertools.count(2))
