"""The deviations of a drawn run replay it: what failed once is had again, and can be made small."""

from __future__ import annotations

import pytest

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
    scenario = scenarios()[name]
    for seed in (*SEEDS, *FOUND.get(name, ())):
        drawn = scenario.run(seed)
        again = scenario.run(seed, replay=drawn.deviations)
        assert again.trace_hash == drawn.trace_hash, f"seed {seed}"
        assert str(again.failure) == str(drawn.failure)


@pytest.mark.parametrize(("name", "seed"), TOLD)
def test_a_run_that_is_told_is_the_silent_one(name: str, seed: int) -> None:
    lines: list[str] = []
    silent = scenarios()[name].run(seed)
    told = scenarios()[name].run(seed, replay=silent.deviations, tell=lines.append)
    assert told.trace_hash == silent.trace_hash
    assert any("node" in line and "has ended: " in line for line in lines)
