"""DBOS on SQLite: a workflow per message, started and finished in the database; its default settings."""

from __future__ import annotations

import threading
from pathlib import Path

from dbos import DBOS

from benchmarks.systems.kit import Bench, Job, Result, now, percentiles
from benchmarks.systems.kit_durable import folder, load

_POLL_SECONDS = 0.01


class Dbos(Bench):
    distribution = "dbos"

    def s3(self, job: Job) -> Result:
        with folder(job) as path, load(job):
            return self._send(path, job)

    def _send(self, path: Path, job: Job) -> Result:
        n, nonce = job.int("n"), job.nonce
        counted, lock = [0, 0], threading.Lock()
        window = threading.BoundedSemaphore(job.int("in_flight"))

        @DBOS.workflow()
        def handle(value: int) -> None:
            with lock:
                counted[0] += 1
                counted[1] += value
            window.release()

        DBOS(
            config={
                "name": "bench",
                "system_database_url": f"sqlite:///{path / 'dbos.db'}",
                "log_level": "CRITICAL",
                "run_admin_server": False,
            }
        )
        DBOS.launch()
        commits, handles = [], []
        started = now()
        for value in range(nonce, nonce + n):
            window.acquire()
            before = now()
            handles.append(DBOS.start_workflow(handle, value))
            commits.append(now() - before)
        for handle_ in handles:
            handle_.get_result(polling_interval_sec=_POLL_SECONDS)
        seconds = now() - started
        left = len(DBOS.list_workflows(status=["PENDING", "ENQUEUED"]))
        proof = {"count": counted[0], "total": counted[1], "left": left}
        return {"seconds": seconds, "proof": proof, **percentiles(commits, "accepted_")}


BENCH = Dbos()
