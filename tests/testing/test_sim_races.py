"""Planted races are found, and reduced to what matters. benchmarks/testkit/schedules.py compares the ways."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from regrow.testing.sim.decisions import Deviations
from regrow.testing.sim.explore import Options
from regrow.testing.sim.run import Outcome, quiet, run_seed
from regrow.testing.sim.shrink import kind_of, shrink
from regrow.testing.sim.simulation import Simulation
from tests.testing import planted_races as races

MOST_SEEDS = 600
MOST_RUNS = 500
# How many deviations each is reduced to, at most; those that take several orders among tasks take more.
REDUCED_TO = {"three_in_order": 40, "one_of_thirty": 120}

Race = Callable[[Simulation], Awaitable[None]]


def again(race: Race, seed: int, deviations: Deviations, variant: int | None = None) -> Outcome:
    """What `shrink` runs."""
    return Options().play(race, seed, replay=deviations, variant=variant)[0]


@pytest.mark.parametrize("race", races.RACES, ids=lambda race: race.__name__)
def test_a_planted_race_is_found_and_reduced(race: Race) -> None:
    assert run_seed(race, 0, replay={}).failure is None, "first come first served is to find nothing"
    with quiet(logs=False):
        found = next(
            outcome
            for seed in range(MOST_SEEDS)
            if isinstance((outcome := run_seed(race, seed)).failure, races.Found)
        )
        reduced, runs = shrink(found, partial(again, race, found.seed), most=MOST_RUNS)
    assert isinstance(reduced.failure, races.Found)
    assert len(reduced.deviations) <= REDUCED_TO.get(race.__name__, 1)
    assert runs <= MOST_RUNS
    replayed = run_seed(race, found.seed, replay=reduced.deviations)
    assert replayed.trace_hash == reduced.trace_hash
    assert isinstance(replayed.failure, races.Found)


async def one_of_two_errors(sim: Simulation) -> None:
    """A race that the plain order loses one way and others another way."""
    order: list[int] = []

    async def walk(number: int) -> None:
        await races.turn()
        order.append(number)

    await races.together(*(walk(number) for number in range(4)))
    races.found(order[0] == 2)
    if order[0] == 1:
        raise LookupError(order)


def test_a_failure_is_only_reduced_to_one_of_the_same_kind() -> None:
    found = next(
        one
        for seed in range(200)
        if isinstance((one := run_seed(one_of_two_errors, seed)).failure, LookupError)
    )
    shrunk = shrink(found, partial(again, one_of_two_errors, found.seed), most=200)
    assert isinstance(shrunk.outcome.failure, LookupError)
    assert len(shrunk.outcome.deviations) == 1


def test_a_failure_without_deviations_is_not_run_again() -> None:
    async def body(sim: Simulation) -> None:
        raise LookupError

    outcome = run_seed(body, 1, replay={})

    def never(deviations: object, variant: int | None = None) -> Outcome:
        raise AssertionError

    assert shrink(outcome, never, most=100) == (outcome, 0)


def test_what_makes_two_failures_one_kind() -> None:
    def raised(make: Callable[[], object]) -> Exception:
        with pytest.raises(Exception) as caught:  # noqa: PT011  # whichever it is
            make()
        return caught.value

    def one() -> None:
        raise LookupError(1)

    def two() -> None:
        raise LookupError(2)

    def group(make: Callable[[], object]) -> Callable[[], object]:
        def several() -> None:
            raise ExceptionGroup("several", [raised(make), ValueError()])

        return several

    assert kind_of(raised(one)) == kind_of(raised(one)) == kind_of(raised(group(one)))
    assert kind_of(raised(one)) != kind_of(raised(two))


def test_whoever_is_held_back_goes_on_some_time_though_another_is_always_ready() -> None:
    async def poll(sim: Simulation) -> None:
        heard: list[int] = []
        for number in range(3):
            asyncio.get_running_loop().call_soon(heard.append, number)
            while number not in heard:
                await races.turn()

    failed = [seed for seed in range(300) if run_seed(poll, seed, max_steps=10_000).failure]
    assert not failed
