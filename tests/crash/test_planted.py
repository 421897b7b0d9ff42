"""Bugs that are planted into the child are found within 25 kills: the checker would see them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.campaign import Campaign, Options
from tests.crash.plants import PLANTS

FOUND_BY = {
    "ack_before_commit": ("it is lost",),
    "settle_outside_transaction": ("took effect and is owed", "the tally has"),
    "effects_before_commit": ("the tally has",),
    "claim_not_released": ("nothing happened for",),
}


def test_every_plant_has_its_test() -> None:
    assert set(FOUND_BY) == set(PLANTS)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_bug_is_found(name: str, tmp_path: Path) -> None:
    # A stuck claim shows when everything else is done; the others at a kill.
    kills = 2 if name == "claim_not_released" else 25
    options = Options(kills=kills, seed=7, level="process", plant=name, patience=2.0)
    result = Campaign(options, tmp_path, lambda _: None).run()
    assert not result.ok
    assert any(words in problem for words in FOUND_BY[name] for problem in result.problems)
