"""What many runs leave in memory: nothing of a run that is over, and little of what the test itself keeps."""

from __future__ import annotations

import asyncio
import gc
from weakref import WeakSet

import pytest

import regrow as rg
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


class Slow(rg.GenServer):
    @rg.call
    async def take(self, number: int) -> int:
        await rt.pass_time(100.0)
        return number


async def send(number: int) -> None:
    await rg.supervised_send("slow", Slow.take(number), timeout=50.0, durable=True)


async def cut_off_with_senders(sim: rt.Simulation) -> None:
    sims.add(sim)

    async def life(boot: int) -> None:
        async with rg.System([rg.child(Slow, name="slow")], services=[sim.journal()]):
            senders = [asyncio.create_task(send(number)) for number in range(3)]
            await rt.pass_time(1.0)
            if boot == 0:
                await sim.power_cut()
            for sender in senders:
                sender.cancel()
            await asyncio.wait(senders)

    await sim.survive(life)


async def kept(sim: rt.Simulation) -> None:
    sims.add(sim)
    Last.sim = sim


@pytest.mark.parametrize("body", [cut_off, cut_off_with_senders])
def test_a_run_whose_power_was_cut_is_thrown_away_whole(body: Body) -> None:
    assert alive(body, 20) == 0


def test_what_a_global_kept_is_thrown_away_now_and_then() -> None:
    try:
        looks = 2  # each finds the last run still kept, and leaves it to the one through all of the memory
        assert 1 <= alive(kept, 3 * UNCOLLECTED) <= UNCOLLECTED + looks
    finally:
        Last.sim = None
