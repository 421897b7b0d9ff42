"""The workloads for systems whose API is asynchronous, written once.

An adapter says how one casts, calls and starts, as callables that are used as they are: for the
peers, at microseconds an operation, the one Python call between is below a hundredth. Regrow, the
asyncio floor and Erlang have loops of their own without even that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple

from benchmarks.systems.kit import Bench, CrashReports, Job, Note, Result, now, percentiles

_RESTART_SECONDS = 2.0
Tell = Callable[[int], Awaitable[object]]
Ask = Callable[[int], Awaitable[int]]


class Crashing(NamedTuple):
    """A supervised server: how to crash it, how to ask it, and how often it was started.

    `learns` is False where a caller of the crashing server is not told: then `crash` only casts.
    """

    crash: Callable[[], Awaitable[object]]
    ping: Callable[[], Awaitable[int]]
    starts: Callable[[], int]
    learns: bool = True


class TreeRun(NamedTuple):
    """Seconds of build and shutdown, and the stamps of the leaves in the order they stopped."""

    build: float
    stop: float
    started: int
    stopped: list[int]


class AsyncBench(Bench):
    """Subclasses give the primitives.

    Where `start` returns before the server is up (`start_waits` is False), one answer of each counts
    as part of a start.
    """

    start_waits = True

    async def breathe(self) -> None:
        await asyncio.sleep(0)

    def drive(self, main: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        return asyncio.run(main())

    async def together(self, clients: list[Callable[[], Coroutine[Any, Any, None]]]) -> None:
        await asyncio.gather(*(client() for client in clients))

    async def idle(self, job: Job) -> None:
        await job.idle_phase("idle")

    # The primitives.
    @asynccontextmanager
    async def session(self, job: Job, capacity: int) -> AsyncIterator[None]:
        yield

    async def start(self, nonce: int) -> Any:
        """A server that adds what it is told, echoes what it is asked plus its nonce."""
        raise NotImplementedError

    async def tell(self, handle: Any) -> Tell:
        raise NotImplementedError

    async def ask(self, handle: Any) -> Ask:
        raise NotImplementedError

    async def totals(self, handle: Any) -> tuple[int, int]:
        """How many were told and asked so far, and the sum of what was told."""
        raise NotImplementedError

    async def stop(self, handles: list[Any]) -> None:
        raise NotImplementedError

    async def chain(self, depth: int, nonce: int) -> Ask:
        raise Note("no calls from inside a handler")

    async def skynet(self, leaves: int, nonce: int) -> int:
        raise Note("no cheap processes")

    def crashing(self, strategy: str, children: int, nonce: int) -> AbstractAsyncContextManager[Crashing]:
        raise Note("no supervision")

    async def tree(self, depth: int, fan: int) -> TreeRun:
        raise Note("no supervision tree")

    # The workloads.
    def w1(self, job: Job) -> Result:
        async def main() -> Result:
            n, nonce = job.int("n"), job.nonce
            async with self.session(job, n + 10):
                counter = await self.start(0)
                tell = await self.tell(counter)
                started = now()
                for value in range(nonce, nonce + n):
                    await tell(value)
                count, total = await self.totals(counter)
                return {"seconds": now() - started, "proof": {"count": count, "total": total}}

        return self.drive(main)

    def w2(self, job: Job) -> Result:
        async def main() -> Result:
            n, warm_up, latencies = job.int("n"), job.int("warm_up"), job.int("latencies")
            async with self.session(job, n + 10):
                server = await self.start(job.nonce)
                ask = await self.ask(server)
                replies, more, samples = 0, 0, []
                started = now()
                for value in range(n):
                    replies += await ask(value)
                seconds = now() - started
                for value in range(warm_up + latencies):
                    before = now()
                    more += await ask(value)
                    samples.append(now() - before)
                count, _ = await self.totals(server)
                proof = {"replies": replies, "more_replies": more, "count": count}
                return {"seconds": seconds, "proof": proof, **percentiles(samples[warm_up:])}

        return self.drive(main)

    def w3(self, job: Job) -> Result:
        async def main() -> Result:
            n, in_flight = job.int("n"), job.int("in_flight")
            each, replies = n // in_flight, [0]
            async with self.session(job, n + 10):
                server = await self.start(job.nonce)
                ask = await self.ask(server)

                def client(first: int) -> Callable[[], Coroutine[Any, Any, None]]:
                    async def go() -> None:
                        mine = 0
                        for value in range(first, first + each):
                            mine += await ask(value)
                        replies[0] += mine

                    return go

                clients = [client(i * each) for i in range(in_flight)]
                started = now()
                await self.together(clients)
                seconds = now() - started
                count, _ = await self.totals(server)
                return {"seconds": seconds, "proof": {"replies": replies[0], "count": count}}

        return self.drive(main)

    def w4(self, job: Job) -> Result:
        async def main() -> Result:
            actors, tells, nonce = job.int("actors"), job.int("tells"), job.nonce
            async with self.session(job, tells + 10):
                servers = [await self.start(0) for _ in range(actors)]
                tell_of = [await self.tell(server) for server in servers]
                started = now()
                for i, tell in enumerate(tell_of):
                    for _ in range(tells):
                        await tell(nonce + i)
                    if i % 50 == 49:
                        await self.breathe()
                answers = [await self.totals(server) for server in servers]
                seconds = now() - started
                proof = {"count": sum(c for c, _ in answers), "total": sum(t for _, t in answers)}
                return {"seconds": seconds, "proof": proof}

        return self.drive(main)

    def w5(self, job: Job) -> Result:
        async def main() -> Result:
            depth, rounds = job.int("depth"), job.int("rounds")
            async with self.session(job, 1000):
                ask = await self.chain(depth, job.nonce)
                replies = 0
                started = now()
                for value in range(rounds):
                    replies += await ask(value)
                return {"seconds": now() - started, "proof": {"replies": replies}}

        return self.drive(main)

    def w6(self, job: Job) -> Result:
        async def main() -> Result:
            async with self.session(job, 1000):
                job.phase("base")
                servers = [await self.start(job.nonce + i) for i in range(job.int("idle"))]
                idle = [await (await self.ask(server))(0) for server in servers]
                job.phase("full")
                await self.stop(servers)
                del servers
                started = now()
                servers = [await self.start(job.nonce + i) for i in range(job.int("n"))]
                up = now()
                answers = [await (await self.ask(server))(0) for server in servers]
                answered = now()
                await self.stop(servers)
                return {
                    "seconds": now() - started,
                    "per_second": job.int("n") / ((up if self.start_waits else answered) - started),
                    "proof": {"idle_answers": sum(idle), "answers": sum(answers)},
                }

        return self.drive(main)

    w6m = w6

    def w6s(self, job: Job) -> Result:
        async def main() -> Result:
            n = job.int("n")
            async with self.session(job, 1000):
                started = now()
                servers = [await self.start(job.nonce + i) for i in range(n)]
                up = now()
                answers = [await (await self.ask(server))(0) for server in servers]
                seconds = (up if self.start_waits else now()) - started
                return {"seconds": seconds, "proof": {"answers": sum(answers)}}

        return self.drive(main)

    def w7(self, job: Job) -> Result:
        async def main() -> Result:
            async with self.session(job, 1000):
                started = now()
                total = await self.skynet(job.int("leaves"), job.nonce)
                return {"seconds": now() - started, "proof": {"sum": total}}

        return self.drive(main)

    def w9(self, job: Job) -> Result:
        async def main() -> Result:
            CrashReports(job).attach(logging.getLogger())
            crashes, answers = job.int("crashes"), 0
            first_answer: list[float] = []
            learnt: list[float] = []
            async with (
                self.session(job, 1000),
                self.crashing(job.text("strategy"), job.int("children"), job.nonce) as crashing,
            ):
                begin, last = now(), await crashing.ping()
                for _ in range(crashes):
                    started = now()
                    await _swallow(crashing.crash)
                    learnt.append(now() - started)
                    last = await self._until_new(crashing, last)
                    first_answer.append(now() - started)
                    answers += last
                result = percentiles(first_answer)
                if crashing.learns:
                    result |= percentiles(learnt, "learn_")
                proof = {"starts": crashing.starts(), "answers": answers}
                return {"seconds": now() - begin, "proof": proof, **result}

        return self.drive(main)

    async def _until_new(self, crashing: Crashing, last: int) -> int:
        give_up = now() + _RESTART_SECONDS
        while now() < give_up:
            try:
                answer = await crashing.ping()
            except Exception:  # noqa: BLE001 - each library has its own way to say "not there"
                answer = last
            if answer != last:
                return answer
            await self.breathe()
        raise Note(
            f"start {crashing.starts()} was the last: no answer {_RESTART_SECONDS:.0f} s after a crash"
        )

    def w10(self, job: Job) -> Result:
        async def main() -> Result:
            async with self.session(job, 1000):
                run = await self.tree(job.int("depth"), job.int("fan"))
                order = sum(place * leaf for place, leaf in enumerate(run.stopped))
                proof = {"started": run.started, "stopped": len(run.stopped), "order": order}
                return {
                    "seconds": run.build + run.stop,
                    "build_seconds": run.build,
                    "stop_seconds": run.stop,
                    "proof": {**proof, "nonce": job.nonce},
                }

        return self.drive(main)

    def w12(self, job: Job) -> Result:
        async def main() -> Result:
            async with self.session(job, 1000):
                servers = [await self.start(job.nonce + i) for i in range(job.int("n"))]
                answers = [await (await self.ask(server))(0) for server in servers]
                await self.idle(job)
                return {"proof": {"answers": sum(answers)}}

        return self.drive(main)


async def _swallow(crash: Callable[[], Awaitable[object]]) -> None:
    try:
        await crash()
    except Exception:  # noqa: BLE001 - each library has its own error for a dead callee
        return
