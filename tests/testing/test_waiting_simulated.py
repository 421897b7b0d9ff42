"""All of it under a seeded schedule: waits, probes, events and barriers are no different there."""

from __future__ import annotations

import asyncio

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.events import Restarted
from regrow.testing.sim.run import run_seed
from regrow.testing.sim.simulation import Simulation
from tests.testing.servers import Counter, count, counter, now

SEEDS = 25


async def body(_: Simulation) -> None:
    probe = rt.Probe.of(Counter, replies={"get": 7})
    barrier = rt.Barrier(3)
    async with rg.System([counter(), probe.child_spec(name="probe")]) as system:
        ref = system.ref("counter", Counter)
        old = await rt.wait_for(ref.whereis)
        async with rt.assert_event(Restarted):
            ref.cast(Counter.crash())
        new = await rt.wait_restart(old)
        assert new is await rt.wait_for(ref.whereis)
        await rt.wait_tree_ready(system)
        for n in range(5):
            ref.cast(Counter.add(1))
            system.ref("probe", Counter).cast(Counter.add(n))
        seen: list[int] = []

        def counts() -> bool:
            if count(system) not in seen:
                seen.append(count(system))
            return count(system) == 5

        await rt.wait_for(counts)
        assert seen == [0, 1, 2, 3, 4, 5]
        await probe.expect_in_order(Counter.add(1), Counter.add(3))
        parties = [asyncio.create_task(barrier.wait()) for _ in range(3)]
        await rt.wait_for_all(parties, asyncio.Task.done)
        assert sorted(party.result() for party in parties) == [0, 1, 2]
        await rt.wait_idle()
        assert now() == 0.0


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_run_is_as_it_should_be_and_the_same_again(seed: int) -> None:
    outcome = run_seed(body, seed)
    assert outcome.failure is None, outcome.failure
    assert run_seed(body, seed).trace_hash == outcome.trace_hash
