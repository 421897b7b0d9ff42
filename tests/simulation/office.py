"""What the journal's scenarios share: a program that is begun anew after each of its ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import ClassVar, Protocol, TypeVar

import regrow as rg
from regrow.core.address import Address
from regrow.testing.sim.faults import Faults
from tests.simulation.oracles.ledger import Ledger
from tests.simulation.oracles.shelf import Shelf
from tests.simulation.world import World, pause

DRAIN = 86_400.0
"""Virtual seconds in which the last start has to deliver everything."""


class Office:
    """What senders and receivers of one run share: no part of the program, so it outlives every crash.

    Args:
        world: The run.
        faults: What strikes it, if anything does.
    """

    now: ClassVar[Office]
    """That of the run: reconcile hooks have no other way to it."""

    def __init__(self, world: World, faults: Faults) -> None:
        self.world = world
        slack = faults.max_slow if world.faulty else 0.0
        self.ledger = Ledger(lambda: world.sim.time, world.violate, world.lives.ended.get, slack=slack)
        self.shelf = Shelf(self.ledger)
        self.scripts: dict[int, list[str]] = {}
        self.verdicts: dict[int, bool | None] = {}
        self.mended = False
        self.killed: rg.Journal | None = None
        Office.now = self

    def script(self, token: int) -> str:
        """What the handler is to do this time."""
        script = self.scripts.get(token)
        return "" if self.mended or not script else script.pop(0)

    def verdict(self, token: int) -> bool | None:
        """What the reconcile hook says; the truth, if it claims to know."""
        sent = self.ledger.all[token]
        happened = any(start.end == "ok" for start in sent.starts)
        said = None if self.verdicts.get(token) is None and not self.mended else happened
        sent.asked = [*sent.asked, said]
        return said

    # -- starts and ends -----------------------------------------------------------------------

    def journal(self, level: str) -> rg.Journal:
        """The journal of one more start of the program."""
        world = self.world
        self.ledger.boot += 1
        world.lives.running.clear()  # whom a power cut ended, nobody tells of
        # Whoever kills a System begins it anew with the same journal: a killed one keeps its file till then.
        journal = self.killed or world.sim.journal(
            level=level,  # type: ignore[arg-type]
            dead_letters=rg.DeadLetterPolicy(retries=0, keep=None),
            concurrency=world.choice((1, 2, 64)),
            max_crashes=world.choice((1, 3)),
        )
        self.killed = None
        self.shelf.watch(journal)
        return journal

    async def end(
        self, system: rg.System, journal: rg.Journal, tasks: Iterable[asyncio.Task[object]], level: str
    ) -> bool:
        """End the program after a while: in order, by a kill, or with the machine; False: not for good."""
        world = self.world
        await pause(world.choice((0.0, 0.01, 0.1, 1.0, 10.0)))
        how = world.choice(("cut", "cut", "stop", "stop", "kill"))
        if how == "stop":
            self.ledger.all_stopped()
        else:
            self.ledger.all_killed()
        if how == "cut":
            await world.sim.power_cut(only_process=level == "process")
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        if how == "kill":
            system.kill()
            await system.wait()
            self.killed = journal
        return False


Of_contra = TypeVar("Of_contra", bound=Office, contravariant=True)


class Life(Protocol[Of_contra]):
    """The program from a start to its end. Returns whether it was the last one."""

    def __call__(self, office: Of_contra, level: str, *, last: bool) -> Awaitable[bool]: ...


async def begin_anew(office: Of_contra, life: Life[Of_contra]) -> None:
    """Begin the program, and again after each of its ends, until it says that it is enough."""
    world = office.world
    level = "process" if not world.faulty and world.chance(0.3) else "power"
    boots = world.rng.randint(1, 4)

    async def machine(cuts: int) -> None:
        office.killed = None
        if cuts and level == "power":
            office.ledger.without_power.add(office.ledger.boot)
        while True:
            try:
                if await life(office, level, last=office.ledger.boot >= boots - 1):
                    return
            except rg.errors.ChildStartFailed as error:  # no place on the disk for what the start writes
                world.expect(world.faulty and "disk is full" in str(error), "start", str(error))

    try:
        await world.sim.survive(machine)
    finally:
        del Office.now  # it would keep everything of the run


async def drained(world: World, journal: rg.Journal) -> None:
    """Wait until nothing is owed any more: G2."""
    try:
        await journal.drained(timeout=DRAIN)
    except rg.errors.WaitTimeout:
        world.violate("G2", f"not drained: {await journal.conservation()}")


def is_alive(process: Address) -> bool:
    """Whether it may still run."""
    return isinstance(process, rg.Pid) and process.alive
