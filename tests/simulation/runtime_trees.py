"""Static supervision trees under kills, crashes, ends, failing starts and hanging ends."""

from __future__ import annotations

import asyncio
from typing import Any

import regrow as rg
from regrow.testing import Faults
from tests.simulation.oracles.plans import Branch, Leaf, Start, branches, leaves
from tests.simulation.oracles.trees import Leaving, Trees
from tests.simulation.scenario import scenario
from tests.simulation.world import Planned, World, pause

FIRST_STARTS: tuple[Start, ...] = ("ok", "ok", "ok", "slow", "ignore")
STARTS: tuple[Start, ...] = ("ok", "ok", "ok", "ok", "ok", "slow", "raise", "raise", "hang", "ignore")
STRATEGIES = ("one_for_one", "one_for_all", "rest_for_one")
RESTARTS = ("permanent", "permanent", "permanent", "transient", "temporary")
START_TIMEOUT = 0.2
ACTS = ("kill", "kill", "exit", "boom", "boom", "call_boom", "stop", "stop_in_order")
STOPS = (rg.NORMAL, rg.Shutdown("enough"), "some reason")


class Stage:
    """What the workers of one run share: the plan, and what they tell the oracle."""

    def __init__(self, world: World, root: Branch) -> None:
        self.world = world
        self.root = root
        self.trees = Trees(root, world.violate, faulty=world.faulty)
        self.latest: dict[str, rg.Pid[object]] = {}
        self.starts: dict[str, int] = {}

    def born(self, plan: Leaf | Branch, parent: rg.Pid[object] | None) -> Start:
        """An `init` has begun. What it is to do."""
        number = self.starts[plan.label] = self.starts.get(plan.label, 0) + 1
        outcome: Start = "ok"
        if isinstance(plan, Leaf) and number <= len(plan.starts):
            outcome = plan.starts[number - 1]
        pid = self.latest[plan.label] = rg.current()
        self.trees.born(parent, plan.label, pid, outcome)
        return outcome


class Worker(rg.GenServer):
    """Does what its plan says."""

    def init(self, stage: Stage, plan: Leaf, parent: rg.Pid[object] | None) -> Any:
        self.world = stage.world
        self.plan = plan
        self.ended = False
        rg.trap_exit(plan.trap_exit)
        outcome = stage.born(plan, parent)
        if outcome == "raise":
            raise Planned("init")
        return rg.Ignore if outcome == "ignore" else None

    @rg.cast
    def boom(self) -> None:
        self.alive()
        raise Planned("handler")

    @rg.call
    def call_boom(self) -> None:
        self.alive()
        raise Planned("handler")

    @rg.cast
    def leave(self, reason: object) -> None:
        self.alive()
        self.stop(reason)

    def alive(self) -> None:
        self.world.expect(self.pid.alive and not self.ended, "no code after death", f"{self.pid} handles")

    def terminate(self, reason: object) -> object:
        self.world.expect(not self.ended, "terminate once", f"{self.pid} for {reason}")
        self.ended = True
        if self.plan.end == "raise":
            raise Planned("terminate")
        return None


class AsyncWorker(Worker):
    """The same with `async def` callbacks, which may take time, or all of it."""

    async def init(self, stage: Stage, plan: Leaf, parent: rg.Pid[object] | None) -> Any:
        ignored = Worker.init(self, stage, plan, parent)
        number = stage.starts[plan.label]
        outcome = plan.starts[number - 1] if number <= len(plan.starts) else "ok"
        if outcome == "slow":
            await pause(0.05)
        elif outcome == "hang":
            await asyncio.Event().wait()
        return ignored

    async def boom(self) -> None:  # type: ignore[override]
        Worker.alive(self)
        await pause(0.01)
        raise Planned("handler")

    async def terminate(self, reason: object) -> None:
        Worker.terminate(self, reason)
        if self.plan.end == "slow":
            await pause(0.02)
        elif self.plan.end == "hang":
            await asyncio.Event().wait()


class Tree(rg.Supervisor):
    """A supervisor whose children know which incarnation of it they belong to."""

    def init(self, stage: Stage, plan: Branch, parent: rg.Pid[object] | None) -> rg.SupervisorSpec:  # type: ignore[override]
        stage.born(plan, parent)
        return rg.SupervisorSpec.of(
            [child_of(stage, child, self.pid) for child in plan.children],
            strategy=plan.strategy,
            max_restarts=plan.max_restarts,
            max_seconds=plan.max_seconds,
            auto_shutdown=plan.auto_shutdown,
        )


async def plain(stage: Stage, plan: Leaf, parent: rg.Pid[object] | None) -> None:
    """A worker that is a function."""
    stage.born(plan, parent)
    rg.trap_exit(plan.trap_exit)
    while True:
        message = await rg.receive()
        if message == "boom":
            raise Planned("plain")
        if isinstance(message, rg.Exit) and message.pid == parent:
            rg.exit_process(message.reason)


def child_of(stage: Stage, plan: Leaf | Branch, parent: rg.Pid[object] | None) -> rg.ChildSpec:
    """The plan as a spec."""
    if isinstance(plan, Branch):
        return rg.child(
            Tree,
            id=plan.label,
            args=(stage, plan, parent),
            restart=plan.restart,
            significant=plan.significant,
        )
    target: Any = {"def": Worker, "async": AsyncWorker, "plain": plain}[plan.colour]
    return rg.child(
        target,
        id=plan.label,
        name=plan.label if plan.named else None,
        args=(stage, plan, parent),
        restart=plan.restart,
        significant=plan.significant,
        shutdown=plan.shutdown,
        start_timeout=START_TIMEOUT,
    )


# -- random plans ------------------------------------------------------------------------------


def random_tree(world: World) -> Branch:
    """A root with up to three levels below it."""
    return _branch(world, "root", 0, "never")


def _branch(world: World, label: str, depth: int, above: str) -> Branch:
    rng = world.rng
    auto = world.choice(("any_significant", "all_significant")) if depth and world.chance(0.25) else "never"
    children: list[Leaf | Branch] = []
    for number in range(rng.choice((1, 2, 2, 3, 3, 4))):
        name = f"{label}.{number}" if depth else f"c{number}"
        deeper = depth < 2 and world.chance(0.3)
        children.append(_branch(world, name, depth + 1, auto) if deeper else _leaf(world, name, auto))
    restart: Any = world.choice(RESTARTS)
    return Branch(
        label=label,
        children=tuple(children),
        strategy=world.choice(STRATEGIES),  # type: ignore[arg-type]
        max_restarts=rng.choice((0, 1, 2, 3, 5)) if depth else rng.choice((2, 5, 20)),
        max_seconds=rng.choice((0.1, 0.5, 1.0, 5.0)),
        auto_shutdown=auto,  # type: ignore[arg-type]
        restart=restart,
        significant=above != "never" and restart != "permanent" and world.chance(0.5),
    )


def _leaf(world: World, label: str, above: str) -> Leaf:
    rng = world.rng
    colour: Any = world.choice(("def", "def", "async", "async", "plain"))
    restart: Any = world.choice(RESTARTS)
    named = world.chance(0.3)
    starts: list[Start] = [
        rng.choice(FIRST_STARTS),
        *(rng.choice(STARTS) for _ in range(rng.choice((0, 1, 2, 4)))),
    ]
    if colour == "plain":
        starts = []
    if colour == "def":
        starts = ["ok" if one in ("slow", "hang") else one for one in starts]
    if named or world.faulty:
        starts = ["ok" if one == "ignore" else one for one in starts]
    return Leaf(
        label=label,
        colour=colour,
        restart=restart,
        significant=above != "never" and restart != "permanent" and world.chance(0.5),
        shutdown=rng.choice((None, None, 0.1, "brutal_kill")),
        starts=tuple(starts),
        end=rng.choice(("quick", "quick", "quick", "slow", "hang", "raise"))
        if colour != "plain"
        else "quick",
        trap_exit=world.chance(0.2),
        named=named,
    )


# -- the play ----------------------------------------------------------------------------------


FAULTS = Faults(
    kill=0.03,
    crash=0.03,
    crash_init=0.1,
    crash_terminate=0.1,
    hang=0.02,
    slow=0.05,
    max_slow=0.3,
    storm=0.01,
    wall_jump=0.1,
    spare=lambda pid: pid.kind == "Tree",
)


@scenario("runtime", faults=FAULTS, weight=4)
async def trees(world: World) -> None:
    """A random tree, and one misfortune after the other."""
    root = random_tree(world)
    stage = Stage(world, root)
    acts = [_random_act(world, root) for _ in range(world.rng.randint(3, 12))]
    async with world.system(
        [child_of(stage, child, None) for child in root.children],
        may_fail=True,
        strategy=root.strategy,
        max_restarts=root.max_restarts,
        max_seconds=root.max_seconds,
        settings=world.settings(shutdown=0.3, kill_grace=0.2),
    ) as system:
        world.leaving = lambda: _leaving(world, system)  # type: ignore[method-assign]
        for delay, act, label, reason in acts:
            if delay:
                await pause(delay)
            _act(stage, act, label, reason)
        await pause(world.seconds(0.3) + 0.01)
    stage.trees.check(world.events)
    _failure_is_right(world)


def _leaving(world: World, system: rg.System) -> None:
    """The stop comes after all that has happened, also what is still to be told in the loop's next pass."""
    system.events.flush()
    world.events.append(Leaving(at=world.sim.time))


def _random_act(world: World, root: Branch) -> tuple[float, str, str, object]:
    delay = world.choice((0.0, 0.0, 0.01, 0.05, 0.2, 0.6))
    below = [branch.label for branch in branches(root)[1:]]
    if below and world.chance(0.12):
        return delay, "kill", world.choice(below), None
    leaf = world.choice(leaves(root))
    return delay, world.choice(ACTS), leaf.label, world.choice(STOPS)


def _act(stage: Stage, act: str, label: str, reason: object) -> None:
    pid: Any = stage.latest.get(label)
    if pid is None or not pid.alive:
        return
    if act in ("kill", "exit"):
        stage.trees.disturbed.add(pid)
    if act == "kill":
        stage.trees.killed.add(pid)
        pid.kill()
    elif act == "exit":
        pid.exit("told to")
    elif pid.kind == "plain":
        pid.send("boom")
    elif act in ("boom", "call_boom"):
        pid.cast(Worker.boom())
    else:
        pid.cast(Worker.leave(rg.NORMAL if act == "stop_in_order" else reason))


def _failure_is_right(world: World) -> None:
    """It has failed if its root gave up, unless it was told to stop first."""
    exceeded = told_to_stop = False
    for told in world.events:
        told_to_stop = told_to_stop or isinstance(told, Leaving)
        if isinstance(told, rg.events.BudgetExceeded) and isinstance(told.supervisor, rg.Pid):
            exceeded = exceeded or (told.supervisor.kind == "Supervisor" and not told_to_stop)
    world.expect(
        (world.failed is not None) == exceeded,
        "system",
        f"it {'failed' if world.failed else 'did not fail'}, its root's budget says otherwise",
    )
