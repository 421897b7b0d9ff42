"""What every scenario has: random numbers, a System that is watched, and a place for what went wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import regrow as rg
from regrow import events
from tests.simulation.oracles.lives import Lives

if TYPE_CHECKING:
    from random import Random

    from regrow.testing.sim.simulation import Simulation

T = TypeVar("T")

WATCHED = ("system", "process", "supervisor", "monitor", "message", "call")
"""Events that scenarios hear; not `handler`, which would have every handler timed."""


class Violation(AssertionError):
    """Something that Regrow promises did not hold.

    Attributes:
        invariant: Which promise.
    """

    def __init__(self, invariant: str, text: str) -> None:
        self.invariant = invariant
        super().__init__(f"{invariant}: {text}")


class Planned(Exception):  # a crash on purpose
    """What processes of a scenario crash with."""


class World:
    """One run of a scenario.

    What it finds wrong it keeps until the end, since whatever is raised in a handler only ends its process.

    Attributes:
        sim: The simulation.
        rng: The scenario's random numbers; the same for the same seed.
        events: What the Systems of the run told, in order.
        lives: Who was started and ended.
        faulty: Whether faults strike that the scenario knows nothing of.
    """

    def __init__(self, sim: Simulation, *, faulty: bool = False) -> None:
        self.sim = sim
        self.faulty = faulty
        self.rng: Random = sim.random
        self.events: list[events.Event] = []
        self.broken: list[Violation] = []
        self.lives = Lives(self.violate)
        self.failed: rg.errors.SystemFailed | None = None
        self.victims: list[rg.Pid[object]] = []
        """Processes that the scenario may kill."""

    # -- chance --------------------------------------------------------------------------------

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def choice(self, options: Iterable[T]) -> T:
        return self.rng.choice(tuple(options))

    def seconds(self, most: float) -> float:
        """A time from 0 to `most`, in hundredths: often the same moment as another's."""
        return self.rng.randrange(int(most * 100) + 1) / 100

    # -- what is wrong -------------------------------------------------------------------------

    def violate(self, invariant: str, text: str) -> None:
        self.broken.append(Violation(invariant, f"{text} (at {self.sim.time:g} s)"))

    def expect(self, holds: object, invariant: str, text: str) -> None:
        if not holds:
            self.violate(invariant, text)

    # -- Systems -------------------------------------------------------------------------------

    def settings(self, **given: Any) -> rg.Settings:
        """Settings that change what runs where, and nothing that is promised."""
        rng = self.rng
        values: dict[str, Any] = {
            "slice_messages": rng.choice((1, 2, 64)),
            "max_warm": rng.choice((0, 1, 1000)),
            "hand_off_budget": rng.choice((0, 1, 1024)),
            "warm_seconds": rng.choice((0.01, 0.05, 1.0)),
        }
        return rg.Settings(**{**values, **given})

    def ports(self) -> rg.Ports | None:
        """Sometimes ports without a step hook: with one the runtime takes some of its short cuts never."""
        if self.chance(0.75):
            return None
        full = self.sim.ports()
        return rg.Ports(
            monotonic=full.monotonic,
            wall=full.wall,
            random=full.random,
            chooser=full.chooser,
            mailbox_hook=full.mailbox_hook,
            threads=full.threads,
            store=full.store,
            virtual=True,
        )

    @asynccontextmanager
    async def system(
        self,
        children: Iterable[rg.ChildSpec] = (),
        *,
        may_fail: bool = False,
        known: Callable[[rg.System], object] | None = None,
        **options: Any,
    ) -> AsyncGenerator[rg.System]:
        """A System whose every event is kept; at its end nothing of it may be left.

        With `may_fail` it may give up in the midst of the block: `failed` tells. `known` is given the System
        before it starts.
        """
        options.setdefault("settings", self.settings())
        options.setdefault("hand_off", self.chance(0.7))
        options.setdefault("ports", self.ports())
        system = rg.System(children, **options)
        for prefix in WATCHED:
            system.events.subscribe(prefix, self._heard)
        if known is not None:
            known(system)
        before = asyncio.all_tasks()
        try:
            async with system:
                yield system
                self.leaving()
        except rg.errors.SystemFailed as failure:
            self.failed = failure
            if not may_fail:
                self.violate("system", f"gave up: {failure}")
        finally:
            self.lives.all_over()
            left = [task.get_name() for task in asyncio.all_tasks() - before if not task.done()]
            self.expect(not left, "nothing left", f"tasks after the stop: {sorted(left)}")

    def leaving(self) -> None:
        """The System is about to be stopped; for who has to know."""

    def _heard(self, event: events.Event) -> None:
        self.events.append(event)
        self.lives.heard(event)

    def of(self, kind: type[T]) -> list[T]:
        """The events of one type so far."""
        return [event for event in self.events if isinstance(event, kind)]

    def close(self) -> None:
        """The end of the run: raise the first thing that was wrong."""
        if self.broken:
            raise self.broken[0]


async def pause(seconds: float) -> None:
    """Let virtual time go by."""
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()
    handle = loop.call_later(seconds, _set, over)
    try:
        await over
    finally:
        handle.cancel()


def _set(over: asyncio.Future[None]) -> None:
    if not over.done():
        over.set_result(None)
