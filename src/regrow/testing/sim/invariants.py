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
    """The invariants of one run, looked at after each step of its loop."""

    __slots__ = ("_always", "_eventually", "_loop")

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop
        self._always: tuple[Invariant, ...] = ()
        self._eventually: tuple[Invariant, ...] = ()

    @property
    def time(self) -> float:
        """Virtual seconds since the run began."""
        return self._loop.now

    def always(self, predicate: Predicate, name: str | None) -> Invariant:
        """From now on it must hold after every step."""
        invariant = self._make(predicate, name, None)
        self._always = (*self._always, invariant)
        return invariant

    def eventually(self, predicate: Predicate, name: str | None, within: float) -> Invariant:
        """It must hold once within so many seconds."""
        if not within >= 0:
            raise BadSimulation("sim.eventually", "within", within, "a number of seconds, 0 or more")
        invariant = self._make(predicate, name, self.time + within)
        self._eventually = (*self._eventually, invariant)
        return invariant

    def _make(self, predicate: Predicate, name: str | None, until: float | None) -> Invariant:
        owner = "sim.always" if until is None else "sim.eventually"
        if iscoroutinefunction(predicate) or not callable(cast("object", predicate)):
            raise BadSimulation(owner, "predicate", predicate, "a plain function without arguments")
        called: object = getattr(predicate, "__qualname__", None)
        self._loop.after_step = self.check
        return Invariant(self, name or str(called or "predicate"), predicate, until)

    def forget(self, invariant: Invariant) -> None:
        """It need not hold any more."""
        self._always = tuple(one for one in self._always if one is not invariant)
        self._eventually = tuple(one for one in self._eventually if one is not invariant)
        if not self._always and not self._eventually:
            self._loop.after_step = None

    def check(self) -> None:
        """A step is over.

        Raises:
            InvariantBroken: One doesn't hold, or not in time.
        """
        for invariant in self._always:
            try:
                if invariant.predicate():  # not `holds`, for speed
                    continue
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as error:
                raise invariant.broken() from error
            raise invariant.broken()
        if self._eventually:
            self._check_eventually(self._loop.now)

    def _check_eventually(self, now: float) -> None:
        for invariant in self._eventually:
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
        for invariant in self._eventually:
            if not invariant.holds():
                raise invariant.broken()
