"""How many of so many seeds find each planted race, by the way in which schedules are drawn.

    python -m benchmarks.testkit.schedules --seeds 1000

The last column is what `rt.simulate` uses: each seed draws one of the three ways before it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from random import Random
from unittest.mock import patch

from regrow.testing.sim.run import quiet, run_seed
from regrow.testing.sim.schedules import (
    HOLDING,
    HORIZONS,
    POINTS,
    SPREADS,
    Fleeting,
    Lasting,
    Planned,
    Schedule,
    Spread,
    Walk,
    schedule_of,
)
from tests.testing.planted_races import RACES, Found

DRAWN_IN = "regrow.testing.sim.decisions.schedule_of"


def _lasting(draws: Random) -> Schedule:
    horizon = draws.choice(HORIZONS)
    return Lasting(draws, [int(draws.random() * horizon) for _ in range(draws.choice(POINTS))])


WAYS: dict[str, Callable[[Random], Schedule]] = {
    "first come": lambda draws: Planned({}, "schedule"),
    "uniform": lambda draws: Spread(draws, 1.0),
    "swarm": lambda draws: Spread(draws, draws.choice(SPREADS)),
    "walk": lambda draws: Walk(draws, draws.choice(SPREADS), draws.choice(HOLDING)),
    "fleeting": Fleeting,
    "lasting": _lasting,
    "all three": schedule_of,
}


def hits(race: Callable[..., object], way: Callable[[Random], Schedule], seeds: int) -> int:
    """How many of so many seeds find it."""
    with patch(DRAWN_IN, way), quiet(logs=False):
        failures = [run_seed(race, seed).failure for seed in range(seeds)]  # type: ignore[arg-type]
    strange = [one for one in failures if one is not None and not isinstance(one, Found)]
    if strange:
        raise strange[0]
    return sum(one is not None for one in failures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1000)
    seeds = parser.parse_args().seeds
    print(f"of {seeds} seeds".ljust(22) + "".join(name.rjust(12) for name in WAYS))
    for race in RACES:
        row = [hits(race, way, seeds) for way in WAYS.values()]
        print(race.__name__.ljust(22) + "".join(f"{found:12}" for found in row), flush=True)


if __name__ == "__main__":
    main()
