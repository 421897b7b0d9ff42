"""Many runs of one simulated test, one for each seed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

import msgspec

from regrow.errors.simulation import BadSimulation, NotDeterministic
from regrow.testing.sim.decisions import Deviations
from regrow.testing.sim.faults import Faults
from regrow.testing.sim.fence.options import Fence
from regrow.testing.sim.run import CLOSED, MAX_STEPS, NO_FAULTS, Body, Outcome, noted_run, quiet
from regrow.testing.sim.trace import Note, Trace

__all__ = ("Options", "Report", "checked_options", "explore", "runs")

SEEDS: Final = 200
MAX_SEED: Final = 2**63


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of many runs.

    Attributes:
        seeds: How many seeds were run.
        steps: Steps of their loops, all together.
        faults: How many faults struck, by kind.
        distinct: How many of the runs differ from all others.
        seconds: Real seconds that they took.
        failures: The runs that failed, by seed.
    """

    seeds: int
    steps: int
    faults: Mapping[str, int]
    distinct: int
    seconds: float
    failures: tuple[Outcome, ...]

    @property
    def seeds_per_second(self) -> float:
        """Seeds run in a real second."""
        return self.seeds / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a simulated test is run with.

    Attributes:
        seeds: How many seeds.
        start: The first of them.
        faults: What strikes by chance.
        fence: What may be used that no seed decides.
        max_steps: Steps of a run after which it fails as endless.
        logs: Whether log records are made.
    """

    seeds: int = SEEDS
    start: int = 0
    faults: Faults = NO_FAULTS
    fence: Fence = CLOSED
    max_steps: int = MAX_STEPS
    logs: bool = False

    @property
    def text(self) -> str:
        """What makes a run what it is, beside its seed."""
        return f"{self.faults!r} {self.fence!r} {self.max_steps} {self.logs}"

    def play(
        self,
        body: Body,
        seed: int,
        *,
        replay: Deviations | None = None,
        variant: int | None = None,
        tell: Callable[[str], object] | None = None,
    ) -> tuple[Outcome, Trace]:
        """One run with these options: see `run_seed` and `noted_run`."""
        return noted_run(
            body,
            seed,
            faults=self.faults,
            fence=self.fence,
            max_steps=self.max_steps,
            replay=replay,
            variant=variant,
            tell=tell,
        )


def checked_options(
    owner: str,
    *,
    seeds: object,
    start: object,
    faults: Faults | None,
    fence: Fence | None,
    max_steps: object,
    logs: object,
) -> Options:
    """The options, if they can be used.

    Raises:
        BadSimulation: One can't.
    """
    if type(seeds) is not int or seeds < 1:
        raise BadSimulation(owner, "seeds", seeds, "a whole number of at least 1")
    if type(start) is not int or not 0 <= start <= MAX_SEED - seeds:
        raise BadSimulation(owner, "start", start, "a whole number from 0")
    if type(max_steps) is not int or max_steps < 1:
        raise BadSimulation(owner, "max_steps", max_steps, "a whole number of at least 1")
    if faults is not None and not isinstance(faults, Faults):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise BadSimulation(owner, "faults", faults, "rt.Faults(...) or None")
    if fence is not None and not isinstance(fence, Fence):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise BadSimulation(owner, "fence", fence, "rt.Fence(...) or None")
    if not isinstance(logs, bool):
        raise BadSimulation(owner, "logs", logs, "True or False")
    chances = NO_FAULTS if faults is None else faults
    let_through = CLOSED if fence is None else fence
    return Options(
        seeds=seeds, start=start, faults=chances, fence=let_through, max_steps=max_steps, logs=logs
    )


def explore(
    body: Body,
    *,
    seeds: int = SEEDS,
    start: int = 0,
    faults: Faults | None = None,
    fence: Fence | None = None,
    max_steps: int = MAX_STEPS,
    logs: bool = False,
    failures: int = 1,
) -> Report:
    """Run `body(sim)` once for each of many seeds, without pytest.

    The first seed is run twice, to see whether it decides everything.

    Args:
        body: An `async def` of one argument, the `Simulation`.
        seeds: How many. Default 200.
        start: The first. Default 0.
        faults: What strikes by chance. Default nothing.
        fence: What may be used that no seed decides. Default nothing.
        max_steps: Steps of the loop after which a run fails as endless. Default 100,000.
        logs: Whether log records are made. Default False: there would be those of all runs.
        failures: After how many failures to stop. Default 1.

    Raises:
        BadSimulation: An option can't be used.
        NotDeterministic: The first seed gave two different runs.
    """
    options = checked_options(
        "explore", seeds=seeds, start=start, faults=faults, fence=fence, max_steps=max_steps, logs=logs
    )
    if type(failures) is not int or failures < 1:
        raise BadSimulation("explore", "failures", failures, "a whole number of at least 1")
    began = time.perf_counter()
    struck: Counter[str] = Counter()
    hashes: set[str] = set()
    failed: list[Outcome] = []
    steps = run = 0
    with quiet(logs=options.logs):
        for outcome in runs(body, options):
            run += 1
            steps += outcome.steps
            hashes.add(outcome.trace_hash)
            if outcome.faults:
                struck.update(outcome.faults)
            if outcome.failure is not None:
                failed.append(outcome)
                if len(failed) == failures:
                    break
    return Report(
        seeds=run,
        steps=steps,
        faults=dict(struck),
        distinct=len(hashes),
        seconds=time.perf_counter() - began,
        failures=tuple(failed),
    )


def runs(body: Body, options: Options) -> Iterator[Outcome]:
    """The outcomes, seed by seed, with logging as it is.

    Raises:
        NotDeterministic: The first seed gave two different runs.
    """
    yield _first(body, options)
    for seed in range(options.start + 1, options.start + options.seeds):
        yield options.play(body, seed)[0]


def _first(body: Body, options: Options) -> Outcome:
    """The run of the first seed: the second time, as the first loads modules and fills caches."""
    earlier, _ = options.play(body, options.start)
    outcome, trace = options.play(body, options.start)
    if earlier.trace_hash != outcome.trace_hash:
        again, other = options.play(body, options.start)
        if again.trace_hash != outcome.trace_hash:
            raise difference(options.start, trace.notes, other.notes)
    return outcome


def difference(seed: int, notes: Sequence[Note], others: Sequence[Note]) -> NotDeterministic:
    """Where two runs part that should be the same."""
    for number, (note, other) in enumerate(zip_longest(notes, others)):
        if note != other:
            return NotDeterministic(seed, number, str(note), str(other))
    return NotDeterministic(seed, len(notes), "an answer that isn't noted", "another")
