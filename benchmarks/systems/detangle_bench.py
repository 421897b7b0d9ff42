"""detangle: the floor's code under seeded schedules, explored as its documentation does."""

from __future__ import annotations

import time

import detangle

from benchmarks.systems import sim_scenario as scenario
from benchmarks.systems.kit import Bench, Job, Note, Result, now
from benchmarks.systems.sim_scenario import RaceFound, Sums, Totals
from benchmarks.systems.starts import Starts


class Detangle(Bench):
    distribution = "detangle"

    def t1(self, job: Job) -> Result:
        return self._seeds(job, slow=False)

    def t1s(self, job: Job) -> Result:
        return self._seeds(job, slow=True)

    def _seeds(self, job: Job, *, slow: bool) -> Result:
        n, totals = job.int("n"), Totals(job.nonce)

        async def warm() -> None:
            await scenario.play(Sums(0), detangle.invariant, slow=slow)

        async def body() -> None:
            await scenario.play(totals.run(), detangle.invariant, slow=slow)

        detangle.run(warm, seed=0)
        started, used = now(), time.process_time()
        # It keeps a hash of the order of every run.
        stats = detangle.explore(body, runs=n, seed=job.nonce, database=False)
        seconds, used = now() - started, time.process_time() - used
        measures = {"seconds": seconds, "per_core_second": n / used, "distinct": stats.distinct_schedules}
        return {**measures, "proof": totals.proof()}

    def t1r(self, job: Job) -> Result:
        async def body() -> None:
            sums = Sums(job.nonce)
            await scenario.play(sums, detangle.invariant, racing=True, slow=True)
            sums.check_ledger()

        starts = Starts(job)
        for start in starts:
            try:
                detangle.explore(body, runs=job.int("most"), seed=start, database=False, shrink=False)
            except detangle.BugFound as bug:
                race = bug.report.failure.exception
                if not isinstance(race, RaceFound):
                    raise
                starts.found(bug.report.runs, race)
            else:
                raise Note(f"not found in {job.int('most')} runs")
        return starts.result()


BENCH = Detangle()
