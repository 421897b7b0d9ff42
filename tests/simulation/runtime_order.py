"""Messages that are delayed, lost and doubled on their way: the order of each pair holds all the same."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

import regrow as rg
from regrow.testing import Faults
from tests.simulation.oracles.mailboxes import Pairs
from tests.simulation.scenario import scenario
from tests.simulation.world import Planned, World, pause

KINDS = ("cast", "cast", "info", "info", "call", "slow_cast", "timer")


class Net:
    """Who sends whom what in one run."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.pairs = Pairs(world.violate, twice=world.faulty)
        self.system: rg.System

    async def send(self, me: object, to: str, kind: str) -> None:
        """Send one message by one of the ways that keep an order among themselves."""
        note = Note(me, to, self.pairs.send(me, to))
        ref: Any = self.system.ref(to, Node)
        if kind == "cast":
            ref.cast(Node.take(note))
        elif kind == "slow_cast":
            ref.cast(Node.take_slowly(note))
        elif kind == "info":
            ref.send(note)
        elif kind == "timer":
            rg.send_after(ref, note, 0.0)
            await pause(0.01)  # a timer is its own way until it goes off
        else:
            try:
                await ref.call(Node.ask(note), timeout=5.0)
            except rg.errors.CallError:
                return


class Note(msgspec.Struct, frozen=True):
    """A numbered message between two."""

    sender: object
    receiver: str
    number: int


class Node(rg.GenServer):
    """Notes what arrives, and passes some of it on."""

    def init(self, net: Net, name: str, plan: tuple[tuple[str, str], ...]) -> None:
        self.net = net
        self.name = name
        self.plan = list(plan)

    def arrived(self, note: Note) -> None:
        self.net.world.expect(self.pid.alive, "no code after death", f"{self.pid} handles {note}")
        self.net.pairs.handled(note.sender, note.receiver, self.pid, note.number)

    @rg.cast
    def take(self, note: Note) -> None:
        self.arrived(note)
        if self.plan:
            to, kind = self.plan.pop()
            onward = Note(self.pid, to, self.net.pairs.send(self.pid, to))
            ref = self.net.system.ref(to, Node)
            ref.cast(Node.take(onward)) if kind == "cast" else ref.send(onward)
        elif note.number % 13 == 0:
            raise Planned("cast")

    @rg.cast
    async def take_slowly(self, note: Note) -> None:
        self.arrived(note)
        await pause(0.01)

    @rg.call
    def ask(self, note: Note) -> None:
        self.arrived(note)

    def handle_info(self, message: object) -> None:
        if isinstance(message, Note):
            self.arrived(message)


Plan = tuple[tuple[float, str, str], ...]


async def _send_all(net: Net, me: object, plan: Plan) -> None:
    for wait, to, kind in plan:
        if wait:
            await pause(wait)
        await net.send(me, to, kind)


async def _process(net: Net, plan: Plan) -> None:
    await _send_all(net, rg.current(), plan)


FAULTS = Faults(
    delay=0.15, max_delay=0.05, drop=0.05, duplicate=0.05, kill=0.01, crash=0.01, slow=0.02, max_slow=0.05
)


@scenario("runtime", faults=FAULTS, weight=2)
async def order(world: World) -> None:
    """Senders of all kinds, each with numbered messages for each receiver."""
    net = Net(world)
    rng = world.rng
    names = [f"node{number}" for number in range(rng.randint(1, 4))]

    # A timer goes off beside what is held up on its way.
    kinds = tuple(kind for kind in KINDS if not (world.faulty and kind == "timer"))

    def relays() -> tuple[tuple[str, str], ...]:
        return tuple((world.choice(names), world.choice(("cast", "info"))) for _ in range(rng.randint(0, 4)))

    def plan() -> Plan:
        return tuple(
            (world.choice((0.0, 0.0, 0.01)), world.choice(names), world.choice(kinds))
            for _ in range(rng.randint(2, 12))
        )

    plans = [(world.choice(("task", "process", "process")), plan()) for _ in range(rng.randint(1, 4))]
    children = [rg.child(Node, name=name, args=(net, name, relays())) for name in names]
    async with world.system(children, max_restarts=100_000) as system:
        net.system = system
        waiting: list[Any] = []
        for number, (kind, steps) in enumerate(plans):
            if kind == "process":
                waiting.append(system.spawn(_process, net, steps).down(timeout=600.0))
            else:
                waiting.append(_send_all(net, f"task {number}", steps))
        await asyncio.gather(*waiting)
        await pause(2.0)  # what is held up arrives
        await system.idle()
        if not world.faulty:
            dropped = system.statistics().dropped
            lost = net.pairs.lost()
            world.expect(dropped == lost, "conservation", f"{lost} messages are lost, {dropped} were counted")
