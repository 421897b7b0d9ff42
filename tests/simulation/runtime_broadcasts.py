"""Broadcasts of every strategy to recipients that are full, slow, gone or about to crash."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

import regrow as rg
from regrow.testing import Faults
from tests.simulation.oracles.broadcasts import Broadcasts
from tests.simulation.runtime_sends import misfortune
from tests.simulation.scenario import scenario
from tests.simulation.world import Planned, World, pause

ACTS = ("ok", "ok", "ok", "slow", "slow", "crash", "declared")
STRATEGIES = ("best_effort", "at_least_one", "all_or_nothing", "all_or_nothing")


class Declared(Exception):  # an answer
    """What handlers declare."""


class Leaflet(msgspec.Struct, frozen=True):
    """What is sent, and what each recipient does with it."""

    token: int
    acts: tuple[tuple[str, str], ...]
    seconds: float


class Town:
    """What senders and recipients of one run share."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.broadcasts = Broadcasts(lambda: world.sim.time, world.violate, faulty=world.faulty)
        self.system: rg.System


class House(rg.GenServer):
    """A recipient; it has room for two."""

    mailbox = rg.Mailbox(capacity=2)

    def init(self, town: Town, name: str) -> None:
        self.town = town
        self.name = name

    @rg.call(raises=(Declared,))
    def read(self, leaflet: Leaflet) -> None:
        part = self.town.broadcasts.begun(leaflet.token, self.pid)
        part.over = True
        act = dict(leaflet.acts)[self.name]
        if act == "crash":
            raise Planned("broadcast")
        if act == "declared":
            part.declared = True
            raise Declared
        part.done = True

    @rg.call(raises=(Declared,))
    async def read_slowly(self, leaflet: Leaflet) -> None:
        part = self.town.broadcasts.begun(leaflet.token, self.pid)
        act = dict(leaflet.acts)[self.name]
        if act == "slow":
            await pause(leaflet.seconds)
        if act == "crash":
            raise Planned("broadcast")
        part.declared, part.done = act == "declared", act != "declared"
        if part.declared:
            raise Declared


async def _send_all(town: Town, names: list[str], count: int) -> None:
    world = town.world
    rng = world.rng
    for _ in range(count):
        await pause(world.choice((0.0, 0.01, 0.05)))
        chosen = [rng.choice(names) for _ in range(rng.randint(1, 5))]
        strategy: Any = world.choice(STRATEGIES)
        options: dict[str, Any] = {
            "retries": rng.choice((0, 0, 2)),
            "on_error": rng.choice(("raise", "raise", "log", "ignore")),
            "breaker": rng.choice((None, False)),
            "backoff": rg.ExponentialBackoff(base=0.01, cap=0.05),
        }
        timeout = rng.choice((0.05, 0.2, 1.0))
        handler: Any = rng.choice((House.read, House.read_slowly))
        acts = tuple((name, world.choice(ACTS)) for name in names)
        cast = town.broadcasts.begin(strategy, len(chosen), options["retries"], timeout)
        message = handler(Leaflet(cast.token, acts, world.seconds(0.1)))
        recipients: list[Any] = [town.system.ref(name, House) for name in chosen]
        recipients = [ref.whereis() or ref if world.chance(0.4) else ref for ref in recipients]
        await _send(town, cast, recipients, message, timeout, strategy, options)


async def _send(  # noqa: PLR0917  # all of them differ
    town: Town,
    cast: Any,
    recipients: list[Any],
    message: Any,
    timeout: float,
    strategy: Any,
    options: dict[str, Any],
) -> None:
    try:
        result: Any = await rg.broadcast(recipients, message, timeout=timeout, strategy=strategy, **options)
    except asyncio.CancelledError:
        town.broadcasts.cancelled(cast)
        raise
    except rg.errors.BroadcastFailed as failed:
        town.broadcasts.ended(cast, failed.result, raised=True)  # type: ignore[arg-type]
    else:
        town.broadcasts.ended(cast, result, raised=not result.ok and strategy != "best_effort")


async def _process(town: Town, names: list[str], count: int) -> None:
    pid = town.system.spawn(_send_all, town, names, count)
    town.world.victims.append(pid)
    await pid.down(timeout=600.0)


FAULTS = Faults(kill=0.02, crash=0.02, slow=0.05, max_slow=0.1, storm=0.005)


@scenario("runtime", faults=FAULTS, weight=2)
async def broadcasts(world: World) -> None:
    """Several senders, few houses."""
    town = Town(world)
    rng = world.rng
    names = [f"house{number}" for number in range(rng.randint(1, 4))]
    async with world.system(
        [rg.child(House, name=name, args=(town, name)) for name in names], max_restarts=100_000
    ) as system:
        town.system = system
        senders = [
            asyncio.ensure_future(world.choice((_send_all, _process))(town, names, rng.randint(1, 4)))
            for _ in range(rng.randint(1, 4))
        ]
        await asyncio.gather(*senders, misfortune(world, system, names, senders), return_exceptions=True)
        await pause(2.0)
        await system.idle()
    for sender in senders:
        error = None if sender.cancelled() else sender.exception()
        world.expect(error is None, "sender", f"a sender failed: {error!r}")
    town.broadcasts.check()
