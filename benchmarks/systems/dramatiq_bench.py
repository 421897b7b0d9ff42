"""dramatiq with the broker that it has in process, StubBroker: in memory, one worker thread."""

from __future__ import annotations

import logging
import threading

import dramatiq
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import Retries

from benchmarks.systems.kit import Bench, Job, Result, now
from benchmarks.systems.kit_durable import Sums, load

_NOTE = "in memory: it has no durable queue in process"


class Dramatiq(Bench):
    distribution = "dramatiq"

    def s3(self, job: Job) -> Result:
        with load(job):
            seconds, sums = self._send(job, 0)
        proof = sums.result()["proof"]
        return {"seconds": seconds, "proof": {**proof, "left": proof["lost"]}, "note": _NOTE}

    def w11(self, job: Job) -> Result:
        every = job.int("crash_every")
        note = f"{_NOTE}; an exception stands for the crash" if every else _NOTE
        seconds, sums = self._send(job, every)
        return {"seconds": seconds, **sums.result(), "note": note}

    def _send(self, job: Job, every: int) -> tuple[float, Sums]:
        n, nonce = job.int("n"), job.nonce
        logging.getLogger("dramatiq").setLevel(logging.CRITICAL + 1)
        # Milliseconds; its default is to wait 15 s before it tries again.
        broker = StubBroker(middleware=[Retries(max_retries=20, min_backoff=1, max_backoff=10)])
        sums = Sums(n)
        window = threading.BoundedSemaphore(job.int("in_flight"))

        @dramatiq.actor(broker=broker)
        def handle(value: int) -> None:
            number = value - nonce
            if sums.crash_now(number, every, before=True):
                raise RuntimeError("boom")
            sums.add(value)
            if sums.crash_now(number, every, before=False):
                raise RuntimeError("boom")
            window.release()

        worker = dramatiq.Worker(broker, worker_threads=1)
        worker.start()
        started = now()
        for value in range(nonce, nonce + n):
            window.acquire()
            handle.send(value)
        broker.join(handle.queue_name)
        seconds = now() - started
        return seconds, sums


BENCH = Dramatiq()
