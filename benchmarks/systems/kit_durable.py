"""Durable sends by libraries that block: a queue is all that they have to be. Standard library alone.

A sender has at most `in_flight` messages on the way. A consumer on a thread of its own takes one, adds it
up and says that it is done; only then there is room for another.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.systems.kit import Bench, Job, Note, Result, now, percentiles

BURN_SECONDS = 0.001
_WAIT_SECONDS = 60.0


@contextmanager
def folder(job: Job) -> Iterator[Path]:
    """A folder on disk for this worker's files."""
    path = Path(tempfile.mkdtemp(dir=job.text("scratch") or None))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def burn() -> None:
    """Keeps the interpreter busy for a millisecond."""
    until = now() + BURN_SECONDS
    while now() < until:
        pass


@contextmanager
def load(job: Job) -> Iterator[None]:
    """What `load=busy` is for a library with threads: one that never rests."""
    over = threading.Event()

    def busy() -> None:
        while not over.is_set():
            burn()
            time.sleep(0)

    thread = threading.Thread(target=busy, daemon=True)
    if job.text("load") == "busy":
        thread.start()
    yield
    over.set()


class Sums:
    """What arrived, each message once, and how often it arrived in all."""

    def __init__(self, n: int) -> None:
        self._n = n
        self.runs = 0
        self._seen: set[int] = set()
        self._crashed: set[int] = set()

    def add(self, value: int) -> None:
        self.runs += 1
        self._seen.add(value)

    def crash_now(self, number: int, every: int, *, before: bool) -> bool:
        """Whether message `number` crashes its receiver, the first time: before or after it was added."""
        due = every and number % every == 0 and (number // every % 2 == 0) is before
        if not due or number in self._crashed:
            return False
        self._crashed.add(number)
        return True

    def result(self) -> Result:
        """What is lost and doubled, and the proof."""
        lost = self._n - len(self._seen)
        doubled = self.runs - len(self._seen)
        proof = {"count": len(self._seen), "total": sum(self._seen), "lost": lost}
        return {"lost": lost, "doubled": doubled, "proof": proof}


class Queue:
    """A queue that outlives its process."""

    @abstractmethod
    def put(self, value: int) -> None:
        """Returns when the message is as safe as the settings make it."""

    @abstractmethod
    def take(self) -> tuple[int, object]:
        """Waits for a message; also what `done` has to be told."""

    @abstractmethod
    def done(self, token: object) -> None:
        """It was handled."""

    def again(self, token: object) -> None:
        """It was not handled."""
        raise Note("what was taken can't be given back")

    @abstractmethod
    def left(self) -> int:
        """How many messages are still in it."""


class QueueBench(Bench):
    """S3 and W11 by one queue, one sender, one consumer."""

    def queue(self, path: Path, job: Job) -> Queue:
        raise NotImplementedError

    def s3(self, job: Job) -> Result:
        n, nonce = job.int("n"), job.nonce
        commits: list[float] = []
        with folder(job) as path, load(job):
            queue = self.queue(path, job)
            window = threading.BoundedSemaphore(job.int("in_flight"))
            counted = [0, 0]

            def consume() -> None:
                for _ in range(n):
                    value, token = queue.take()
                    counted[0] += 1
                    counted[1] += value
                    queue.done(token)
                    window.release()

            consumer = threading.Thread(target=consume, daemon=True)
            started = now()
            consumer.start()
            for value in range(nonce, nonce + n):
                window.acquire()
                before = now()
                queue.put(value)
                commits.append(now() - before)
            consumer.join(_WAIT_SECONDS)
            seconds = now() - started
            proof = {"count": counted[0], "total": counted[1], "left": queue.left()}
        return {"seconds": seconds, "proof": proof, **percentiles(commits, "accepted_")}

    def w11(self, job: Job) -> Result:
        n, nonce, every = job.int("n"), job.nonce, job.int("crash_every")
        sums = Sums(n)
        with folder(job) as path:
            queue = self.queue(path, job)
            window = threading.BoundedSemaphore(job.int("in_flight"))

            def consume() -> None:
                done = 0
                while done < n:
                    value, token = queue.take()
                    number = value - nonce
                    if sums.crash_now(number, every, before=True):
                        queue.again(token)
                        continue
                    sums.add(value)
                    if sums.crash_now(number, every, before=False):
                        queue.again(token)
                        continue
                    queue.done(token)
                    done += 1
                    window.release()

            consumer = threading.Thread(target=consume, daemon=True)
            started = now()
            consumer.start()
            for value in range(nonce, nonce + n):
                window.acquire()
                queue.put(value)
            consumer.join(_WAIT_SECONDS)
            seconds = now() - started
        note = "an exception stands for the crash" if every else None
        return {"seconds": seconds, **sums.result(), "note": note}
