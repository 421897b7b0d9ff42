"""Regrow, hand-off on or off, handlers `def` or `async def`; loops of its own, without adapters."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, cast

import regrow as rg
from benchmarks.systems.kit import Bench, CrashReports, Job, Result, now, percentiles
from benchmarks.systems.kit_async import Coroutine
from benchmarks.systems.regrow_servers import (
    CALL_TIMEOUT,
    AsyncCounter,
    Counter,
    Idle,
    Leaf,
    Link,
    Phoenix,
    sky,
    tree,
)

__all__ = ("BENCH", "Counter", "Leaf", "invoker")

Main = Callable[[], Coroutine[Any, Any, Result]]


def invoker(server: type, message: object) -> Callable[[object, object], object]:
    """How the engine calls the handler of a message: the floor calls it the same way."""
    handler = cast(Any, type(message)).__handler__
    return cast(Callable[[object, object], object], handler.resolve(server).invoke)


class Regrow(Bench):
    """Each workload by the public API, as a user would write it."""

    def version(self) -> str:
        return rg.__version__

    def _drive(self, main: Main) -> Result:
        return asyncio.run(main())

    def _system(self, children: list[rg.ChildSpec], job: Job, **options: Any) -> rg.System:
        return rg.System(children, hand_off=job.text("hand_off", "1") == "1", **options)

    def _server(self, job: Job, capacity: int) -> type[Counter]:
        base = AsyncCounter if job.text("colour") == "async" else Counter
        sized = type("Sized", (base,), {"mailbox": rg.Mailbox(capacity=capacity)})
        return cast(type[Counter], sized)

    def w1(self, job: Job) -> Result:
        async def main() -> Result:
            n, nonce = job.int("n"), job.nonce
            server = self._server(job, n + 10)
            async with self._system([rg.child(server, name="counter")], job) as system:
                counter = system.ref("counter", server).whereis()
                assert counter is not None
                add, cast_ = server.add, counter.cast
                started = now()
                for value in range(nonce, nonce + n):
                    cast_(add(value))
                count, total = await counter.call(server.totals(), timeout=CALL_TIMEOUT)
                return {"seconds": now() - started, "proof": {"count": count, "total": total}}

        return self._drive(main)

    def w2(self, job: Job) -> Result:
        async def main() -> Result:
            n, warm_up, latencies = job.int("n"), job.int("warm_up"), job.int("latencies")
            server = self._server(job, 1000)
            async with self._system([rg.child(server, name="echo", args=(job.nonce,))], job) as system:
                pid = system.ref("echo", server).whereis()
                assert pid is not None
                call, echo = pid.call, server.echo
                replies = more = 0
                samples: list[float] = []
                started = now()
                for value in range(n):
                    replies += await call(echo(value), timeout=5.0)
                seconds = now() - started
                for value in range(warm_up + latencies):
                    before = now()
                    more += await call(echo(value), timeout=5.0)
                    samples.append(now() - before)
                count, _ = await call(server.totals(), timeout=5.0)
                proof = {"replies": replies, "more_replies": more, "count": count}
                return {"seconds": seconds, "proof": proof, **percentiles(samples[warm_up:])}

        return self._drive(main)

    def w3(self, job: Job) -> Result:
        async def main() -> Result:
            n, in_flight = job.int("n"), job.int("in_flight")
            server, each = self._server(job, in_flight + 10), n // in_flight
            async with self._system([rg.child(server, name="echo", args=(job.nonce,))], job) as system:
                call, echo = system.ref("echo", server).call, server.echo

                async def client(first: int) -> int:
                    replies = 0
                    for value in range(first, first + each):
                        replies += await call(echo(value), timeout=CALL_TIMEOUT)
                    return replies

                started = now()
                answers = await asyncio.gather(*(client(i * each) for i in range(in_flight)))
                seconds = now() - started
                count, _ = await call(server.totals(), timeout=5.0)
                return {"seconds": seconds, "proof": {"replies": sum(answers), "count": count}}

        return self._drive(main)

    def w4(self, job: Job) -> Result:
        async def main() -> Result:
            actors, tells, nonce = job.int("actors"), job.int("tells"), job.nonce
            server = self._server(job, tells + 10)
            children = [rg.child(server, name=f"counter-{i}") for i in range(actors)]
            async with self._system(children, job) as system:
                refs = [system.ref(f"counter-{i}", server) for i in range(actors)]
                started = now()
                for i, ref in enumerate(refs):
                    for _ in range(tells):
                        ref.cast(server.add(nonce + i))
                    if i % 50 == 49:
                        await asyncio.sleep(0)
                answers = [await ref.call(server.totals(), timeout=CALL_TIMEOUT) for ref in refs]
                seconds = now() - started
                proof = {"count": sum(c for c, _ in answers), "total": sum(t for _, t in answers)}
                return {"seconds": seconds, "proof": proof}

        return self._drive(main)

    def w5(self, job: Job) -> Result:
        async def main() -> Result:
            depth, rounds, replies = job.int("depth"), job.int("rounds"), 0
            onward = [None, *(f"link-{i}" for i in range(depth - 1))]
            children = [
                rg.child(Link, name=f"link-{i}", args=(name, job.nonce)) for i, name in enumerate(onward)
            ]
            async with self._system(children, job) as system:
                head = system.ref(f"link-{depth - 1}", Link)
                started = now()
                for value in range(rounds):
                    replies += await head.call(Link.forward(value), timeout=CALL_TIMEOUT)
                return {"seconds": now() - started, "proof": {"replies": replies}}

        return self._drive(main)

    async def _start(self, pool: rg.Ref[rg.DynamicSupervisor], n: int, nonce: int) -> list[rg.Pid[Idle]]:
        pids: list[rg.Pid[object] | None] = []
        spec = rg.ChildSpec(id="idle", target=Idle)  # one for all, as simple_one_for_one has it
        for answer in range(nonce, nonce + n):
            message = rg.DynamicSupervisor.start_child(spec, (answer,))
            pids.append(await pool.call(message, timeout=CALL_TIMEOUT))
        return cast(list[rg.Pid[Idle]], pids)

    async def _answers(self, pids: list[rg.Pid[Idle]]) -> int:
        return sum([await pid.call(Idle.ask(), timeout=CALL_TIMEOUT) for pid in pids])

    def _pool(self) -> list[rg.ChildSpec]:
        return [rg.dynamic_supervisor(name="pool")]

    def w6(self, job: Job) -> Result:
        async def main() -> Result:
            async with self._system(self._pool(), job) as system:
                job.phase("base")
                pids = await self._start(system.ref("pool", rg.DynamicSupervisor), job.int("idle"), job.nonce)
                idle_answers = await self._answers(pids)
                job.phase("full")
                del pids
            system = self._system(self._pool(), job)
            await system.start()
            started = now()
            pids = await self._start(system.ref("pool", rg.DynamicSupervisor), job.int("n"), job.nonce)
            up = now()
            answers = await self._answers(pids)
            await system.stop(timeout=CALL_TIMEOUT)
            return {
                "seconds": now() - started,
                "per_second": job.int("n") / (up - started),
                "proof": {"idle_answers": idle_answers, "answers": answers},
            }

        return self._drive(main)

    w6m = w6

    def w6s(self, job: Job) -> Result:
        async def main() -> Result:
            async with self._system(self._pool(), job) as system:
                pool = system.ref("pool", rg.DynamicSupervisor)
                started = now()
                pids = await self._start(pool, job.int("n"), job.nonce)
                seconds = now() - started
                return {"seconds": seconds, "proof": {"answers": await self._answers(pids)}}

        return self._drive(main)

    def w7(self, job: Job) -> Result:
        async def main() -> Result:
            async with self._system([], job) as system, system.guest() as me:
                started = now()
                system.spawn(sky, me, 0, job.int("leaves"), job.nonce)
                total = await rg.receive(timeout=120.0)
                return {"seconds": now() - started, "proof": {"sum": total}}

        return self._drive(main)

    def w9(self, job: Job) -> Result:
        async def main() -> Result:
            reports = CrashReports(job).attach(logging.getLogger("regrow"))
            crashes, nonce, answers = job.int("crashes"), job.nonce, 0
            starts = [[0] for _ in range(job.int("children"))]
            children = [rg.child(Phoenix, name=f"w{i}", args=(s, nonce)) for i, s in enumerate(starts)]
            budget: dict[str, Any] = {"max_restarts": 1_000_000_000, "max_seconds": 1.0}
            system = self._system(children, job, strategy=job.text("strategy"), **budget)
            learnt: list[float] = []
            first_answer: list[float] = []
            async with system:
                ref = system.ref("w0", Phoenix)
                begin = now()
                for _ in range(crashes):
                    started = now()
                    try:
                        await ref.call(Phoenix.boom(), timeout=5.0)
                    except rg.errors.ProcessExited:
                        learnt.append(now() - started)
                    answers += await _first_answer(ref)
                    first_answer.append(now() - started)
                    # The reports are given out after the restart; the next crash waits for them.
                    await system.idle()
                seconds = now() - begin
            if reports.seen < 2 * crashes:  # the server's own and its supervisor's
                raise AssertionError(f"{crashes} crashes, {reports.seen} reports")
            return {
                "seconds": seconds,
                "proof": {"starts": starts[0][0], "answers": answers},
                **percentiles(first_answer),
                **percentiles(learnt, "learn_"),
            }

        return self._drive(main)

    def w10(self, job: Job) -> Result:
        async def main() -> Result:
            stamps: list[int] = []
            stopped: list[int] = []
            system = self._system(tree(job.int("depth"), job.int("fan"), stamps, stopped), job)
            started = now()
            await system.start()
            up = now()
            await system.stop(timeout=60.0)
            down = now()
            order = sum(place * leaf for place, leaf in enumerate(stopped))
            proof = {"started": len(stamps), "stopped": len(stopped), "order": order, "nonce": job.nonce}
            return {
                "seconds": down - started,
                "build_seconds": up - started,
                "stop_seconds": down - up,
                "proof": proof,
            }

        return self._drive(main)

    def w12(self, job: Job) -> Result:
        async def main() -> Result:
            async with self._system(self._pool(), job) as system:
                pool = system.ref("pool", rg.DynamicSupervisor)
                answers = await self._answers(await self._start(pool, job.int("n"), job.nonce))
                await job.idle_phase("idle")
                return {"proof": {"answers": answers}}

        return self._drive(main)


async def _first_answer(ref: rg.Ref[Phoenix]) -> int:
    while True:
        try:
            return await ref.call(Phoenix.ping(), timeout=5.0)
        except (rg.errors.NoProcess, rg.errors.ProcessExited):
            await asyncio.sleep(0)


BENCH = Regrow()
