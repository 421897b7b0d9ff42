"""One planted bug per fault of the journal's disk, which that fault alone shows."""

from __future__ import annotations

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.testing.sim.run import Body
from regrow.testing.sim.simulation import Simulation
from tests.testing.faults_kit import runs, silent

__all__ = ("silent",)

SEEDS = 12
FAULTS = {
    "power_cut": rt.StoreFaults(power_cut=0.1),
    "slow": rt.StoreFaults(slow=0.2, max_slow=4.0),
    "full": rt.StoreFaults(full=0.1),
    "fail": rt.StoreFaults(fail=0.05),
    "fail_read": rt.StoreFaults(fail_read=0.1),
}


class Worker(rg.GenServer):
    """Does what it is told, and forgets nothing of it."""

    def init(self, done: list[int]) -> None:
        self.done = done

    @rg.call
    def work(self, number: int) -> None:
        self.done.append(number)


async def send(system: rg.System, number: int, *, timeout: float = 30.0) -> rg.errors.RegrowError | None:
    """A careful sender: None if it was accepted."""
    worker = system.ref("worker", Worker)
    try:
        await rg.supervised_send(worker, Worker.work(number), timeout=timeout, durable=True, ack="accepted")
    except rg.errors.RegrowError as error:
        return error
    return None


def system_of(sim: Simulation, done: list[int]) -> tuple[rg.System, rg.Journal]:
    journal = sim.journal()
    return rg.System([rg.child(Worker, name="worker", args=(done,))], services=[journal]), journal


async def a_list_of_what_was_promised_in_memory(sim: Simulation) -> None:
    done: list[int] = []

    async def life(boot: int) -> None:
        system, journal = system_of(sim, done)
        promised: list[int] = []  # the bug: after a power cut nobody knows any more what is to be checked
        async with system:
            for number in range(8):
                if await send(system, boot * 100 + number) is None:
                    promised.append(number)
                await rt.pass_time(10.0)
            sim.calm()
            await rt.pass_time(100.0)
            assert (await journal.conservation()).accepted == len(promised)

    await sim.survive(life)


async def a_second_is_enough(sim: Simulation) -> None:
    system, _ = system_of(sim, [])
    async with system:
        for number in range(8):
            error = await send(system, number, timeout=1.0)
            assert not isinstance(error, rg.errors.NotAcceptedInTime)
            await rt.pass_time(10.0)


async def only_what_is_broken_fails(sim: Simulation) -> None:
    system, _ = system_of(sim, [])
    async with system:
        for number in range(8):
            error = await send(system, number)
            assert error is None or "sync" in str(error)  # and a disk that is full?
            await rt.pass_time(10.0)


async def trying_again_helps(sim: Simulation) -> None:
    system, _ = system_of(sim, [])
    async with system:
        for number in range(8):
            tries = 0
            while await send(system, number) is not None:
                tries += 1
                assert tries < 6
                await rt.pass_time(10.0)


async def what_is_there_can_be_read(sim: Simulation) -> None:
    system, journal = system_of(sim, [])
    async with system:
        for number in range(8):
            await send(system, number)
            await rt.pass_time(10.0)
            await journal.conservation()


PLANTED: dict[str, Body] = {
    "power_cut": a_list_of_what_was_promised_in_memory,
    "slow": a_second_is_enough,
    "full": only_what_is_broken_fails,
    "fail": trying_again_helps,
    "fail_read": what_is_there_can_be_read,
}


@pytest.mark.parametrize("kind", FAULTS)
def test_only_its_own_fault_shows_a_bug(kind: str) -> None:
    shown_by = {
        other
        for other, store in FAULTS.items()
        if any(outcome.failure is not None for outcome in runs(PLANTED[kind], SEEDS, rt.Faults(store=store)))
    }
    assert shown_by == {kind}
    assert all(outcome.failure is None for outcome in runs(PLANTED[kind], SEEDS))
