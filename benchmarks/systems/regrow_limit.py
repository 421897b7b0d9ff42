"""The limit of durable sends: apsw with the same rows and nothing around it, no loop, no other thread.

A commit inserts `in_flight` rows and deletes those of the commit before, as our schema has a message cost
one insert and one delete; counters change with them. Rows are made before the clock starts.
"""

from __future__ import annotations

import os
from pathlib import Path

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


class Limit(Bench):
    def version(self) -> str:
        return f"apsw {apsw.apsw_version()}"

    def s3(self, job: Job) -> Result:
        with folder(job) as path:
            return _rows(path, job)

    s4 = s3


def _rows(path: Path, job: Job) -> Result:
    n, size, nonce = job.int("n"), job.int("in_flight"), job.nonce
    connection = apsw.Connection(str(path / "limit.db"))
    connection.pragma("journal_mode", "WAL")
    schema.create(connection)
    connection.pragma("synchronous", _SYNCHRONOUS[job.text("level")])
    connection.wal_autocheckpoint(_LOG_PAGES)
    rows = [msgspec.structs.astuple(live_of(number + 1, nonce + number)) for number in range(n)]
    commits: list[float] = []
    before: list[tuple[int]] = []
    started = now()
    for first in range(0, n + size, size):
        batch = rows[first : first + size]
        begun = now()
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(_INSERT, batch)
        connection.executemany(_DELETE, before)
        connection.execute(_COUNT, (len(batch), "accepted"))
        connection.execute(_COUNT, (len(before), "done"))
        connection.execute("COMMIT")
        commits.append(now() - begun)
        before = [(row[0],) for row in batch]
    seconds = now() - started
    done = connection.execute("SELECT n FROM counter WHERE name = 'done'").get
    left = connection.execute("SELECT count(*) FROM live").get
    os.sync()
    # Nothing handles them: what was written is what has to be right.
    proof = {"count": done, "total": sum(range(nonce, nonce + n)), "left": left}
    return {"seconds": seconds, "proof": proof, **percentiles(commits, "commit_")}


BENCH = Limit()
