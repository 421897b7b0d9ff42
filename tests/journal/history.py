"""A journal with something in every table, as operations; and how its file becomes a fixture.

`python -m tests.journal.history N` writes `schemas/N.sql`, once, when schema N is released.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import apsw

from regrow.delivery.journal import operations as ops
from regrow.delivery.journal.rows import QUARANTINED, AuditEntry, Cursor, Filter, RedriveJob
from regrow.delivery.journal.sqlite import SqliteStore
from tests.journal.samples import (
    START_US,
    attempt,
    burial,
    event,
    full_attempt,
    full_burial,
    full_live,
    live,
    state,
)

SCHEMAS = Path(__file__).with_name("schemas")

JOB = RedriveJob(
    id=1, where=Filter(dest="worker", fingerprint=b"\xff"), actor="me", cursor=Cursor(5, 6), watched=(6,)
)
ENTRY = AuditEntry(at_us=START_US, actor="me", action="purge", target="7", detail="old")

HISTORY: tuple[ops.Operation, ...] = (
    *(ops.Accept(live(id)) for id in range(1, 8)),
    ops.Accept(full_live(8)),
    ops.Settle(1),
    ops.Discard(2),
    ops.Retry(3, START_US + 9, 1, 1, full_attempt()),
    ops.Bury(4, 1, 0, full_burial(), attempt()),
    ops.Annotate(4, edited=b"edited", note="note"),
    ops.Bury(5, 2, 0, burial(START_US + 5)),
    ops.Regroup(5, QUARANTINED),
    ops.Bury(6, 1, 0, burial()),
    ops.Annotate(6, edited=b"edited"),
    ops.Revive(6, START_US + 6, auto=True),
    ops.Bury(6, 1, 0, burial(START_US + 6)),
    ops.Bury(7, 1, 0, burial()),
    ops.Purge(7),
    ops.QuarantineCause(burial().fingerprint, True, START_US, "me"),
    ops.Processed("app", "key", START_US + 99),
    ops.SaveState(state("app", 3, 2)),
    ops.AppendEvent(event("app", 3), 4),
    ops.PutJob(JOB),
    ops.Record(ENTRY),
)


def dump(path: Path) -> str:
    """A database file as SQL, with the numbers that tell what it is."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    lines = [f"PRAGMA {name} = {connection.pragma(name)};" for name in ("application_id", "user_version")]
    for name, sql in connection.execute(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'table'"
    ).fetchall():
        lines += [] if str(name).startswith("sqlite_") else [f"{sql};"]
    for (name,) in connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1"
    ).fetchall():
        for row in connection.execute(f"SELECT * FROM {name}").fetchall():
            lines.append(
                f"INSERT INTO {name} VALUES ({', '.join(apsw.format_sql_value(cell) for cell in row)});"
            )
    # Indexes and triggers last: the rows are what they are.
    for (sql,) in connection.execute(
        "SELECT sql FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
    ).fetchall():
        lines.append(f"{sql};")
    connection.close()
    return "\n".join(lines) + "\n"


def restore(script: str, path: Path) -> None:
    """Make the database file that was dumped."""
    connection = apsw.Connection(str(path))
    for _ in connection.execute(script):
        pass
    connection.close()


def fill(path: Path) -> None:
    store = SqliteStore(path)
    store.open(node="here", pid=1, now_us=START_US)
    store.commit(HISTORY)
    store.close(now_us=START_US)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        made = Path(directory) / "journal.db"
        fill(made)
        with (SCHEMAS / f"{sys.argv[1]}.sql").open("x") as file:
            file.write(dump(made))
