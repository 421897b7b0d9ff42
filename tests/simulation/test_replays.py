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


@pytest.mark.parametrize("name", sorted(scenarios()))
def test_a_replay_is_the_drawn_run_again(name: str) -> None:
    scenario = scenarios()[name]
    for seed in (*SEEDS, *FOUND.get(name, ())):
        drawn = scenario.run(seed)
        again = scenario.run(seed, replay=drawn.deviations)
        assert again.trace_hash == drawn.trace_hash, f"seed {seed}"
        assert str(again.failure) == str(drawn.failure)
