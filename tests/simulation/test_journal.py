"""150 seeds of the journal's scenarios; ``python -m tests.simulation --part journal`` runs more."""

from __future__ import annotations

import pytest

from tests.simulation.campaign import Campaign

SEEDS = 150
CAMPAIGN = Campaign(count=SEEDS, part="journal")
PLAN = CAMPAIGN.plan()
NAMES = sorted({name for name, _ in PLAN})


@pytest.mark.parametrize("name", NAMES)
def test_what_is_promised_holds(name: str) -> None:
    result = CAMPAIGN.run_chunk([row for row in PLAN if row[0] == name])
    assert result.seeds > 0
    assert not result.violations, result.report()


def test_so_many_seeds_are_run() -> None:
    assert len(PLAN) == SEEDS
    assert NAMES == ["messages", "states"]
