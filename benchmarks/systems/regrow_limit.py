"""The limit of durable sends: apsw with the same rows and nothing around it, no loop, no other thread.

A commit inserts `in_flight` rows and deletes those of the commit before, as our schema has a message cost
one insert and one delete; counters change with them. Rows are made before the clock starts.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import apsw
import msgspec

from benchmarks.systems.kit import Bench, Job, Result, now, percentiles
from benchmarks.systems.kit_durable import folder
from benchmarks.systems.regrow_files import live_of
from regrow.delivery.journal import schema
from regrow.delivery.journal.rows import Live

_SYNCHRONOUS = {"power": "FULL", "process": "NORMAL", "none": "OFF"}
_FIELDS = Live.__struct_fields__
_INSERT = f"INSERT INTO live({', '.join(_FIELDS)}) VALUES ({', '.join('?' * len(_FIELDS))})"
_DELETE = "DELETE FROM live WHERE id = ?"
_COUNT = "UPDATE counter SET n = n + ? WHERE name = ?"
# As large as ours lets its log grow before a checkpoint.
_LOG_PAGES = 8000
_SECONDS = 0.5
_ENOUGH = 40_000
Row: TypeAlias = "tuple[apsw.SQLiteValue, ...]"


class Limit(Bench):
    def version(self) -> str:
        return f"apsw {apsw.apsw_version()}"

    def s3(self, job: Job) -> Result:
        with folder(job) as path:
            return _measure(path, job)

    s4 = s3


def _measure(path: Path, job: Job) -> Result:
    n, size, nonce = job.int("n"), job.int("in_flight"), job.nonce
    connection = apsw.Connection(str(path / "limit.db"))
    connection.pragma("journal_mode", "WAL")
    schema.create(connection)
    connection.pragma("synchronous", _SYNCHRONOUS[job.text("level")])
    connection.wal_autocheckpoint(_LOG_PAGES)
    commits: list[float] = []
    passes, seconds = 0, 0.0
    # A disk is fast now and slow then: one short look would be a matter of luck. But it gets faster once the
    # log has its size, so where there is much to write it writes just as much as others do.
    while seconds < _SECONDS and passes * n < _ENOUGH:
        first = passes * n + 1
        rows = [msgspec.structs.astuple(live_of(first + i, nonce + i)) for i in range(n)]
        old: list[Row] = []
        started = now()
        for begin in range(0, n + size, size):
            new = rows[begin : begin + size]
            commits.append(_commit(connection, new, old))
            old = new
        seconds += now() - started
        passes += 1
    done = connection.execute("SELECT n FROM counter WHERE name = 'done'").get
    left = connection.execute("SELECT count(*) FROM live").get
    # Nothing handles them: that all were written and deleted is what can be shown.
    proof = {"count": done / passes, "total": sum(range(nonce, nonce + n)), "left": left}
    return {
        "seconds": seconds,
        "per_second": passes * n / seconds,
        "proof": proof,
        **percentiles(commits, "commit_"),
    }


def _commit(connection: apsw.Connection, new: list[Row], old: list[Row]) -> float:
    numbers = [(row[0],) for row in old]
    begun = now()
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(_INSERT, new)
    connection.executemany(_DELETE, numbers)
    connection.execute(_COUNT, (len(new), "accepted"))
    connection.execute(_COUNT, (len(old), "done"))
    connection.execute("COMMIT")
    return now() - begun


BENCH = Limit()
