"""What a simulated test gets: its clock, its faults, its invariants."""

from __future__ import annotations

from itertools import chain, repeat
from random import Random
from typing import TYPE_CHECKING, final

from regrow.core.ports import Phase, Ports, RandomStreams
from regrow.testing.sim.controls import Controls
from regrow.testing.sim.decisions import YES_OR_NO
from regrow.testing.sim.invariants import Invariant, Predicate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from regrow.runtime.process import Process
    from regrow.testing.sim.faults import Faults
    from regrow.testing.sim.fence.options import Fence
    from regrow.testing.sim.loop import SimLoop

__all__ = ("Simulation",)

LONG = 0.02
"""Real seconds that a turn has taken when it is to end: more than it may, less than make a handler slow."""


@final
class Simulation(Controls):
    """One run of a simulated test. Systems made in it take clock, schedule and random numbers from it.

    Attributes:
        seed: The seed of this run.
    """

    def __init__(self, loop: SimLoop, faults: Faults, fence: Fence) -> None:
        super().__init__(loop, faults, fence)
        self._invariants = loop.invariants
        self._streams = RandomStreams(loop.decisions.seed)
        self.seed: int = loop.decisions.seed
        self._note = None if loop.trace.tells else loop.trace.add
        # Asked after every message: it has its answer without a frame of Python, as long as that is plain.
        self._held = chain.from_iterable(_held_so_far(loop)).__next__
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
            monotonic=self._held,
            wall=self._wall_clock.time,
            random=self._streams,
            chooser=self._choose,
            step_hook=self._step,
            mailbox_hook=self._mailbox_faults.decide if self._mailbox_faults.wanted else None,
            virtual=True,
        )

    # -- invariants ----------------------------------------------------------------------------

    def always(self, predicate: Predicate, *, name: str | None = None) -> Invariant:
        """From now on `predicate()` must be true after every step.

        Args:
            predicate: A plain function; what it raises fails the run as well.
            name: Shown when it is broken; default its own name.

        Returns:
            The invariant; its `remove()` takes it back.

        Raises:
            BadSimulation: The predicate is no plain function.
        """
        return self._invariants.add_always(predicate, name)

    def eventually(self, predicate: Predicate, *, within: float, name: str | None = None) -> Invariant:
        """`predicate()` must be true after one step within so many virtual seconds from now.

        It is looked at for the last time when the test returns.

        Args:
            predicate: A plain function; what it raises fails the run as well.
            within: Virtual seconds.
            name: Shown when it is broken; default its own name.

        Returns:
            The invariant; its `remove()` takes it back.

        Raises:
            BadSimulation: The predicate is no plain function, or `within` is negative.
        """
        return self._invariants.add_eventually(predicate, name, within)

    def finish(self) -> None:
        """For the run itself. Nothing comes any more: what should have come true by now must have.

        Raises:
            InvariantBroken: It hasn't.
        """
        self._invariants.finish()

    def note(self, text: str) -> None:
        """Have `text` stand in the story of the run, and count for what makes two runs equal.

        Args:
            text: The same in equal runs: no addresses, no real times.
        """
        self._loop.trace.note(text)

    # -- ports ---------------------------------------------------------------------------------

    def _choose(self, ready: Sequence[object]) -> int:
        picker = self._loop.picker
        return 0 if len(ready) == 1 or picker.plain() else picker.pick(ready)

    def _step(self, pid: object, phase: Phase, message: object) -> None:
        process: Process = pid  # type: ignore[assignment]
        if phase == "init":
            self._loop.engines[process.engine] = None
            self._loop.trace.begin(process)
            self._process_faults.begin(process)
            return
        note = self._note
        if note is None:
            self._loop.trace.turn(process, message)
        else:  # what it does, in place
            note(process.serial)
            note(type(message).__name__)
        if process.blueprint.server is None:
            self._process_faults.received(process)


def _held_so_far(loop: SimLoop) -> Iterator[Iterator[float]]:
    """Real time, by which turns end: code takes none here, until the decisions say that it has."""
    turn, trace = loop.decisions.turn, loop.trace
    held = 0.0
    while True:
        plain = turn.next - turn.asked
        if plain > 0:
            turn.asked = turn.next
            yield repeat(held, plain)
        turn.asked += 1
        if turn.choose(YES_OR_NO):
            held += LONG
            trace.cut()
        yield repeat(held, 1)
