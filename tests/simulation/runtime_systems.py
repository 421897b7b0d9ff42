"""Systems that are started, cancelled while they start, stopped, killed and started again."""

from __future__ import annotations

import asyncio
from typing import Any

import regrow as rg
from tests.simulation.scenario import scenario
from tests.simulation.world import Planned, World, pause

STARTS = ("quick", "quick", "quick", "slow", "slow", "raise", "hang")
ENDS = ("quick", "quick", "slow", "hang")
NEAR = 1e-9


class Round:
    """One start of the System: which children came up and went down, in order."""

    def __init__(self, world: World, starts: dict[str, str], ends: dict[str, str]) -> None:
        self.world = world
        self.starts = starts
        self.ends = ends
        self.order = list(starts)
        self.begun: list[str] = []
        self.up: list[str] = []
        self.stopped: list[str] = []
        self.pids: list[rg.Pid[Any]] = []

    def started(self) -> None:
        """All are up."""
        self.world.expect(self.up == self.order, "start order", f"{self.up} are up of {self.order}")

    def over(self, *, killed: bool) -> None:
        """Nothing of it is left."""
        alive = [pid for pid in self.pids if pid.alive]
        self.world.expect(not alive, "nothing left", f"{alive} live after the stop")
        self.world.expect(self.begun == self.order[: len(self.begun)], "start order", f"began {self.begun}")
        down = [name for name in reversed(self.up) if name in self.stopped]
        self.world.expect(self.stopped == down, "stop order", f"{self.up} came up, {self.stopped} went down")
        if not killed:
            missing = set(self.up) - set(self.stopped)
            self.world.expect(not missing, "terminate", f"{missing} went down without it")


class Part(rg.GenServer):
    """A child that takes its time, or all of it, at both ends."""

    async def init(self, rounds: list[Round], name: str) -> None:
        self.round = rounds[-1]
        self.name = name
        self.round.begun.append(name)
        self.round.pids.append(self.pid)
        match self.round.starts[name]:
            case "slow":
                await pause(0.05)
            case "raise":
                raise Planned("init")
            case "hang":
                await asyncio.Event().wait()
        self.round.up.append(name)

    async def terminate(self, reason: object) -> None:
        self.round.stopped.append(self.name)
        match self.round.ends[self.name]:
            case "slow":
                await pause(0.05)
            case "hang":
                await asyncio.Event().wait()


async def stray() -> None:
    """A spawned process that ends with the System, or not before it is killed."""
    await asyncio.Event().wait()


@scenario("runtime", weight=2)
async def systems(world: World) -> None:
    """One System, started up to three times."""
    rng = world.rng
    names = [f"part{number}" for number in range(rng.randint(1, 4))]
    rounds: list[Round] = []
    children = [
        rg.child(Part, id=name, args=(rounds, name), shutdown=rng.choice((None, 0.1)), start_timeout=0.2)
        for name in names
    ]
    settings = world.settings(shutdown=0.3, kill_grace=0.1, stop_timeout=world.choice((0.2, 5.0)))
    system = rg.System(children, settings=settings, hand_off=world.chance(0.7))
    for _ in range(rng.randint(1, 3)):
        calm = world.chance(0.5)
        starts = {name: "quick" if calm else world.choice(STARTS) for name in names}
        rounds.append(Round(world, starts, {name: world.choice(ENDS) for name in names}))
        before = asyncio.all_tasks()
        await _one_life(world, system, rounds[-1])
        left = [task.get_name() for task in asyncio.all_tasks() - before if not task.done()]
        world.expect(not left, "nothing left", f"tasks after the stop: {sorted(left)}")


async def _one_life(world: World, system: rg.System, life: Round) -> None:
    starting = asyncio.ensure_future(system.start())
    if world.chance(0.3):
        asyncio.get_running_loop().call_later(world.seconds(0.12) + 0.01, starting.cancel)
    bad = next((name for name in life.order if life.starts[name] in ("raise", "hang")), None)
    try:
        await starting
    except rg.errors.ChildStartFailed as failure:
        world.expect(failure.child_id == bad, "failed start", f"{failure.child_id} is blamed; {bad} fails")
        life.over(killed=False)
        return
    except asyncio.CancelledError:
        world.expect(system.state in ("stopped", "not started"), "state", system.state)
        life.over(killed=True)
        return
    world.expect(bad is None, "failed start", f"started, though {bad} fails")
    life.started()
    for _ in range(world.rng.randint(0, 2)):
        system.spawn(stray)
    await pause(world.seconds(0.05))
    await _one_end(world, system, life)


async def _one_end(world: World, system: rg.System, life: Round) -> None:
    how = world.choice(("stop", "stop", "stop", "kill", "cancel"))
    if how == "kill":
        system.kill()
        await system.wait()
        life.over(killed=True)
        world.expect(not life.stopped, "kill", f"terminate of {life.stopped} ran")
        return
    begun, limit = world.sim.time, world.choice((0.05, 0.1, 1.0, 10.0))
    stopping = asyncio.ensure_future(system.stop(timeout=limit))
    if how == "cancel":
        asyncio.get_running_loop().call_later(world.seconds(0.1) + 0.01, stopping.cancel)
    late = cancelled = False
    try:
        await stopping
    except rg.errors.StopTimeout:
        late = True
    except asyncio.CancelledError:
        cancelled = True
    took = world.sim.time - begun
    if late:
        world.expect(took >= limit - NEAR, "stop timeout", f"after {took:g} of {limit:g} s")
    elif not cancelled:
        world.expect(took <= limit + NEAR, "stop timeout", f"none after {took:g} of {limit:g} s")
    world.expect(took <= limit + 0.1 + NEAR, "stop timeout", f"it took {took:g} s with a limit of {limit:g}")
    world.expect(system.state == "stopped", "state", system.state)
    life.over(killed=late or cancelled)
