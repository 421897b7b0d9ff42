"""Servers and helpers of the tests of simulated faults."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.testing.sim.run import Body, Outcome, run_seed

__all__ = ("Counter", "nap", "pairs", "played", "quietly", "replays", "runs", "silent", "tree")


NONE = rt.Faults()


def nap(seconds: float) -> None:
    """What code on threads does."""
    time.sleep(seconds)  # noqa: TID251, RG601  # on a thread of the simulation


class Counter(rg.GenServer):
    """Counts, by all kinds of handlers."""

    def init(self, log: list[object] | None = None) -> None:
        self.count = 0
        self.log = log if log is not None else []
        self.log.append("init")

    @rg.call
    def add(self, by: int = 1) -> int:
        self.count += by
        return self.count

    @rg.call
    async def add_later(self, by: int = 1) -> int:
        await rt.pass_time(0.1)
        self.count += by
        return self.count

    @rg.call(blocking=True)
    def add_on_thread(self, by: int = 1) -> int:
        self.count += by
        return self.count

    @rg.call(raises=(rg.errors.RegrowError,))
    def declares_all(self) -> int:
        return self.count

    @rg.cast
    def bump(self) -> None:
        self.count += 1
        self.log.append("bump")

    def handle_info(self, message: object) -> None:
        self.log.append(message)

    def terminate(self, reason: rg.ExitReason) -> None:
        self.log.append(("terminate", reason))


def tree(*names: str, log: list[object] | None = None, **options: object) -> rg.System:
    """A System of counters."""
    children = [rg.child(Counter, name=name, args=(log,)) for name in names]
    return rg.System(children, **{"max_restarts": 1_000_000, **options})  # type: ignore[arg-type]


def runs(
    body: Body,
    seeds: int,
    faults: rt.Faults = NONE,
    *,
    start: int = 0,
) -> Iterator[Outcome]:
    """Run `body` with so many seeds."""
    for seed in range(start, start + seeds):
        yield run_seed(body, seed, faults=faults)


def replays(body: Body, outcome: Outcome, faults: rt.Faults) -> Outcome:
    """The same run again, from its deviations alone."""
    return run_seed(body, outcome.seed, faults=faults, replay=outcome.deviations)


def pairs(outcome: Outcome) -> tuple[str, dict[str, int], str]:
    """What makes a run: its trace, its faults, its failure."""
    return outcome.trace_hash, dict(outcome.faults), repr(outcome.failure)


def played(body: Body, *, seed: int = 3) -> dict[str, int]:
    """Run once, first come first served, without a fault by chance."""
    outcome = run_seed(body, seed, replay={})
    if outcome.failure is not None:
        raise outcome.failure
    return dict(outcome.faults)


@contextmanager
def quietly() -> Iterator[None]:
    """Crashes are what these tests are about: none is logged."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


@pytest.fixture(autouse=True)
def silent() -> Iterator[None]:
    """`quietly`, for a whole module that imports it."""
    with quietly():
        yield
