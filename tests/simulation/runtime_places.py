"""Places in mailboxes that are reserved, used, given back and left to expire; restarts that back off."""

from __future__ import annotations

import asyncio
from typing import Any

import regrow as rg
from regrow.testing import Faults
from tests.simulation.scenario import scenario
from tests.simulation.world import Planned, World, pause

CAPACITY = 2
NEAR = 1e-9


class Yard:
    """How many messages wait and how many places are held, by process."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.waiting: dict[rg.Pid[Any], int] = {}
        self.held: dict[rg.Pid[Any], list[float]] = {}
        """Until when each place is good."""

    def look(self, pid: rg.Pid[Any]) -> None:
        """Never more than there is room for."""
        held = [until for until in self.held[pid] if until > self.world.sim.time]
        used = self.waiting[pid] + len(held)
        self.world.expect(used <= CAPACITY, "bound", f"{pid}: {self.waiting[pid]} wait, {len(held)} held")


class Gatekeeper(rg.GenServer):
    """Has room for two, and now and then is held."""

    mailbox = rg.Mailbox(capacity=CAPACITY)

    def init(self, yard: Yard) -> None:
        self.yard = yard
        yard.waiting[self.pid], yard.held[self.pid] = 0, []

    @rg.cast
    def enter(self) -> None:
        self.yard.waiting[self.pid] -= 1


async def _visitor(yard: Yard, ref: rg.Ref[Gatekeeper]) -> None:
    world = yard.world
    for _ in range(world.rng.randint(1, 4)):
        pid = ref.whereis()
        if pid is None:
            await pause(0.01)
            continue
        begun, timeout = world.sim.time, world.choice((0.01, 0.05, 1.0))
        try:
            place = await pid.reserve(timeout=timeout)
        except rg.errors.PlaceTimeout:
            late = abs(world.sim.time - begun - timeout)
            world.expect(late < NEAR, "on time", f"a place timed out {late:g} s off")
            continue
        except (rg.errors.ProcessExited, rg.errors.NoProcess) as error:
            world.expect(not pid.alive, "alive", f"{pid} lives and has no place: {error!r}")
            continue
        until = begun + timeout
        yard.held[pid].append(until)
        yard.look(pid)
        try:
            await _use(yard, pid, place, until)
        except asyncio.CancelledError:
            yard.held[pid].remove(until)
            place.release()
            raise


async def _use(yard: Yard, pid: rg.Pid[Any], place: rg.types.Reservation[Any], until: float) -> None:
    """Wait a while, then put something there or give it back."""
    world = yard.world
    await pause(world.choice((0.0, 0.0, 0.02, 0.1)))
    yard.held[pid].remove(until)
    if world.chance(0.3):
        place.release()
        return
    now = world.sim.time
    try:
        place.commit(Gatekeeper.enter())
    except rg.errors.BadReservation:
        why = not pid.alive or now > until - NEAR
        world.expect(why, "reservation", f"refused at {now:g}, though it is good until {until:g}")
    else:
        world.expect(
            now < until + NEAR, "reservation", f"used at {now:g}, though it was good until {until:g}"
        )
        yard.waiting[pid] += 1
        yard.look(pid)


def _trouble(
    world: World, system: rg.System, ref: rg.Ref[Gatekeeper], visitors: list[asyncio.Task[None]]
) -> None:
    pid = ref.whereis()
    match world.rng.randrange(6):
        case 0:
            ref.kill()
        case 1:
            world.choice(visitors).cancel()
        case 2 | 3 if pid is not None:
            system.suspend(pid)
        case _ if pid is not None:
            system.resume(pid)


@scenario("runtime", faults=Faults(kill=0.03))
async def places(world: World) -> None:
    """More visitors than there are places."""
    yard = Yard(world)
    async with world.system(
        [rg.child(Gatekeeper, name="gate", args=(yard,))], max_restarts=100_000
    ) as system:
        ref = system.ref("gate", Gatekeeper)
        visitors = [asyncio.ensure_future(_visitor(yard, ref)) for _ in range(world.rng.randint(1, 6))]
        for _ in range(world.rng.randint(2, 8)):
            _trouble(world, system, ref, visitors)
            await pause(world.seconds(0.05))
        if (pid := ref.whereis()) is not None:
            system.resume(pid)
        await asyncio.gather(*visitors, return_exceptions=True)
        await pause(1.0)  # what was not used is over
        free = [row.free for row in system.listing.mailboxes(least=0) if row.pid == ref.whereis()]
        world.expect(free == [CAPACITY], "reservation", f"{free} places are free in the end")
    for visitor in visitors:
        error = None if visitor.cancelled() else visitor.exception()
        world.expect(error is None, "visitor", f"a visitor failed: {error!r}")


# -- back-off ----------------------------------------------------------------------------------


class Frail(rg.GenServer):
    """Fails to start for a while."""

    def init(self, starts: list[float], fails: set[int], now: Any) -> None:
        starts.append(now())
        if len(starts) - 1 in fails:
            raise Planned("init")

    @rg.cast
    def crash(self) -> None:
        raise Planned("frail")


@scenario("runtime")
async def backing_off(world: World) -> None:
    """Each restart waits as long as its place in the window says, until the budget is over."""
    rng = world.rng
    backoff = rg.Backoff(base=0.1, cap=1.0, factor=2.0, jitter=rng.choice((0.0, 0.5)))
    most = rng.randint(1, 6)
    fails = {number for number in range(1, 12) if world.chance(0.4)}
    starts: list[float] = []
    ends: list[float] = []
    spec = rg.child(Frail, name="frail", args=(starts, fails, lambda: world.sim.time))
    supervisor = rg.supervisor(
        [spec], name="above", max_restarts=most, max_seconds=3600.0, backoff=backoff, restart="temporary"
    )
    async with world.system([supervisor]) as system:
        frail = system.ref("frail", Frail)
        above = system.whereis("above")
        assert above is not None
        while above.alive and len(starts) < 12:
            await pause(world.choice((0.01, 0.3, 1.1)))
            if frail.alive:
                ends.append(world.sim.time)
                frail.cast(Frail.crash()) if world.chance(0.5) else frail.kill()
                await system.idle()
        attempts = len(starts) - 1
        world.expect(attempts == most, "restart budget", f"{attempts} restarts of {most}")
    failures = [at for number, at in enumerate(starts) if number in fails]
    told = sorted([*ends, *failures])
    for number, (before, start) in enumerate(zip(told, starts[1:], strict=False), 1):
        wait = min(1.0, 0.1 * 2.0 ** (number - 1))
        least = wait * (1.0 - backoff.jitter)
        world.expect(
            least - NEAR <= start - before <= wait + NEAR,
            "back-off",
            f"restart {number} came after {start - before:g} s, not {least:g} to {wait:g} s",
        )
