"""Scenarios, and where they are found: in the modules `runtime_*` and `journal_*` of this folder."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from regrow.testing.sim.run import Outcome, run_seed
from regrow.testing.sim.simulation import Simulation
from tests.simulation.world import World

Part: TypeAlias = Literal["runtime", "journal"]
Play: TypeAlias = Callable[[World], Awaitable[object]]

PARTS: tuple[Part, ...] = ("runtime", "journal")


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is played with many seeds.

    Attributes:
        name: Unique.
        part: What it is about.
        play: Plays it; the seed decides what happens.
        weight: How often it is played beside the others.
    """

    name: str
    part: Part
    play: Play
    weight: int = 1

    async def body(self, sim: Simulation) -> None:
        """What `run_seed` runs."""
        world = World(sim)
        try:
            await self.play(world)
        finally:
            world.close()


_found: dict[str, Scenario] = {}


def scenario(part: Part, *, weight: int = 1) -> Callable[[Play], Play]:
    """Make a function of a `World` a scenario with the function's name."""

    def add(play: Play) -> Play:
        name: str = play.__name__  # type: ignore[attr-defined]
        assert name not in _found, f"two scenarios are called {name!r}"
        _found[name] = Scenario(name=name, part=part, play=play, weight=weight)
        return play

    return add


def scenarios(part: Part | None = None) -> dict[str, Scenario]:
    """All scenarios, or those of one part, by name."""
    for one in PARTS:
        for path in sorted(Path(__file__).parent.glob(f"{one}_*.py")):
            import_module(f"tests.simulation.{path.stem}")
    return {name: one for name, one in _found.items() if part in (None, one.part)}


def play(scenario: Scenario, seed: int, **options: object) -> Outcome:
    """Run a scenario with a seed, without the log of all its crashes."""
    with silence():
        return run_seed(scenario.body, seed, **options)  # type: ignore[arg-type]


@contextmanager
def silence() -> Iterator[None]:
    """Crashes are what it is about: none is logged."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
