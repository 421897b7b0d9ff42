"""What many runs leave in memory: nothing of a run that is over, and little of what the test itself keeps."""

from __future__ import annotations

import gc
from weakref import WeakSet

import regrow.testing as rt
from regrow.testing.sim.run import UNCOLLECTED, Body

sims: WeakSet[rt.Simulation] = WeakSet()


class Last:
    """Keeps the last run, as globals of tests do."""

    sim: rt.Simulation | None = None


def alive(body: Body, seeds: int) -> int:
    sims.clear()
    gc.collect()
    gc.disable()  # so that nothing but the runs themselves throws away
    try:
        assert not rt.explore(body, seeds=seeds).failures
        return len(sims)
    finally:
        gc.enable()


async def cut_off(sim: rt.Simulation) -> None:
    sims.add(sim)

    async def life(boot: int) -> None:
        if boot == 0:
            await sim.power_cut()

    await sim.survive(life)


async def kept(sim: rt.Simulation) -> None:
    sims.add(sim)
    Last.sim = sim


def test_a_run_whose_power_was_cut_is_thrown_away_whole() -> None:
    assert alive(cut_off, 20) == 0


def test_what_a_global_kept_is_thrown_away_now_and_then() -> None:
    try:
        looks = 2  # each finds the last run still kept, and leaves it to the one through all of the memory
        assert 1 <= alive(kept, 3 * UNCOLLECTED) <= UNCOLLECTED + looks
    finally:
        Last.sim = None
