"""When a fault strikes by chance: drawn for each subject, counted, and replayed."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, final

if TYPE_CHECKING:
    from regrow.testing.sim.decisions import Decisions
    from regrow.testing.sim.loop import SimLoop

__all__ = ("Chance", "Drawn", "Hazard", "Hazards", "Tally")

NEVER: Final = 1 << 62


class Chance(NamedTuple):
    """How likely a fault is.

    Attributes:
        kind: Its name.
        probability: Of each time that it might strike.
        most: How many strengths it has; each is as likely.
    """

    kind: str
    probability: float
    most: int


class Drawn(NamedTuple):
    """A fault that strikes.

    Attributes:
        kind: Its name.
        strength: From 1 to what the chance says.
    """

    kind: str
    strength: int


@final
class Tally:
    """Counts the faults of one run, and says until when they strike by chance.

    Args:
        loop: Whose time and trace it is.
        until: Virtual seconds from which on none does.
    """

    __slots__ = ("_loop", "counts", "hanging", "until")

    def __init__(self, loop: SimLoop, until: float) -> None:
        self._loop = loop
        self.until: float = until
        self.counts: dict[str, int] = {}
        """How many there were of each kind."""
        self.hanging: list[asyncio.Future[None]] = []
        """What hangs by chance, until all is calm."""

    @property
    def calm(self) -> bool:
        """Whether nothing strikes by chance any more."""
        return self._loop.now >= self.until

    def end(self) -> None:
        """From now on nothing strikes by chance, and what hangs by chance goes on."""
        self.until = min(self.until, self._loop.now)
        for hanging in self.hanging:
            if not hanging.done():
                hanging.set_result(None)
        self.hanging.clear()

    def struck(self, kind: str, what: str) -> None:
        """Count a fault and note it."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        self._loop.trace.fault(what)


@final
class Hazard:
    """Several faults that may strike one subject, at most one at a time.

    The next one is drawn beforehand, so that asking costs next to nothing.
    """

    __slots__ = ("_asked", "_chances", "_decisions", "_next", "_planned", "_scale", "_subject", "_tally")

    def __init__(self, decisions: Decisions, tally: Tally, subject: str, chances: Sequence[Chance]) -> None:
        self._decisions = decisions
        self._tally = tally
        self._subject = subject
        self._chances = [chance for chance in chances if chance.probability > 0]
        self._asked = 0
        self._planned: dict[int, Drawn] | None = None
        total = sum(chance.probability for chance in self._chances)
        self._scale = 1 / math.log1p(-total) if total < 1 and total else 0.0
        if decisions.replaying:
            self._planned = self._plan(chances)
            self._next = 0 if self._planned else NEVER
        else:
            self._next = self._draw_next(0) if total else NEVER

    def strike(self) -> Drawn | None:
        """Whether one strikes this time."""
        asked = self._asked
        self._asked = asked + 1
        if asked < self._next:
            return None
        if self._planned is not None:
            drawn = self._planned.get(asked)
        else:
            drawn = self._draw()
            self._next = self._draw_next(asked + 1)
        if drawn is None or self._tally.calm:
            return None
        self._decisions.made[self._question(drawn.kind), asked] = drawn.strength
        return drawn

    def _question(self, kind: str) -> str:
        return f"{kind} {self._subject}"

    def _draw_next(self, earliest: int) -> int:
        # How long a thing of fixed probability takes to happen is drawn in one go.
        draw = self._decisions.stream("faults").random()
        return earliest + int(math.log(1 - draw) * self._scale)

    def _draw(self) -> Drawn:
        draws = self._decisions.stream("faults")
        weights = [chance.probability for chance in self._chances]
        chance = draws.choices(self._chances, weights)[0] if len(weights) > 1 else self._chances[0]
        return Drawn(chance.kind, 1 + int(draws.random() * chance.most))

    def _plan(self, chances: Sequence[Chance]) -> dict[int, Drawn]:
        planned: dict[int, Drawn] = {}
        for chance in chances:
            for asked, strength in self._decisions.planned(self._question(chance.kind)).items():
                planned[asked] = Drawn(chance.kind, min(strength, chance.most))
        return planned


@final
class Hazards:
    """The hazards of one run: one for each subject."""

    __slots__ = ("_decisions", "_known", "_tally")

    def __init__(self, decisions: Decisions, tally: Tally) -> None:
        self._decisions = decisions
        self._tally = tally
        self._known: dict[tuple[str, Sequence[Chance]], Hazard] = {}

    def of(self, subject: str, chances: tuple[Chance, ...]) -> Hazard:
        """The hazard of `subject`, the same each time."""
        found = self._known.get((subject, chances))
        if found is None:
            found = Hazard(self._decisions, self._tally, subject, chances)
            self._known[subject, chances] = found
        return found
