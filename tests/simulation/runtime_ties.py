"""Links, monitors and last words among processes that end in every way."""

from __future__ import annotations

from typing import Any

import msgspec

import regrow as rg
from tests.simulation.oracles.ties import Ties
from tests.simulation.scenario import scenario
from tests.simulation.world import Planned, World, pause

OPS = (
    *("monitor", "monitor", "monitor_name", "demonitor", "demonitor", "link", "link", "unlink"),
    *("say", "say", "spawn_link", "die", "die", "kill", "exit", "drain", "drain"),
)
ENDS = ("normal", "crash", "shutdown", "reason", "return")


class Do(msgspec.Struct, frozen=True):
    """Told to a node: do this."""

    op: str
    target: rg.Pid[object] | None
    end: str


class Word(msgspec.Struct, frozen=True):
    """Something that one node says to another."""

    sender: rg.Pid[object]
    number: int


class Crowd:
    """The nodes of one run."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ties = Ties(world.violate)
        self.all: list[rg.Pid[Any]] = []
        self.monitors: dict[rg.Pid[object], list[rg.Monitor]] = {}
        self.system: rg.System

    def join(self, *, trap: bool) -> None:
        """The current process is a node from now on."""
        me = rg.current()
        rg.trap_exit(trap)
        self.ties.joined(me, trap=trap)
        self.monitors[me] = []
        self.all.append(me)

    def heard(self, message: object) -> None:
        """The current process handles what is no order."""
        me = rg.current()
        match message:
            case rg.Down():
                self.ties.down(me, message)
            case rg.Exit():
                self.ties.exit(me, message)
            case Word(sender, number):
                self.ties.word(me, sender, number)

    def perform(self, do: Do) -> None:
        """The current process does something that others see."""
        me, target = rg.current(), do.target
        ties = self.ties
        match do.op:
            case "monitor" if target is not None:
                monitor = rg.monitor(target)
                ties.monitored(monitor, me, target)
                self.monitors[me].append(monitor)
            case "monitor_name":
                name = self.world.choice(("server0", "server1", "nobody"))
                holder = self.system.whereis(name)
                monitor = rg.monitor(name)
                ties.monitored(monitor, me, holder)
                self.monitors[me].append(monitor)
            case "demonitor" if self.monitors[me]:
                monitor = self.monitors[me].pop(0)
                ties.demonitored(monitor)
                rg.demonitor(monitor)
            case "link" if target is not None:
                ties.linked(me, target)
                rg.link(target)
            case "unlink" if target is not None:
                ties.unlinked(me, target)
                rg.unlink(target)
            case "say" if target is not None:
                number = ties.said(me, target)
                target.send(Word(me, number))
            case "spawn_link":
                self.spawn(trap=self.world.chance(0.5), link=True)

    def spawn(self, *, trap: bool, link: bool = False) -> None:
        """One more node, made by the current process if `link`."""
        if link:
            pid = rg.spawn(node, self, trap, False, link=True)
            self.ties.traps[pid] = False
            self.ties.linked(rg.current(), pid)
        else:
            pid = self.system.spawn(node, self, trap, self.world.chance(0.5))
            self.ties.traps[pid] = False

    def end(self, how: str) -> object:
        """The reason that the current process ends with, noted before it does."""
        reason: object = {"normal": rg.NORMAL, "return": rg.NORMAL, "shutdown": rg.SHUTDOWN}.get(how, how)
        self.ties.causes[rg.current()].append(reason)
        return reason


async def node(crowd: Crowd, trap: bool, manual: bool) -> None:
    """A plain process. A manual one leaves all but orders in its mailbox until it is told to drain it."""
    crowd.join(trap=trap)
    while True:
        message = await rg.receive(Do if manual else None)
        if not isinstance(message, Do):
            crowd.heard(message)
        elif message.op == "drain":
            await _drain(crowd)
        elif message.op == "open":
            manual = False
        elif message.op != "die":
            crowd.perform(message)
        elif message.end == "crash":
            raise Planned("node")
        elif message.end == "return":
            crowd.end("return")
            return
        else:
            rg.exit_process(crowd.end(message.end))


async def _drain(crowd: Crowd) -> None:
    try:
        while True:
            crowd.heard(await rg.receive(lambda message: not isinstance(message, Do), timeout=0.001))
    except rg.errors.ReceiveTimeout:
        return


class Server(rg.GenServer):
    """A node that is a server."""

    def init(self, crowd: Crowd, trap: bool) -> None:
        self.crowd = crowd
        crowd.join(trap=trap)

    def handle_info(self, message: object) -> None:
        if not isinstance(message, Do):
            self.crowd.heard(message)
        elif message.op != "die":
            self.crowd.perform(message)
        elif message.end == "crash":
            raise Planned("server")
        else:
            self.stop(self.crowd.end(message.end))


@scenario("runtime", weight=3)
async def ties(world: World) -> None:
    """A crowd that watches, links, talks and dies."""
    crowd = Crowd(world)
    rng = world.rng
    servers = [
        rg.child(Server, name=f"server{number}", args=(crowd, world.chance(0.5))) for number in range(2)
    ]
    async with world.system(servers, max_restarts=100_000) as system:
        crowd.system = system
        watching = system.events.subscribe("process.exited", lambda event: _died(crowd, event))
        for _ in range(rng.randint(2, 5)):
            crowd.spawn(trap=world.chance(0.5))
        for _ in range(rng.randint(5, 25)):
            wait = world.choice((0.0, 0.0, 0.0, 0.001, 0.01))
            await pause(wait)
            _order(world, crowd)
        for pid in crowd.all:
            pid.send(Do("drain", None, ""))
            pid.send(Do("open", None, ""))
        await pause(1.0)
        await system.idle()
        watching.close()
        table = system.monitors
        orphaned = [row for row in table.list() if not row.owner.alive]
        world.expect(not orphaned, "monitors end with their owner", f"{orphaned}")
        counts = table.statistics()
        sound = counts.created == counts.active + counts.cleaned and counts.active == len(table.list())
        world.expect(sound, "monitors end with their owner", f"{counts}")
        crowd.ties.check()


def _order(world: World, crowd: Crowd) -> None:
    """Have somebody do something, or end somebody."""
    if not crowd.all:
        return
    pid, target = world.choice(crowd.all), world.choice(crowd.all)
    op = world.choice(OPS)
    if op == "kill":
        crowd.ties.causes[pid].append(rg.KILLED)
        pid.kill()
    elif op == "exit":
        crowd.ties.causes[pid].append("told to")
        pid.exit("told to")
    else:
        pid.send(Do(op, target, world.choice(ENDS)))


def _died(crowd: Crowd, event: rg.events.Event) -> None:
    if not isinstance(event, rg.events.Exited) or event.pid not in crowd.ties.traps:
        return
    reason = event.reason
    if isinstance(reason, rg.Crash) and issubclass(reason.exception_type, Planned):
        crowd.ties.causes[event.pid].append(reason)
    crowd.ties.died(event.pid, reason)
