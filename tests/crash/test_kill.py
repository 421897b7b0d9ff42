"""Nothing is lost under kill -9 (G1 to G5, G7 to G9): 25 kills at each level."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.campaign import Campaign, Options, Result

KILLS = 25
SEED = 20_261


def run(options: Options, folder: Path) -> Result:
    result = Campaign(options, folder, lambda _: None).run()
    assert result.problems == []
    assert (result.phantom, result.kills) == (0, options.kills)
    return result


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("level", "redrive"),
    [("power", False), ("process", False), ("process", True)],
    ids=["power", "process", "process-redrive"],
)
def test_nothing_is_lost_under_kill_9(level: str, redrive: bool, tmp_path: Path) -> None:
    result = run(Options(kills=KILLS, seed=SEED, level=level, redrive=redrive), tmp_path)
    assert (result.lost, result.conservation) == (0, True)
    assert 0 < result.duplicates <= result.in_flight_at_kills
    assert result.kills_with_16_in_flight >= 0.8 * KILLS
    assert min(result.accepted, result.handled) > KILLS * 32
    assert result.dead > 0
    assert (result.redriven > 0) == redrive


@pytest.mark.timeout(120)
def test_without_a_file_loss_is_counted_and_nothing_is_made_up(tmp_path: Path) -> None:
    result = run(Options(kills=5, seed=SEED, level="none"), tmp_path)
    assert result.lost > 0
    assert result.accepted > result.lost
