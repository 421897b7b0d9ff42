"""The deviations of a drawn run replay it: what failed once is had again, and can be made small."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.simulation.campaign import Campaign, Result
from tests.simulation.scenario import scenarios

SEEDS = range(20)
FOUND = {
    "broadcasts": (100, 151),
    "mailboxes": (20, 31),
    "states": (143,),
}
"""Where somebody held back was free again a pick earlier in the drawn run."""
TOLD = [("order", 9), ("order", 69), ("order", 79)]
"""Where to hear of an end for the story had what was on its way arrive before it."""


@pytest.mark.parametrize("name", sorted(scenarios()))
def test_a_replay_is_the_drawn_run_again(name: str) -> None:
    result = Campaign(replay=True).run_chunk([(name, seed) for seed in (*SEEDS, *FOUND.get(name, ()))])
    assert result.seeds >= len(SEEDS)
    assert not result.violations, result.report()


def test_a_replay_that_is_another_run_is_a_violation() -> None:
    scenario = scenarios()["ties"]
    result = Result()
    result.add(scenario, scenario.run(1), scenario.run(1, replay={}))
    (found,) = result.violations
    assert (found.invariant, found.seed) == ("replay", 1)


@pytest.mark.parametrize(("name", "seed"), TOLD)
def test_a_run_that_is_told_is_the_silent_one(name: str, seed: int) -> None:
    lines: list[str] = []
    silent = scenarios()[name].run(seed)
    told = scenarios()[name].run(seed, replay=silent.deviations, tell=lines.append)
    assert told.trace_hash == silent.trace_hash
    assert any("node" in line and "has ended: " in line for line in lines)


def test_the_first_run_of_a_program_is_the_second_again() -> None:
    """Seed 7047882: the first message of a class was never handled at once, the later ones were."""
    program = (
        "from tests.simulation.scenario import scenarios; run = scenarios()['messages'].run; "
        "print(run(7_047_882).trace_hash); print(run(7_047_882).trace_hash)"
    )
    first, second = subprocess.check_output([sys.executable, "-c", program], text=True, timeout=60).split()
    assert first == second
