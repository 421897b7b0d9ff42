"""huey: SqliteHuey's queue, with fsync=True or False; what it hands out it has deleted."""

from __future__ import annotations

import time
from pathlib import Path

from huey import SqliteHuey

from benchmarks.systems.kit import Job, Result
from benchmarks.systems.kit_durable import Queue, QueueBench


class Kept(Queue):
    def __init__(self, path: Path, *, fsync: bool) -> None:
        self._huey = SqliteHuey("bench", filename=str(path / "huey.db"), fsync=fsync, results=False)
        self.handled: list[int] = []

        @self._huey.task()
        def handle(value: int) -> None:
            self.handled.append(value)

        self._send = handle

    def put(self, value: int) -> None:
        self._send(value)

    def take(self) -> tuple[int, object]:
        # What its consumer does, without the sleeps between two looks.
        while (task := self._huey.dequeue()) is None:
            time.sleep(0)
        self._huey.execute(task)
        return self.handled.pop(), task

    def done(self, token: object) -> None:
        """It was deleted when it was taken."""

    def left(self) -> int:
        return self._huey.pending_count()


class Huey(QueueBench):
    distribution = "huey"

    def queue(self, path: Path, job: Job) -> Queue:
        return Kept(path, fsync=job.text("level") == "power")

    def s3(self, job: Job) -> Result:
        return {**super().s3(job), "note": "no acknowledgement: what is being handled is lost in a crash"}


BENCH = Huey()
