"""The workloads for systems whose API blocks the calling thread, written once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.systems.kit import Bench, Job, Note, Result, now, percentiles

Tell = Callable[[int], object]
Ask = Callable[[int], int]


class SyncBench(Bench):
    """Subclasses give the primitives."""

    @contextmanager
    def session(self) -> Iterator[None]:
        yield

    def start(self, nonce: int) -> Any:
        """A server that adds what it is told, echoes what it is asked plus its nonce."""
        raise NotImplementedError

    def tell(self, handle: Any) -> Tell:
        raise NotImplementedError

    def ask(self, handle: Any) -> Ask:
        raise NotImplementedError

    def totals(self, handle: Any) -> tuple[int, int]:
        raise NotImplementedError

    def stop(self, handles: list[Any]) -> None:
        raise NotImplementedError

    def ask_all(self, handle: Any, values: range) -> int:
        """Asks for all of them before it waits for the first; returns the sum of the replies."""
        raise Note("no futures: a call blocks its thread")

    def chain(self, depth: int, nonce: int) -> Ask:
        raise Note("no calls from inside a handler")

    def skynet(self, leaves: int, nonce: int) -> int:
        raise Note("no cheap processes")

    def w1(self, job: Job) -> Result:
        n, nonce = job.int("n"), job.nonce
        with self.session():
            counter = self.start(0)
            tell = self.tell(counter)
            started = now()
            for value in range(nonce, nonce + n):
                tell(value)
            count, total = self.totals(counter)
            seconds = now() - started
            self.stop([counter])
            return {"seconds": seconds, "proof": {"count": count, "total": total}}

    def w2(self, job: Job) -> Result:
        n, warm_up, latencies = job.int("n"), job.int("warm_up"), job.int("latencies")
        with self.session():
            server = self.start(job.nonce)
            ask = self.ask(server)
            replies, more = 0, 0
            samples: list[float] = []
            started = now()
            for value in range(n):
                replies += ask(value)
            seconds = now() - started
            for value in range(warm_up + latencies):
                before = now()
                more += ask(value)
                samples.append(now() - before)
            count, _ = self.totals(server)
            self.stop([server])
            proof = {"replies": replies, "more_replies": more, "count": count}
            return {"seconds": seconds, "proof": proof, **percentiles(samples[warm_up:])}

    def w3(self, job: Job) -> Result:
        n, in_flight, replies = job.int("n"), job.int("in_flight"), 0
        with self.session():
            server = self.start(job.nonce)
            started = now()
            for first in range(0, n, in_flight):
                replies += self.ask_all(server, range(first, first + in_flight))
            seconds = now() - started
            count, _ = self.totals(server)
            self.stop([server])
            return {"seconds": seconds, "proof": {"replies": replies, "count": count}}

    def w4(self, job: Job) -> Result:
        actors, tells, nonce = job.int("actors"), job.int("tells"), job.nonce
        with self.session():
            servers = [self.start(0) for _ in range(actors)]
            tell_of = [self.tell(server) for server in servers]
            started = now()
            for i, tell in enumerate(tell_of):
                for _ in range(tells):
                    tell(nonce + i)
            answers = [self.totals(server) for server in servers]
            seconds = now() - started
            self.stop(servers)
            proof = {"count": sum(c for c, _ in answers), "total": sum(t for _, t in answers)}
            return {"seconds": seconds, "proof": proof}

    def w5(self, job: Job) -> Result:
        with self.session():
            ask = self.chain(job.int("depth"), job.nonce)
            replies = 0
            started = now()
            for value in range(job.int("rounds")):
                replies += ask(value)
            return {"seconds": now() - started, "proof": {"replies": replies}}

    def w6(self, job: Job) -> Result:
        with self.session():
            job.phase("base")
            servers = [self.start(job.nonce + i) for i in range(job.int("idle"))]
            idle = [self.ask(server)(0) for server in servers]
            job.phase("full")
            self.stop(servers)
            del servers
            started = now()
            servers = [self.start(job.nonce + i) for i in range(job.int("n"))]
            up = now()
            answers = [self.ask(server)(0) for server in servers]
            self.stop(servers)
            seconds = now() - started
            return {
                "seconds": seconds,
                "per_second": job.int("n") / (up - started),
                "proof": {"idle_answers": sum(idle), "answers": sum(answers)},
            }

    def w6s(self, job: Job) -> Result:
        n = job.int("n")
        with self.session():
            started = now()
            servers = [self.start(job.nonce + i) for i in range(n)]
            seconds = now() - started
            answers = [self.ask(server)(0) for server in servers]
            return {"seconds": seconds, "proof": {"answers": sum(answers)}}

    def w7(self, job: Job) -> Result:
        with self.session():
            started = now()
            total = self.skynet(job.int("leaves"), job.nonce)
            return {"seconds": now() - started, "proof": {"sum": total}}

    def w12(self, job: Job) -> Result:
        with self.session():
            servers = [self.start(job.nonce + i) for i in range(job.int("n"))]
            answers = [self.ask(server)(0) for server in servers]
            job.phase("idle")
            return {"proof": {"answers": sum(answers)}}
