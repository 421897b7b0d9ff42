"""What a commit made safe survives the loss of power (G1): 1,000 cuts."""

from __future__ import annotations

import json

import pytest

from tests.power.__main__ import main
from tests.power.campaign import Options, run

SEED = 20_261


@pytest.mark.timeout(180)
def test_at_level_power_every_acknowledged_batch_is_there_whole() -> None:
    result = run(Options(images=600, seed=SEED))
    assert result.problems == []
    assert (result.lost_acknowledged, result.lost_unsynced, result.torn_batches) == (0, 0, 0)
    assert (result.failed_opens, result.broken, result.images) == (0, 0, 600)
    assert result.cut_points_distinct >= 500
    assert result.sync_points >= 100


@pytest.mark.timeout(180)
def test_at_level_process_a_prefix_is_there() -> None:
    result = run(Options(images=400, seed=SEED, level="process"))
    assert result.problems == []
    assert (result.lost_acknowledged, result.torn_batches) == (0, 0)
    assert (result.failed_opens, result.broken, result.images) == (0, 0, 400)
    assert result.cut_points_distinct >= 300
    assert result.lost_unsynced > 100, "the cuts hurt nobody"


def test_it_is_the_same_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--images", "60", "--level", "process", "--json"]
    outcomes = []
    for _ in range(2):
        assert main(arguments) == 0
        outcome = json.loads(capsys.readouterr().out)
        outcomes.append({name: value for name, value in outcome.items() if name != "seconds"})
    assert outcomes[0] == outcomes[1]
    assert (outcomes[0]["images"], outcomes[0]["workloads"]) == (60, 1)
    assert outcomes[0]["lost_unsynced"] > 0
