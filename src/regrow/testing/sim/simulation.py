"""What a simulated test gets: its clock, its faults, its invariants."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, final

from regrow.core.ports import Phase, Ports, RandomStreams
from regrow.errors.testing import InvariantBroken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regrow.runtime.engine import Engine
    from regrow.runtime.process import Process
    from regrow.testing.sim.loop import SimLoop

__all__ = ("Simulation",)

EPOCH = 1_577_836_800.0
HAND_OFF_CHANCE = 0.5


@final
class Simulation:
    """One run of a simulated test. Systems made in it take clock, schedule and random numbers from it.

    Attributes:
        seed: The seed of this run.
    """

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop
        self._always: list[tuple[str, Callable[[], object]]] = []
        self._eventually: list[tuple[str, Callable[[], object], float]] = []
        self._wall_offset = 0.0
        self._streams = RandomStreams(loop.decisions.seed)
        self._engines: dict[Engine, None] = {}
        self.seed: int = loop.decisions.seed
        loop.make_ports = self.ports

    @property
    def time(self) -> float:
        """Virtual seconds since the run began."""
        return self._loop.now

    @property
    def steps(self) -> int:
        """Steps of the loop so far."""
        return self._loop.steps

    @property
    def random(self) -> Random:
        """The application's own random stream: nothing else draws from it."""
        return self._streams("application")

    def ports(self) -> Ports:
        """Ports of this run; Systems that are given none take these anyway."""
        return Ports(
            monotonic=self._loop.time,
            wall=self._wall,
            random=self._streams,
            chooser=self._choose,
            step_hook=self._step,
            virtual=True,
        )

    # -- invariants ----------------------------------------------------------------------------

    def always(self, predicate: Callable[[], object], *, name: str | None = None) -> None:
        """From now on `predicate()` must be true after every step.

        Args:
            predicate: A plain function; what it raises fails the run as well.
            name: Shown when it is broken; default its own name.
        """
        self._always.append((name or predicate.__qualname__, predicate))
        self._loop.after_step = self._check

    def eventually(self, predicate: Callable[[], object], *, within: float, name: str | None = None) -> None:
        """`predicate()` must have become true once within so many virtual seconds from now."""
        self._eventually.append((name or predicate.__qualname__, predicate, self.time + within))
        self._loop.after_step = self._check

    def finish(self) -> None:
        """The body has returned: what should have come true by now must have."""
        for name, predicate, until in self._eventually:
            if not predicate():
                raise InvariantBroken(name, "eventually", self.time, until)

    def _check(self) -> None:
        for name, predicate in self._always:
            if not predicate():
                raise InvariantBroken(name, "always", self.time, None)
        if self._eventually:
            now = self.time
            left: list[tuple[str, Callable[[], object], float]] = []
            for name, predicate, until in self._eventually:
                if predicate():
                    continue
                if now > until:
                    raise InvariantBroken(name, "eventually", now, until)
                left.append((name, predicate, until))
            self._eventually = left

    # -- ports ---------------------------------------------------------------------------------

    def _wall(self) -> float:
        return EPOCH + self._wall_offset + self._loop.now

    def _choose(self, ready: Sequence[object]) -> int:
        schedule = self._loop.decisions.schedule
        return schedule.choose(ready) if len(ready) > 1 and schedule.open() else 0

    def _step(self, pid: object, phase: Phase, message: object) -> None:
        process: Process = pid  # type: ignore[assignment]
        if phase == "message":
            self._loop.trace.turn(process, message)
