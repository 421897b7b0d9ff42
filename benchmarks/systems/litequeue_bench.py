"""litequeue: write-ahead log, synchronous=NORMAL, as it sets both itself."""

from __future__ import annotations

import time
from pathlib import Path

from litequeue import LiteQueue, MessageStatus

from benchmarks.systems.kit import Job, Result
from benchmarks.systems.kit_durable import Queue, QueueBench


class Kept(Queue):
    def __init__(self, path: Path) -> None:
        # A connection for each of the two threads.
        self._sender = LiteQueue(str(path / "queue.db"))
        self._queue = LiteQueue(str(path / "queue.db"))

    def put(self, value: int) -> None:
        self._sender.put(str(value))

    def take(self) -> tuple[int, object]:
        # It has no way to wait.
        while (found := self._queue.pop()) is None:
            time.sleep(0)
        return int(found.data), found.message_id

    def done(self, token: object) -> None:
        self._queue.done(token)

    def left(self) -> int:
        statuses = (MessageStatus.READY.value, MessageStatus.LOCKED.value)
        sql = f"SELECT count(*) FROM {self._queue.table} WHERE status IN (?, ?)"
        return self._queue.conn.execute(sql, statuses).fetchone()[0]


class Lite(QueueBench):
    distribution = "litequeue"

    def queue(self, path: Path, job: Job) -> Queue:
        return Kept(path)

    def s3(self, job: Job) -> Result:
        return {**super().s3(job), "note": "0.9 is the last for Python 3.11"}


BENCH = Lite()
