"""Races and cascades as users test them: simulated, with real servers and supervisors.

That 1,000 subscribers which end leave nothing in the tables of their System is in test_leaks_systems.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import regrow as rg
import regrow.testing as rt

PLACES = 10


class Hall(rg.GenServer):
    """Has ten places. Who takes one at once is careful; who looks first, and writes then, isn't."""

    def init(self, taken: list[int]) -> None:
        self.taken = taken

    @rg.call
    def take(self, who: int) -> bool:
        if len(self.taken) >= PLACES:
            return False
        self.taken.append(who)
        return True

    @rg.call
    def free(self) -> int:
        return PLACES - len(self.taken)

    @rg.cast
    def write(self, who: int) -> None:
        self.taken.append(who)


async def buy(hall: rg.Ref[Hall], who: int, *, careful: bool) -> bool:
    if careful:
        return await hall.call(Hall.take(who), timeout=60.0)
    if not await hall.call(Hall.free(), timeout=60.0):
        return False
    hall.cast(Hall.write(who))
    return True


async def sold(sim: rt.Simulation, *, careful: bool) -> None:
    taken: list[int] = []
    sim.always(lambda: len(taken) <= PLACES, name="no place is sold twice")
    async with rg.System([rg.child(Hall, name="hall", args=(taken,))]) as system:
        hall = system.ref("hall", Hall)
        buyers: list[Awaitable[bool]] = [buy(hall, who, careful=careful) for who in range(3 * PLACES)]
        got = await asyncio.gather(*buyers)
        await rg.sync(hall)
        assert (got.count(True), len(set(taken))) == (PLACES, PLACES)


def test_exactly_so_many_get_a_place_however_many_ask_at_once() -> None:
    assert not rt.explore(lambda sim: sold(sim, careful=True), seeds=100).failures


def test_that_more_get_one_is_found() -> None:
    (found,) = rt.explore(lambda sim: sold(sim, careful=False), seeds=100).failures
    assert isinstance(found.failure, rg.errors.InvariantBroken)
    assert found.failure.name == "no place is sold twice"


class Part(rg.GenServer):
    @rg.cast
    def crash(self) -> None:
        raise RuntimeError("as told")


NAMES = ("scheduler", "pool", "cache", "index", "front")


def tree() -> rg.ChildSpec:
    """rest_for_one over a plain child, a group that stands and falls together, and another plain child."""
    group = [rg.child(Part, name=name) for name in ("pool", "cache", "index")]
    return rg.supervisor(
        [
            rg.child(Part, name="scheduler"),
            rg.supervisor(group, id="group", strategy="one_for_all", max_restarts=1),
            rg.child(Part, name="front"),
        ],
        id="all",
        strategy="rest_for_one",
    )


async def cascade(system: rg.System, name: str) -> set[str]:
    """Crash one, and tell who is another one afterwards."""
    before = {one: await rt.wait_for(system.ref(one, Part).whereis) for one in NAMES}
    system.ref(name, Part).cast(Part.crash())
    await rt.wait_restart(before[name], timeout=60.0)
    await rt.wait_tree_ready(system, timeout=60.0)
    return {one for one in NAMES if system.whereis(one) is not before[one]}


@rt.simulate(seeds=50)
async def test_a_crash_takes_with_it_whom_the_strategies_say_and_nobody_else(sim: rt.Simulation) -> None:
    async with rg.System([tree()]) as system:
        assert await cascade(system, "front") == {"front"}
        assert await cascade(system, "cache") == {"pool", "cache", "index"}
        # The group has used up its one restart: now it falls, and what comes after it falls too.
        assert await cascade(system, "pool") == {"pool", "cache", "index", "front"}
        assert await cascade(system, "scheduler") == set(NAMES)
        sim.note("all four cascades")
