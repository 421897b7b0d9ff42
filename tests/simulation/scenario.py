"""Scenarios, and where they are found: in the modules `runtime_*` and `journal_*` of this folder."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Literal, TypeAlias

import msgspec

from regrow.testing.sim.faults import Faults
from regrow.testing.sim.run import NO_FAULTS, Outcome, run_seed
from regrow.testing.sim.simulation import Simulation
from tests.simulation.world import World

Part: TypeAlias = Literal["runtime", "journal"]
Play: TypeAlias = Callable[[World], Awaitable[object]]

PARTS: tuple[Part, ...] = ("runtime", "journal")
WITH_FAULTS = 0.6
"""Share of the seeds that have the scenario's faults; the others are as sharp as they can be."""


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is played with many seeds.

    Attributes:
        name: Unique.
        part: What it is about.
        play: Plays it; the seed decides what happens.
        faults: What strikes by chance, beside what it does itself.
        weight: How often it is played beside the others.
    """

    name: str
    part: Part
    play: Play
    faults: Faults = NO_FAULTS
    weight: int = 1

    def run(self, seed: int, **options: object) -> Outcome:
        """Play it with a seed; `options` are those of `run_seed`. The log of all its crashes is left out."""
        faulty = Random(f"{seed}/{self.name}").random() < WITH_FAULTS
        faults = self.faults if faulty else NO_FAULTS

        async def body(sim: Simulation) -> None:
            world = World(sim, faulty=faults is not NO_FAULTS)
            try:
                await self.play(world)
            finally:
                world.close()

        with silence():
            return run_seed(body, seed, faults=faults, **options)  # type: ignore[arg-type]


_found: dict[str, Scenario] = {}


def scenario(part: Part, *, faults: Faults = NO_FAULTS, weight: int = 1) -> Callable[[Play], Play]:
    """Make a function of a `World` a scenario with the function's name."""

    def add(play: Play) -> Play:
        name: str = play.__name__
        assert name not in _found, f"two scenarios are called {name!r}"
        _found[name] = Scenario(name=name, part=part, play=play, faults=faults, weight=weight)
        return play

    return add


def scenarios(part: Part | None = None) -> dict[str, Scenario]:
    """All scenarios, or those of one part, by name."""
    for one in PARTS:
        for path in sorted(Path(__file__).parent.glob(f"{one}_*.py")):
            import_module(f"tests.simulation.{path.stem}")
    return {name: one for name, one in sorted(_found.items()) if part in (None, one.part)}


@contextmanager
def silence() -> Iterator[None]:
    """Crashes are what it is about: none is logged."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
