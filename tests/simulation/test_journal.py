"""150 seeds of the journal's scenarios; ``python -m tests.simulation --part journal`` runs more."""

from __future__ import annotations

import pytest

from tests.simulation.campaign import Campaign
from tests.simulation.scenario import scenarios

SEEDS = 150
CAMPAIGN = Campaign(count=SEEDS, part="journal")
PLAN = CAMPAIGN.plan()
NAMES = sorted({name for name, _ in PLAN})
FOUND = [
    ("messages", 7_000_557),  # one commit ends a message and lets out the next of its lane, in one step
    ("messages", 7_008_285),
    ("messages", 7_026_645),
]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_promised_holds(name: str) -> None:
    result = CAMPAIGN.run_chunk([row for row in PLAN if row[0] == name])
    assert result.seeds > 0
    assert not result.violations, result.report()


def test_so_many_seeds_are_run() -> None:
    assert len(PLAN) == SEEDS
    assert NAMES == ["messages", "states"]


@pytest.mark.parametrize(("name", "seed"), FOUND)
def test_what_was_found_is_mended(name: str, seed: int) -> None:
    assert scenarios("journal")[name].run(seed).failure is None
