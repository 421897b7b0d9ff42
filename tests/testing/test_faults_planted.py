"""One planted bug per fault: runs with that fault find it, and runs with any other fault don't."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.testing.sim.simulation import Simulation
from tests.testing.faults_kit import runs, silent

__all__ = ("silent",)

SEEDS = 12
FAULTS = {
    "kill": rt.Faults(kill=0.1),
    "crash": rt.Faults(crash=0.1),
    "crash_init": rt.Faults(crash_init=0.5),
    "crash_terminate": rt.Faults(crash_terminate=0.5),
    "hang": rt.Faults(hang=0.1),
    "slow": rt.Faults(slow=0.2, max_slow=4.0),
    "storm": rt.Faults(storm=0.1),
    "delay": rt.Faults(delay=0.3, max_delay=0.5),
    "drop": rt.Faults(drop=0.1),
    "duplicate": rt.Faults(duplicate=0.1),
    "wall_jump": rt.Faults(wall_jump=0.1),
}

Play = Callable[[Simulation], Coroutine[Any, Any, None]]
planted: dict[str, Play] = {}


def only(kind: str) -> Callable[[Play], Play]:
    """Mark the scenario whose bug only this fault shows."""

    def mark(play: Play) -> Play:
        planted[kind] = play
        return play

    return mark


class Worker(rg.GenServer):
    """Notes what it does in a list that outlives it."""

    def init(self, done: list[object]) -> None:
        self.done = done

    @rg.call
    def work(self, number: int) -> int:
        self.done.append(number)
        return number

    @rg.call
    async def move(self, accounts: dict[str, int]) -> None:
        accounts["from"] -= 1
        for _ in range(3):
            await rt.pass_time(0)  # what happens if it ends here?
        accounts["to"] += 1

    @rg.cast
    def note(self, text: object) -> None:
        self.done.append(text)


class Tidy(Worker):
    """Has something to clean up."""

    def terminate(self, reason: rg.ExitReason) -> None:
        self.done.append(reason)


def system_of(server: type[Worker], done: list[object], **options: Any) -> rg.System:
    return rg.System([rg.child(server, name="worker", args=(done,))], **options)


async def ask(
    system: rg.System, message: rg.types.CallMessage[Worker, Any], *, timeout: float = 30.0
) -> rg.errors.CallError | None:
    """A careful client: None if it went well."""
    try:
        await system.ref("worker", Worker).call(message, timeout=timeout)
    except rg.errors.CallError as error:
        return error
    return None


@only("kill")
async def half_a_transfer(sim: Simulation) -> None:
    accounts = {"from": 100, "to": 0}
    async with system_of(Worker, [], max_restarts=1000) as system:
        for _ in range(10):
            await ask(system, Worker.move(accounts))
            await rt.pass_time(5.0)
    assert sum(accounts.values()) == 100


@only("crash")
async def only_kills_are_alarming(sim: Simulation) -> None:
    ends: list[rg.ExitReason] = []

    async def watch() -> None:
        while True:
            pid = system.whereis("worker")
            if pid is not None:
                rg.monitor(pid)
            ends.append((await rg.receive(rg.Down)).reason)
            await rt.pass_time(5.0)

    async with system_of(Worker, [], max_restarts=1000) as system:
        system.spawn(watch)
        for number in range(10):
            await ask(system, Worker.work(number))
            await rt.pass_time(10.0)
    alarms = [reason for reason in ends if reason is rg.KILLED]  # and a crash is none?
    assert len(alarms) == len([reason for reason in ends if reason is not rg.SHUTDOWN])


@only("crash_init")
async def a_restart_always_works(sim: Simulation) -> None:
    async with system_of(Worker, []) as system:  # 3 restarts in 5 seconds are enough for one kill in 10?
        for _ in range(5):
            pid = system.whereis("worker")
            assert pid is not None
            pid.kill()
            await rt.pass_time(10.0)


@only("crash_terminate")
async def a_stop_can_only_go_well_or_be_cut_short(sim: Simulation) -> None:
    reasons: list[rg.ExitReason] = []

    async def watch() -> None:
        rg.monitor("worker")
        reasons.append((await rg.receive(rg.Down)).reason)

    child = rg.child(Tidy, name="worker", args=([],), shutdown=3.0)
    async with rg.System([rg.supervisor([child], name="above")], max_restarts=1000) as system:
        system.spawn(watch)
        await system.idle()
        above = system.ref("above", rg.Supervisor)
        try:
            await above.call(rg.Supervisor.terminate_child("worker"), timeout=30.0)
        except rg.errors.CallError:
            await rt.pass_time(30.0)
        await system.idle()
    assert set(reasons) <= {rg.SHUTDOWN, rg.KILLED}


@only("hang")
async def a_client_that_knows_no_timeout(sim: Simulation) -> None:
    async with system_of(Worker, [], max_restarts=1000) as system:
        for number in range(10):
            error = await ask(system, Worker.work(number))
            assert error is None or isinstance(error, rg.errors.ProcessExited | rg.errors.NoProcess)
            await rt.pass_time(10.0)


@only("slow")
async def a_client_that_tries_again_after_a_timeout(sim: Simulation) -> None:
    done: list[object] = []
    async with system_of(Worker, done, max_restarts=1000) as system:
        for number in range(10):
            for _ in range(3):
                if not isinstance(await ask(system, Worker.work(number), timeout=1.0), rg.errors.CallTimeout):
                    break
            await rt.pass_time(10.0)
    assert len(done) == len(set(done))


@only("storm")
async def a_restart_now_and_then(sim: Simulation) -> None:
    async with system_of(Worker, []) as system:
        for number in range(10):
            await ask(system, Worker.work(number))
            await rt.pass_time(10.0)


@only("delay")
async def the_setting_is_there_before_its_use(sim: Simulation) -> None:
    done: list[object] = []

    async def set_it(worker: rg.Ref[Worker]) -> None:
        worker.cast(Worker.note("set"))

    async def use_it(worker: rg.Ref[Worker]) -> None:
        worker.cast(Worker.note("use"))

    async with system_of(Worker, done, max_restarts=1000) as system:
        for _ in range(10):
            done.clear()
            for act in (set_it, use_it):
                system.spawn(act, system.ref("worker", Worker))
                await system.idle()
            await rt.pass_time(10.0)
            assert done != ["use", "set"]


@only("drop")
async def a_cast_always_arrives(sim: Simulation) -> None:
    done: list[object] = []
    async with system_of(Worker, done, max_restarts=1000) as system:
        for number in range(10):
            worker = system.ref("worker", Worker)
            pid = worker.whereis()
            worker.cast(Worker.note(f"note {number}"))
            error = await ask(system, Worker.work(number))
            assert error is not None or worker.whereis() is not pid or f"note {number}" in done
            await rt.pass_time(10.0)


@only("duplicate")
async def a_cast_arrives_once(sim: Simulation) -> None:
    done: list[object] = []
    async with system_of(Worker, done, max_restarts=1000) as system:
        for number in range(10):
            system.ref("worker", Worker).cast(Worker.note(number))
            await rt.pass_time(10.0)
    assert len(done) == len(set(done))


@only("wall_jump")
async def the_wall_clock_never_goes_back(sim: Simulation) -> None:
    async with system_of(Worker, [], max_restarts=1000) as system:
        for number in range(10):
            began = sim.wall()
            await ask(system, Worker.work(number))
            assert sim.wall() >= began
            await rt.pass_time(10.0)


@pytest.mark.parametrize("kind", FAULTS)
def test_only_its_own_fault_shows_a_bug(kind: str) -> None:
    play = planted[kind]
    shown_by = {
        other
        for other, faults in FAULTS.items()
        if any(outcome.failure is not None for outcome in runs(play, SEEDS, faults))
    }
    assert shown_by == {kind}
    assert all(outcome.failure is None for outcome in runs(play, SEEDS))
