"""The test kit's own figures: seeds per second, guards, and the project's suite in virtual time."""

from __future__ import annotations

import asyncio
import logging
import time

import regrow as rg
import regrow.testing as rt
from benchmarks.systems import guard_tests, own_suite
from benchmarks.systems import sim_scenario as scenario
from benchmarks.systems.kit import Bench, Job, Note, Result, now
from benchmarks.systems.sim_scenario import RaceFound, Sums, Totals
from benchmarks.systems.starts import Starts
from regrow.testing.sim.run import Body, run_seed
from regrow.testing.sim.simulation import Simulation

_GONE = (rg.errors.ProcessExited, rg.errors.NoProcess)


class Server(rg.GenServer):
    """What the floor's does."""

    def init(self, sums: Sums) -> None:
        self.sums = sums
        self.handled = 0

    @rg.call
    def quick(self, value: int) -> int:
        return self._handle(value)

    @rg.call
    async def slow(self, value: int) -> int:
        await asyncio.sleep(scenario.PAUSE)
        return self._handle(value)

    def _handle(self, value: int) -> int:
        self.sums.handle(value)
        self.handled += 1
        return self.handled


async def _play(sim: Simulation, sums: Sums, *, racing: bool, slow: bool) -> None:
    children = [rg.child(Server, name=f"server-{i}", args=(sums,)) for i in range(scenario.SERVERS)]
    async with rg.System(children, max_restarts=100) as system:
        refs = [system.ref(f"server-{i}", Server) for i in range(scenario.SERVERS)]

        async def call(server: int, value: int) -> None:
            message = Server.slow(value) if slow and value % 2 == 0 else Server.quick(value)
            await refs[server].call(message, timeout=scenario.TIMEOUT)

        async with system.guest():
            for ref in refs:
                rg.monitor(ref)
            sim.always(sums.sane)
            await scenario.traffic(sums, call, _GONE, racing=racing)
            for _ in refs:
                await rg.receive(rg.Down)
                sums.downs += 1


def _body(job: Job, sums: Sums, *, racing: bool = False, slow: bool = False) -> Body:
    async def body(sim: Simulation) -> None:
        if job.text("plain"):
            await scenario.play(sums, sim.always, racing=racing, slow=slow)
        else:
            await _play(sim, sums, racing=racing, slow=slow)
        if racing:
            sums.check_ledger()

    return body


class TestKit(Bench):
    def version(self) -> str:
        return rg.__version__

    def t1(self, job: Job) -> Result:
        return self._seeds(job, slow=False)

    def t1s(self, job: Job) -> Result:
        return self._seeds(job, slow=True)

    def _seeds(self, job: Job, *, slow: bool) -> Result:
        n, totals = job.int("n"), Totals(job.nonce)

        async def body(sim: Simulation) -> None:
            await _body(job, totals.run(sim.seed), slow=slow)(sim)

        run_seed(_body(job, Sums(0), slow=slow), 0)  # imports, which no seed should pay for
        started, used = now(), time.process_time()
        report = rt.explore(body, seeds=n)
        seconds, used = now() - started, time.process_time() - used
        for outcome in report.failures:
            raise AssertionError(outcome.seed) from outcome.failure
        measures = {"seconds": seconds, "per_core_second": n / used, "distinct": report.distinct}
        return {**measures, "proof": totals.proof()}

    def t1r(self, job: Job) -> Result:
        starts = Starts(job)
        for start in starts:
            for run in range(job.int("most")):
                failure = run_seed(_body(job, Sums(job.nonce), racing=True, slow=True), start + run).failure
                if isinstance(failure, RaceFound):
                    starts.found(run + 1, failure)
                    break
                if failure is not None:
                    raise failure
            else:
                raise Note(f"not found in {job.int('most')} runs")
        return starts.result()

    def t2(self, job: Job) -> Result:
        return guard_tests.measure(job)

    def t3(self, job: Job) -> Result:
        return own_suite.measure(job)


logging.disable(logging.CRITICAL)
BENCH = TestKit()
