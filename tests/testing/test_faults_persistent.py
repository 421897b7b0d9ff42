"""A persistent server under all faults at once: what it has answered is never lost."""

from __future__ import annotations

import msgspec

import regrow as rg
import regrow.testing as rt
from regrow.testing.sim.simulation import Simulation
from tests.testing.faults_kit import pairs, replays, runs, silent

__all__ = ("silent",)


class Total(msgspec.Struct):
    n: int = 0


@rg.persistent(Total)
class Account(rg.GenServer):
    state: Total

    @rg.call
    def add(self, by: int) -> int:
        self.state.n += by
        return self.state.n

    @rg.call
    async def add_later(self, by: int) -> int:
        await rt.pass_time(0.05)
        self.state.n += by
        return self.state.n

    def terminate(self, reason: rg.ExitReason) -> None:
        self.state.n += 1_000_000  # it is never committed


FAULTS = rt.Faults(
    kill=0.03,
    crash=0.03,
    crash_init=0.03,
    crash_terminate=0.1,
    slow=0.03,
    hang=0.02,
    storm=0.01,
    store=rt.StoreFaults(power_cut=0.03, full=0.05, slow=0.05),
)


async def business(sim: Simulation) -> None:
    """Adds ones, and knows the last answer that it got."""
    known = tried = 0

    async def life(boot: int) -> None:
        nonlocal known, tried
        child = rg.child(Account, name="account")
        async with rg.System([child], services=[sim.journal()], max_restarts=1000) as system:
            account = system.ref("account", Account)
            for number in range(15):
                tried += 1
                message = Account.add(1) if number % 2 else Account.add_later(1)
                try:
                    answer = await account.call(message, timeout=8.0)
                except rg.errors.CallError:
                    await rt.pass_time(0.5)
                else:
                    assert known < answer <= tried
                    known = answer
            sim.calm()
            await rt.pass_time(60.0)
            assert known <= await account.call(Account.add(0), timeout=20.0) <= tried

    await sim.survive(life)


def test_what_was_answered_is_never_lost_nor_done_twice() -> None:
    struck: set[str] = set()
    for outcome in runs(business, 15, FAULTS):
        if outcome.failure is not None:
            raise outcome.failure
        struck |= outcome.faults.keys()
        if outcome.seed < 3:
            assert pairs(replays(business, outcome, FAULTS)) == pairs(outcome)
    assert struck >= {"kill", "crash", "slow", "hang", "storm", "power_cut", "disk_full", "slow_commit"}
