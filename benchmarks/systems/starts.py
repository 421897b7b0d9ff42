"""T1r: from several seeds, how many runs it takes to find the planted race."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from benchmarks.systems.kit import Job, Result, now
from benchmarks.systems.sim_scenario import RaceFound

_APART = 1_000_000
"""Between the first seeds of two starts: more than any start runs."""


class Starts:
    """The first seeds, and what came of each."""

    def __init__(self, job: Job) -> None:
        self._first = job.nonce * _APART
        self._starts = job.int("starts")
        self._begun = 0.0
        self._runs: list[int] = []
        self._seconds: list[float] = []
        self._ledger = 0

    def __iter__(self) -> Iterator[int]:
        for start in range(self._starts):
            self._begun = now()
            yield self._first + start * _APART

    def found(self, runs: int, race: RaceFound) -> None:
        """The start found it with its run of that number."""
        self._seconds.append(now() - self._begun)
        self._runs.append(runs)
        self._ledger += int(race.args[0])

    def result(self) -> Result:
        return {
            "seconds": sum(self._seconds),
            "runs_until": statistics.median(self._runs),
            "p50": statistics.median(self._seconds),
            "proof": {"ledger": self._ledger},
        }
