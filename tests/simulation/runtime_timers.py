"""Timers that are set, cancelled and orphaned."""

from __future__ import annotations

from typing import Any

import msgspec

import regrow as rg
from regrow.testing import Faults
from tests.simulation.oracles.clockwork import Alarm, Clockwork
from tests.simulation.scenario import scenario
from tests.simulation.world import Planned, World, pause


class Tick(msgspec.Struct, frozen=True):
    """What timers send."""

    token: int


class Order(msgspec.Struct, frozen=True):
    """Told to a process: set a timer, cancel one, or end."""

    op: str
    target: Any = None
    delay: float = 0.0


class Shop:
    """The timers of one run."""

    def __init__(self, world: World, *, busy: bool) -> None:
        self.world = world
        self.busy = busy
        self.clockwork = Clockwork(lambda: world.sim.time, world.violate, busy=busy, faulty=world.faulty)
        self.timers: dict[object, list[tuple[Alarm, rg.Timer]]] = {}
        self.clocks: list[rg.Pid[Any]] = []

    def set(self, owner: rg.Pid[object] | None, target: Any, delay: float, *, interval: bool) -> None:
        """Set a timer."""
        pid = target if isinstance(target, rg.Pid) else None
        alarm = self.clockwork.set(owner, pid, delay, interval=interval)
        make = rg.send_interval if interval else rg.send_after
        self.timers.setdefault(owner, []).append((alarm, make(target, Tick(alarm.token), delay)))

    def cancel(self, owner: rg.Pid[object] | None) -> None:
        """Cancel one of the timers that `owner` has set."""
        mine = self.timers.get(owner)
        if mine:
            alarm, timer = mine.pop(self.world.rng.randrange(len(mine)))
            self.clockwork.cancelled(alarm, timer.cancel())

    def follow(self, order: Order) -> None:
        """The current process does what it is told."""
        me = rg.current()
        if order.op == "cancel":
            self.cancel(me)
        elif order.op == "crash":
            raise Planned("timer")
        else:
            self.set(me, order.target, order.delay, interval=order.op == "interval")


class Clock(rg.GenServer):
    """Ticks; if its shop is busy, each tick takes it a while."""

    def init(self, shop: Shop) -> None:
        self.shop = shop
        shop.clocks.append(self.pid)

    def handle_info(self, message: object) -> object:
        if isinstance(message, Order):
            self.shop.follow(message)
            return None
        self.shop.world.expect(self.pid.alive, "no code after death", f"{self.pid} ticks")
        if isinstance(message, Tick):
            self.shop.clockwork.tick(message.token)
        return None


class BusyClock(Clock):
    """Ticks come while it is busy, also while it is about to take timers back."""

    async def handle_info(self, message: object) -> None:
        if isinstance(message, Order) and message.op == "cancel":
            await pause(0.03)
        Clock.handle_info(self, message)
        if isinstance(message, Tick):
            await pause(0.03)


async def plain_clock(shop: Shop) -> None:
    """The same as a plain process."""
    shop.clocks.append(rg.current())
    while True:
        message = await rg.receive()
        if isinstance(message, Order):
            shop.follow(message)
        elif isinstance(message, Tick):
            shop.clockwork.tick(message.token)


FAULTS = Faults(kill=0.02, crash=0.02, slow=0.05, max_slow=0.05)


@scenario("runtime", faults=FAULTS, weight=2)
async def timers(world: World) -> None:
    """Clocks that set timers for themselves, for each other and for names."""
    rng = world.rng
    shop = Shop(world, busy=world.chance(0.4))
    target: Any = BusyClock if shop.busy else Clock
    children = [rg.child(target, name=f"clock{number}", args=(shop,)) for number in range(2)]
    async with world.system(children, max_restarts=100_000) as system:
        for _ in range(rng.randint(0, 2)):
            system.spawn(plain_clock, shop)
        await pause(0.001)
        refs = [system.ref(f"clock{number}", Clock) for number in range(2)]
        for _ in range(rng.randint(4, 20)):
            _step(world, shop, refs)
            await pause(world.choice((0.0, 0.0, 0.01, 0.02, 0.05)))
        for timers_ in shop.timers.values():
            for alarm, timer in timers_:
                if alarm.interval is not None and alarm.owner is None:
                    shop.clockwork.cancelled(alarm, timer.cancel())
        await pause(0.25)
        shop.clockwork.check(
            {told.pid: told.at for told in world.of(rg.events.Exited)},
            behind={row.pid for row in system.listing.mailboxes()},
        )
        over = [timer for timer in system.timers.list() if timer.owner is not None and not timer.owner.alive]
        world.expect(not over, "timers die with their owner", f"{over} are still set")


def _step(world: World, shop: Shop, refs: list[rg.Ref[Clock]]) -> None:
    who = world.choice(shop.clocks)
    target: Any = world.choice((who, world.choice(shop.clocks), world.choice(refs)))
    delay = world.choice((0.0, 0.01, 0.02, 0.05, 0.1))
    op = world.choice(
        ("after", "after", "after", "interval", "cancel", "cancel", "crash", "kill", "outside", "inside")
    )
    if op == "kill":
        who.kill()
    elif op == "outside":
        shop.set(None, target, delay or 0.01, interval=world.chance(0.3))
    elif op == "inside":
        shop.cancel(None)
    elif who.alive:
        who.send(Order(op, target, delay if op == "after" else delay or 0.01))
