"""Many seeds, on one process or several, and the sum of what they found."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed

import msgspec

from regrow.testing.sim.run import Outcome
from tests.simulation.scenario import Part, Scenario, scenarios

CHUNK = 250
"""Seeds that a process is given at a time."""


class Violated(msgspec.Struct, frozen=True):
    """A run that went wrong."""

    scenario: str
    seed: int
    invariant: str
    text: str
    token: str
    """Has the run again: `--scenario NAME --replay TOKEN`."""


class Result(msgspec.Struct, kw_only=True):
    """What became of many runs.

    Attributes:
        runs: How many, by scenario.
        steps: Steps of their loops.
        virtual_seconds: Time that went by in them.
        faults: Faults that struck, by kind; what scenarios do themselves is not counted.
        violations: Runs that went wrong, by seed.
        seconds: Real time.
    """

    runs: Counter[str] = msgspec.field(default_factory=Counter)
    steps: int = 0
    virtual_seconds: float = 0.0
    faults: Counter[str] = msgspec.field(default_factory=Counter)
    violations: list[Violated] = msgspec.field(default_factory=list)
    seconds: float = 0.0

    @property
    def seeds(self) -> int:
        return sum(self.runs.values())

    def add(self, scenario: Scenario, outcome: Outcome, replayed: Outcome | None = None) -> None:
        """One more run, and the same once more from its deviations."""
        name = scenario.name
        self.runs[name] += 1
        self.steps += outcome.steps
        self.virtual_seconds += outcome.time
        self.faults.update(outcome.faults)
        failure = outcome.failure
        if failure is not None:
            invariant = str(getattr(failure, "invariant", type(failure).__name__))
            text, token = str(failure), scenario.token(outcome)
            self.violations.append(Violated(name, outcome.seed, invariant, text, token))
        if replayed is not None and replayed.trace_hash != outcome.trace_hash:
            token = scenario.token(outcome)
            text = f"replay: {outcome.trace_hash} was replayed as {replayed.trace_hash}"
            self.violations.append(Violated(name, outcome.seed, "replay", text, token))

    def report(self) -> str:
        """Of each violation: what is wrong, and how to see it again; "" if there is none."""
        return "\n".join(
            f"seed {one.seed}: {one.text}\n"
            f"  python -m tests.simulation --scenario {one.scenario} --story --from {one.seed}\n  {one.token}"
            for one in self.violations
        )

    def merge(self, other: Result) -> None:
        """The runs of another process."""
        self.runs += other.runs
        self.steps += other.steps
        self.virtual_seconds += other.virtual_seconds
        self.faults += other.faults
        self.violations = sorted([*self.violations, *other.violations], key=lambda one: one.seed)


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """Which seeds are run.

    Attributes:
        first: The first seed.
        count: How many; each is one run of one scenario, in turn.
        part: Only scenarios of this part.
        scenario: Only this one.
        until_first: Stop at the first violation.
        replay: Run each again from its deviations, and compare.
    """

    first: int = 0
    count: int = 1000
    part: Part | None = None
    scenario: str | None = None
    until_first: bool = False
    replay: bool = False

    def plan(self) -> list[tuple[str, int]]:
        """Scenario and seed of each run."""
        known = scenarios(self.part)
        chosen = known if self.scenario is None else {self.scenario: known[self.scenario]}
        turns = list(_in_turn(chosen.values()))
        return [(turns[seed % len(turns)], seed) for seed in range(self.first, self.first + self.count)]

    def run(self, *, processes: int = 1, tell: Callable[[Result], object] | None = None) -> Result:
        """Run them all. `tell` is given the sum so far, now and then."""
        begun = time.monotonic()
        total = Result()
        plan = self.plan()
        chunks = [plan[at : at + CHUNK] for at in range(0, len(plan), CHUNK)]
        parts = map(self.run_chunk, chunks)
        for part in parts if processes == 1 else self._spread(chunks, processes):
            total.merge(part)
            total.seconds = time.monotonic() - begun
            if tell is not None:
                tell(total)
            if self.until_first and total.violations:
                break
        return total

    def run_chunk(self, chunk: list[tuple[str, int]]) -> Result:
        """Run some of them, here."""
        known = scenarios(self.part)
        result = Result()
        for name, seed in chunk:
            scenario = known[name]
            outcome = scenario.run(seed)
            again = scenario.run(seed, replay=outcome.deviations) if self.replay else None
            result.add(scenario, outcome, again)
            if self.until_first and result.violations:
                break
        return result

    def _spread(self, chunks: list[list[tuple[str, int]]], processes: int) -> Iterator[Result]:
        """Run them on several processes; results come as they are ready."""
        with ProcessPoolExecutor(processes) as pool:
            futures: list[Future[Result]] = [pool.submit(self.run_chunk, chunk) for chunk in chunks]
            try:
                for future in as_completed(futures):
                    yield future.result()
            finally:
                for future in futures:
                    future.cancel()


def _in_turn(chosen: Iterable[Scenario]) -> Iterator[str]:
    """Each as often as it weighs, the heavy ones spread out."""
    weights = {one.name: one.weight for one in chosen}
    for round_ in range(max(weights.values())):
        yield from (name for name, weight in weights.items() if weight > round_)
