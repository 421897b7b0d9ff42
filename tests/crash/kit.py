"""What the tests of a whole campaign share. They stand in several files, which run side by side."""

from __future__ import annotations

from pathlib import Path

from tests.crash.campaign import Campaign, Options, Result

KILLS = 25
SEED = 20_261


def run(options: Options, folder: Path) -> Result:
    """A campaign in which everything must be right, whatever is lost."""
    result = Campaign(options, folder, lambda _: None).run()
    assert result.problems == [], result.problems
    assert (result.phantom, result.kills) == (0, options.kills)
    return result


def lose_nothing(level: str, folder: Path, *, redrive: bool = False) -> Result:
    """25 kills, after which nothing is lost, doubled or made up; most of them hit much."""
    result = run(Options(kills=KILLS, seed=SEED, level=level, redrive=redrive), folder)
    assert (result.lost, result.conservation) == (0, True)
    assert 0 < result.duplicates <= result.in_flight_at_kills
    assert result.kills_with_16_in_flight >= 0.8 * KILLS
    assert min(result.accepted, result.handled) > KILLS * 16
    assert result.dead > 0
    return result
