"""Scenarios, and where they are found: in the modules `runtime_*` and `journal_*` of this folder."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any, Literal, TypeAlias

import msgspec

from regrow.errors import SimulationFailed
from regrow.testing import Faults, Outcome, Simulation, simulate
from regrow.testing.sim.explore import Options
from regrow.testing.sim.run import NO_FAULTS, run_seed
from regrow.testing.sim.token import digest, read_token, write_token
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

    def faults_of(self, seed: int) -> Faults:
        """What strikes in the run of a seed."""
        return self.faults if Random(f"{seed}/{self.name}").random() < WITH_FAULTS else NO_FAULTS

    async def body(self, sim: Simulation) -> None:
        """What is simulated."""
        world = World(sim, faulty=self.faults_of(sim.seed) is not NO_FAULTS)
        try:
            await self.play(world)
        finally:
            world.close()

    def run(self, seed: int, **options: Any) -> Outcome:
        """Play it with a seed; `options` are those of `run_seed`."""
        return run_seed(self.body, seed, faults=self.faults_of(seed), **options)

    def token(self, outcome: Outcome) -> str:
        """The replay token of a run."""
        options = Options(faults=self.faults_of(outcome.seed))
        return write_token(self.name, options.text, outcome.seed, outcome.trace_hash, outcome.deviations)

    def replay(self, text: str) -> Outcome:
        """The run of a token once more."""
        token = read_token(text)
        assert token.test == digest(self.name), f"that is no token of {self.name}"
        return self.run(token.seed, replay=token.deviations)

    def story(self, seed: int) -> str:
        """How the run of a seed goes wrong, with as few deviations as possible; "" if it doesn't."""

        async def played(*, sim: Simulation) -> None:
            await self.body(sim)

        try:
            simulate(seeds=1, start=seed, faults=self.faults_of(seed))(played)()
        except SimulationFailed as failed:
            return str(failed)
        return ""


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
    for one in PARTS if part is None else (part,):
        for path in sorted(Path(__file__).parent.glob(f"{one}_*.py")):
            import_module(f"tests.simulation.{path.stem}")
    return {name: one for name, one in sorted(_found.items()) if part in (None, one.part)}
