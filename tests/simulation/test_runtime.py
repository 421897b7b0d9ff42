"""350 seeds of the runtime's scenarios; ``python -m tests.simulation`` runs more."""

from __future__ import annotations

import pytest

from tests.simulation.campaign import Campaign
from tests.simulation.scenario import scenarios

SEEDS = 350
CAMPAIGN = Campaign(count=SEEDS, part="runtime")
PLAN = CAMPAIGN.plan()
NAMES = sorted({name for name, _ in PLAN})
FOUND = [
    ("trees", 1_055_631),  # a supervisor killed before the task of its restart begins
    ("trees", 6_038_156),  # told to stop when it had given up, before anybody heard of that
    ("timers", 6_097_451),  # a clock that is behind, with the tick still in its mailbox
]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_promised_holds(name: str) -> None:
    result = CAMPAIGN.run_chunk([row for row in PLAN if row[0] == name])
    assert result.seeds > 0
    assert not result.violations, result.report()


def test_so_many_seeds_are_run() -> None:
    assert len(PLAN) == SEEDS
    assert len({seed for _, seed in PLAN}) == SEEDS


@pytest.mark.parametrize(("name", "seed"), FOUND)
def test_what_was_found_is_mended(name: str, seed: int) -> None:
    assert scenarios("runtime")[name].run(seed).failure is None
