"""The scenario on the stock loop: real time, one schedule, no seeds."""

from __future__ import annotations

import asyncio
import time

from benchmarks.systems import sim_scenario as scenario
from benchmarks.systems.kit import Bench, Job, Note, Result, now
from benchmarks.systems.sim_scenario import Check, RaceFound, Sums, Totals
from benchmarks.systems.starts import Starts


def _none(check: Check) -> None:
    """A stock loop has no invariants; this one is looked at once, at the end."""


class Floor(Bench):
    def t1(self, job: Job) -> Result:
        return self._seeds(job, slow=False)

    def t1s(self, job: Job) -> Result:
        return self._seeds(job, slow=True)

    def _seeds(self, job: Job, *, slow: bool) -> Result:
        n, totals = job.int("n"), Totals(job.nonce)
        started, used = now(), time.process_time()
        for _ in range(n):
            sums = totals.run()
            asyncio.run(scenario.play(sums, _none, slow=slow))
            if not sums.sane():
                raise AssertionError("the invariant is broken")
        seconds, used = now() - started, time.process_time() - used
        return {"seconds": seconds, "per_core_second": n / used, "proof": totals.proof()}

    def t1r(self, job: Job) -> Result:
        starts = Starts(job)
        for _ in starts:
            for run in range(job.int("most")):
                sums = Sums(job.nonce)
                asyncio.run(scenario.play(sums, _none, racing=True, slow=True))
                try:
                    sums.check_ledger()
                except RaceFound as race:
                    starts.found(run + 1, race)
                    break
            else:
                raise Note(f"not found in {job.int('most')} runs: they are all alike")
        return starts.result()


BENCH = Floor()
