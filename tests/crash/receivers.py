"""Who gets the load: workers, ordered receivers, and two persistent servers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

import regrow as rg
from tests.crash import plan
from tests.crash.wire import Event, Notebook

LONGEST = 0.004
"""Seconds that slow work takes at most."""


class Rejected(Exception):
    """The declared answer of a receiver that doesn't want a message."""


class World:
    """What the processes of the child share.

    Attributes:
        crashed: What has crashed its receiver in this run.
        quiet: Set while no send and no handler is in flight.
    """

    def __init__(self, folder: Path, seed: int, run: int) -> None:
        self.folder = folder
        self.seed = seed
        self.run = run
        self.crashed: set[str] = set()
        self.quiet = asyncio.Event()
        self.busy = 0

    @property
    def busy(self) -> int:
        """Sends and handlers in flight."""
        return self._busy

    @busy.setter
    def busy(self, count: int) -> None:
        self._busy = count
        if count:
            self.quiet.clear()
        else:
            self.quiet.set()

    def notebook(self, receiver: str) -> Notebook:
        return Notebook(self.folder, receiver, self.run)


async def take_time(chance: int) -> None:
    """Work that takes 0 to `LONGEST` seconds."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    timer = loop.call_later(chance % 1000 / 1000 * LONGEST, done.set_result, None)
    try:
        await done
    finally:
        timer.cancel()  # or it sets the result of what was cancelled when a stop took too long


class Desk:
    """Notes what a handler does, and does what the plan says will become of a message."""

    def __init__(self, world: World, receiver: str) -> None:
        self._world = world
        self._receiver = receiver
        self._notebook = world.notebook(receiver)

    def note(self, event: Event, name: str) -> None:
        delivery = rg.current_delivery()
        assert delivery is not None, "every message here is a supervised one"
        self._notebook.write(event, name, delivery.redrives)

    async def handle(self, name: str) -> bool:
        """Handle a message; False if it failed, which its sender is still to be told."""
        world, operation = self._world, plan.named(self._world.seed, name)
        world.busy += 1
        try:
            self.note("start", name)
            if operation.fate == "slow":
                await take_time(operation.chance)
            if self._crashes(operation):
                self.note("crash", name)
                raise RuntimeError(f"{name} kills {self._receiver}")
            if self._fails(operation):
                self.note("fail", name)
                return False
            self.note("end", name)
            return True
        finally:
            world.busy -= 1

    def _crashes(self, operation: plan.Operation) -> bool:
        if operation.fate == "crashing":
            return not self._is_mended(operation)
        owed = plan.owed(operation.name, self._receiver)
        if operation.fate != "crash_once" or owed in self._world.crashed:
            return False
        self._world.crashed.add(owed)
        return True

    def _fails(self, operation: plan.Operation) -> bool:
        delivery = rg.current_delivery()
        assert delivery is not None
        if operation.fate == "flaky":
            return delivery.attempt == 1
        if operation.fate == "failing":
            return not self._is_mended(operation)
        return operation.fate == "ignored"

    def _is_mended(self, operation: plan.Operation) -> bool:
        delivery = rg.current_delivery()
        return delivery is not None and delivery.redrives > 0 and operation.mended


class Worker(rg.GenServer):
    """Does work that can fail, crash or be refused."""

    def init(self, world: World, name: str) -> None:
        self.world = world
        self.desk = Desk(world, name)

    @rg.call(raises=(Rejected,))
    async def take(self, name: str) -> str:
        if not await self.desk.handle(name):
            rg.reply_later()  # and forget it: an attempt that failed, of a receiver that lives on
        elif plan.named(self.world.seed, name).fate == "rejected":
            raise Rejected(name)
        return name


class Booked(msgspec.Struct, frozen=True, tag=True):
    """An effect of the ledger."""

    name: str


class Effects(msgspec.Struct):
    """How often each operation took effect."""

    effects: dict[str, int] = {}


class Sums(msgspec.Struct):
    """How many effects were counted, and the sum of their weights."""

    count: int = 0
    total: int = 0


@rg.persistent(Sums)
class Tally(rg.GenServer):
    """Counts what the ledger sends it; its whole state is kept."""

    state: Sums

    def init(self, world: World) -> None:
        self.world = world
        self.desk = Desk(world, plan.TALLY)

    @rg.call
    def count(self, name: str) -> None:
        self.desk.note("start", name)
        self.state.count += 1
        self.state.total += plan.named(self.world.seed, name).weight
        self.desk.note("end", name)


@rg.persistent(Effects)
class Ledger(rg.EventSourced[Booked]):
    """Keeps a table of effects as events, and tells the tally of each."""

    state: Effects

    def init(self, world: World) -> None:
        self.desk = Desk(world, plan.LEDGER)

    def apply(self, event: Booked) -> None:
        self.state.effects[event.name] = self.state.effects.get(event.name, 0) + 1

    @rg.call
    async def book(self, name: str) -> None:
        await self.desk.handle(name)
        self.persist(Booked(name))
        await rg.supervised_send(
            plan.TALLY, Tally.count(name), timeout=1.0, durable=True, ack="accepted", on_error="dead_letter"
        )


def children(world: World) -> list[rg.ChildSpec]:
    """The receivers, below two supervisors with budgets of their own."""
    workers = [
        rg.child(Worker, id=name, name=name, args=(world, name)) for name in (*plan.WORKERS, *plan.ORDERED)
    ]
    keepers = [
        rg.child(Tally, id=plan.TALLY, name=plan.TALLY, args=(world,)),
        rg.child(Ledger, id=plan.LEDGER, name=plan.LEDGER, args=(world,)),
    ]
    return [
        rg.supervisor(workers, id="workers", max_restarts=500, max_seconds=1.0),
        rg.supervisor(keepers, id="keepers", max_restarts=500, max_seconds=1.0),
    ]
