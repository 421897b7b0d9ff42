"""persist-queue: SQLiteAckQueue; write-ahead log with SQLite's default of a full sync per commit."""

from __future__ import annotations

from pathlib import Path

from persistqueue import SQLiteAckQueue

from benchmarks.systems.kit import Job
from benchmarks.systems.kit_durable import Queue, QueueBench


class Kept(Queue):
    def __init__(self, path: Path) -> None:
        self._queue = SQLiteAckQueue(str(path), multithreading=True, auto_commit=True)

    def put(self, value: int) -> None:
        self._queue.put(value)

    def take(self) -> tuple[int, object]:
        found = self._queue.get(raw=True)
        return found["data"], found["pqid"]

    def done(self, token: object) -> None:
        self._queue.ack(id=token)

    def again(self, token: object) -> None:
        self._queue.nack(id=token)

    def left(self) -> int:
        return self._queue.size + self._queue.unack_count()


class PersistQueue(QueueBench):
    distribution = "persist-queue"

    def queue(self, path: Path, job: Job) -> Queue:
        return Kept(path)


BENCH = PersistQueue()
