"""Dynamic supervisors, tasks and partitions: started, ended and restarted at run time."""

from __future__ import annotations

import asyncio
from typing import Any

import regrow as rg
from regrow.testing import Faults
from tests.simulation.oracles.dynamic import Dynamic, Kid
from tests.simulation.scenario import scenario
from tests.simulation.world import Planned, World, pause

RESTARTS = ("permanent", "permanent", "transient", "temporary")


class Nursery:
    """The children of one run."""

    def __init__(self, world: World, oracle: Dynamic) -> None:
        self.world = world
        self.oracle = oracle
        self.born: list[rg.Pid[Any]] = []
        self.fails = 0.0


class Child(rg.GenServer):
    """Ends as it is told; its starts fail now and then, but never the first."""

    def init(self, nursery: Nursery, restart: Any, token: int) -> None:
        self.token = token
        oracle = nursery.oracle
        first = Kid(restart, token) not in oracle.kids.values()
        oracle.kids[self.pid] = Kid(restart, token)
        if not first and nursery.world.chance(nursery.fails):
            raise Planned("init")
        nursery.born.append(self.pid)

    @rg.cast
    def crash(self) -> None:
        raise Planned("child")

    @rg.cast
    def leave(self, reason: object) -> None:
        self.stop(reason)

    @rg.call
    def who(self) -> int:
        return self.token


async def _manage(nursery: Nursery, supervisor: rg.Ref[rg.DynamicSupervisor], base: int) -> None:
    """Start and terminate children, several at the same time as others do."""
    world = nursery.world
    for number in range(world.rng.randint(1, 6)):
        await pause(world.choice((0.0, 0.0, 0.01, 0.1)))
        if nursery.born and world.chance(0.3):
            pid = world.choice(nursery.born)
            nursery.oracle.asked.add(pid)
            try:
                await supervisor.call(rg.DynamicSupervisor.terminate_child(pid), timeout=10.0)
            except (rg.errors.CallError, rg.errors.NoSuchChild):
                nursery.oracle.asked.discard(pid)
            else:
                world.expect(not pid.alive, "terminated", f"{pid} lives after terminate_child")
            continue
        restart: Any = world.choice(RESTARTS)
        token = base + number
        spec = rg.child(Child, args=(nursery, restart, token), restart=restart)
        try:
            new = await supervisor.call(rg.DynamicSupervisor.start_child(spec), timeout=10.0)
        except (rg.errors.CallError, rg.errors.TooManyChildren):
            continue
        world.expect(nursery.oracle.kids.get(new) == Kid(restart, token), "right child", f"{new} for {token}")


def _end_one(nursery: Nursery) -> None:
    alive = [pid for pid in nursery.born if pid.alive]
    if not alive:
        return
    world, pid = nursery.world, nursery.world.choice(alive)
    match world.rng.randrange(4):
        case 0:
            pid.kill()
        case 1:
            pid.cast(Child.crash())
        case 2:
            pid.cast(Child.leave(rg.NORMAL))
        case _:
            pid.cast(Child.leave("some reason"))


@scenario("runtime", weight=2)
async def dynamic(world: World) -> None:
    """Starts, ends and terminations from several sides, within a budget."""
    rng = world.rng
    options: dict[str, Any] = {
        "max_children": rng.choice((None, 1, 3, 5)),
        "max_restarts": rng.choice((0, 1, 2, 5, 100)),
        "max_seconds": rng.choice((0.05, 0.5, 5.0)),
    }
    nursery = Nursery(world, Dynamic("many", violate=world.violate, **options))
    nursery.fails = rng.choice((0.0, 0.2, 0.5))
    async with world.system([rg.dynamic_supervisor(name="many", **options)], max_restarts=1000) as system:
        many = system.ref("many", rg.DynamicSupervisor)
        managers = [asyncio.ensure_future(_manage(nursery, many, 100 * n)) for n in range(rng.randint(1, 3))]
        for _ in range(rng.randint(0, 12)):
            await pause(world.choice((0.0, 0.0, 0.01, 0.05, 0.3)))
            _end_one(nursery)
            if world.chance(0.03):
                many.kill()
        await asyncio.gather(*managers)
        await system.idle()
        nursery.oracle.check(list(world.events), calm=True)
        alive = sum(pid.alive for pid in nursery.born)
        count = await many.call(rg.DynamicSupervisor.count_children(), timeout=5.0)
        world.expect(count.active == alive, "count", f"{count} of {alive}")
        rows = await many.call(rg.DynamicSupervisor.which_children(), timeout=5.0)
        found = {row.pid for row in rows if row.pid is not None}
        world.expect(
            found == {pid for pid in nursery.born if pid.alive},
            "which_children",
            f"{found} of {nursery.born}",
        )


# -- tasks -------------------------------------------------------------------------------------

ENDINGS = ("value", "value", "late", "late", "crash", "hang")


async def _work(ending: str, number: int, seconds: float) -> int:
    if ending != "value":
        await pause(seconds)
    if ending == "crash":
        raise Planned("task")
    if ending == "hang":
        await asyncio.Event().wait()
    return number


async def _ask(world: World, tasks: rg.Ref[rg.TaskSupervisor], number: int, link: bool) -> None:
    """Start one task and wait for it."""
    ending, seconds = world.choice(ENDINGS), world.seconds(0.1)
    try:
        handle = await rg.start_task(tasks, _work(ending, number, seconds), link=link, timeout=5.0)
    except (rg.errors.CallError, rg.errors.TooManyChildren):
        return
    if world.chance(0.2):
        handle.cancel()
    begun, timeout = world.sim.time, world.choice((0.05, 1.0))
    try:
        got = await handle.result(timeout=timeout)
    except rg.errors.WaitTimeout:
        world.expect(abs(world.sim.time - begun - timeout) < 1e-9, "on time", f"task {number}")
        world.expect(not handle.done, "task", f"{number} was done, and timed out")
    except rg.errors.ProcessExited as error:
        world.expect(not handle.pid.alive, "task", f"{number} lives and has {error!r}")
    else:
        world.expect(got == number, "task", f"{number} gave {got}")
        world.expect(ending in ("value", "late"), "task", f"{number}, {ending}, gave {got}")


async def _askers(world: World, tasks: rg.Ref[rg.TaskSupervisor], base: int, link: bool) -> None:
    for number in range(world.rng.randint(1, 4)):
        await _ask(world, tasks, base + number, link)


FAULTS = Faults(kill=0.03)


@scenario("runtime", faults=FAULTS)
async def tasks(world: World) -> None:
    """Tasks of processes that crash, are cancelled and outlive nobody."""
    rng = world.rng
    limit = rng.choice((None, 1, 3))
    async with world.system(
        [rg.task_supervisor(name="tasks", max_children=limit)], max_restarts=1000
    ) as system:
        ref = system.ref("tasks", rg.TaskSupervisor)
        askers = [
            system.spawn(_askers, world, ref, 100 * number, world.chance(0.5))
            for number in range(rng.randint(1, 4))
        ]
        for _ in range(rng.randint(0, 3)):
            await pause(world.seconds(0.05))
            victim: Any = world.choice((*askers, ref))
            victim.kill()
        for asker in askers:
            await asker.down(timeout=60.0)
        linked = [row for row in system.listing.links() if row.kind == "link"]
        world.expect(not linked, "links", f"of tasks whose askers have ended: {linked}")


# -- partitions --------------------------------------------------------------------------------


class Shard(rg.GenServer):
    """Counts what it gets."""

    @rg.call
    def me(self) -> rg.Pid[Any]:
        return self.pid


@scenario("runtime", faults=Faults(kill=0.05, crash=0.05))
async def partitions(world: World) -> None:
    """Each key goes to the same partition, before and after its restarts."""
    rng = world.rng
    count = rng.randint(1, 4)
    spec = rg.partition_supervisor(rg.child(Shard), name="shards", partitions=count, max_restarts=10_000)
    homes: dict[object, str | None] = {}
    async with world.system([spec], max_restarts=10_000) as system:
        for _ in range(rng.randint(3, 15)):
            key = rng.choice((1, "1", b"1", 2.5, None, ("a", 1)))
            if world.chance(0.2):
                system.ref(f"shards:{rng.randrange(count)}", Shard).kill()
            if world.chance(0.05):
                system.ref("shards", rg.Supervisor).kill()
            try:
                pid = await system.partition("shards", key, Shard).call(Shard.me(), timeout=1.0)
            except rg.errors.CallError:
                await pause(0.01)
                continue
            kept = homes.setdefault((type(key), key), pid.registered_name)
            world.expect(kept == pid.registered_name, "partition", f"{key!r} went to {kept}, now to {pid}")
