"""What has to hold in a simulated run: always, or once within a time."""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, TypeAlias, cast, final

from regrow.errors.simulation import BadSimulation, InvariantBroken

if TYPE_CHECKING:
    from regrow.testing.sim.loop import SimLoop

__all__ = ("Invariant", "Invariants", "Predicate")

Predicate: TypeAlias = Callable[[], object]


@final
class Invariant:
    """One that `sim.always` or `sim.eventually` set; `remove()` takes it back.

    Attributes:
        name: How it is called when it is broken.
        predicate: What is asked after each step.
        until: When it has to have come true, in virtual seconds; None for one that always holds.
    """

    __slots__ = ("_among", "name", "predicate", "until")

    def __init__(self, among: Invariants, name: str, predicate: Predicate, until: float | None) -> None:
        self._among = among
        self.predicate: Predicate = predicate
        self.name: str = name
        self.until: float | None = until

    def remove(self) -> None:
        """From now on it need not hold; twice is fine."""
        self._among.forget(self)

    def holds(self) -> bool:
        """Ask its predicate. What that raises breaks it.

        Raises:
            InvariantBroken: The predicate raised.
        """
        try:
            return bool(self.predicate())
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise self.broken() from error

    def broken(self) -> InvariantBroken:
        """What to raise when it doesn't hold."""
        kind = "always" if self.until is None else "eventually"
        return InvariantBroken(self.name, kind, self._among.time, self.until)


@final
class Invariants:
    """The invariants of one run, looked at after each step by its loop.

    Attributes:
        always: Those that hold always; the loop asks them itself, for speed.
        eventually: Those that are still to come true.
    """

    __slots__ = ("_loop", "always", "eventually")

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop
        self.always: tuple[Invariant, ...] = ()
        self.eventually: tuple[Invariant, ...] = ()

    @property
    def time(self) -> float:
        """Virtual seconds since the run began."""
        return self._loop.now

    def add_always(self, predicate: Predicate, name: str | None) -> Invariant:
        """From now on it must hold after every step."""
        invariant = self._make(predicate, name, None)
        self.always = (*self.always, invariant)
        return invariant

    def add_eventually(self, predicate: Predicate, name: str | None, within: float) -> Invariant:
        """It must hold once within so many seconds."""
        if not within >= 0:
            raise BadSimulation("sim.eventually", "within", within, "a number of seconds, 0 or more")
        invariant = self._make(predicate, name, self.time + within)
        self.eventually = (*self.eventually, invariant)
        return invariant

    def _make(self, predicate: Predicate, name: str | None, until: float | None) -> Invariant:
        owner = "sim.always" if until is None else "sim.eventually"
        if iscoroutinefunction(predicate) or not callable(cast("object", predicate)):
            raise BadSimulation(owner, "predicate", predicate, "a plain function without arguments")
        called: object = getattr(predicate, "__qualname__", None)
        return Invariant(self, name or str(called or "predicate"), predicate, until)

    def forget(self, invariant: Invariant) -> None:
        """It need not hold any more."""
        self.always = tuple(one for one in self.always if one is not invariant)
        self.eventually = tuple(one for one in self.eventually if one is not invariant)

    def clear(self) -> None:
        """None need hold any more."""
        self.always = self.eventually = ()

    def check_eventually(self) -> None:
        """A step is over.

        Raises:
            InvariantBroken: One hasn't come true in time.
        """
        now = self._loop.now
        for invariant in self.eventually:
            assert invariant.until is not None
            if now > invariant.until:  # it was looked at after the last step in time
                raise invariant.broken()
            if invariant.holds():
                self.forget(invariant)

    def finish(self) -> None:
        """Nothing comes any more.

        Raises:
            InvariantBroken: One was to come true and hasn't.
        """
        for invariant in self.eventually:
            if not invariant.holds():
                raise invariant.broken()
