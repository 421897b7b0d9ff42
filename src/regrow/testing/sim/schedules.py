"""How the schedules of many seeds are spread, so that together they find what no single way would.

Each seed has one of three ways. A walk deviates from first come first served now and then, by picking another
for once or by holding one back: rarely, for what needs a long orderly way before it, up to at every step.
Fleeting ranks (partial order sampling, Yuan et al. 2018) have each step wait its own time. Lasting ranks
(probabilistic concurrency testing, Burckhardt et al. 2010) keep one task back for as long as anybody else is
ready. benchmarks/testkit/schedules.py has the numbers.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Final, Protocol, final

from typing_extensions import override

__all__ = (
    "FOREVER",
    "HOLDS",
    "Fleeting",
    "Lasting",
    "Planned",
    "Ranked",
    "Schedule",
    "Spread",
    "Walk",
    "rare",
    "schedule_of",
)

NEVER: Final = 1 << 62
"""The number of a question that is never asked."""
SPREADS: Final = (0.02, 0.1, 0.3, 0.6, 1.0)
"""How often a walk deviates."""
HOLDING: Final = (0.0, 0.3, 0.7, 1.0)
"""How often a walk, when it deviates, holds the oldest back instead of picking another for once."""
FOREVER: Final = 1000
HOLDS: Final = (0, FOREVER, 3, 10, 30)
"""For how many picks one is held back, while others are ready, by the answer -1, -2 and so on; the longest is
for as long as they are, unless these go on for ever."""
HORIZONS: Final = (30, 100, 300, 1000)
"""Among how many choices the points lie at which lasting ranks change; a seed has one of them."""
POINTS: Final = (0, 1, 2)
"""At how many points they change: one fewer than the orders among tasks that have to come together."""
PATIENCE: Final = 64
"""How often in a row the same one may go before the others, so that whoever spins doesn't spin for ever."""


class Schedule(Protocol):
    """Where the answers to one question come from.

    Attributes:
        next: For the how many-th time of asking the answer may be another than 0.
    """

    next: int

    def choose(self, asked: int, among: Sequence[object]) -> int:
        """The answer: an index of `among`; negative, of `HOLDS`, if the first of them is to be held back."""
        ...


@final
class Planned(Schedule):
    """The answers of an earlier run.

    Args:
        deviations: Its answers that aren't 0, by question and number.
        question: Which of them are meant.
    """

    __slots__ = ("_answers", "_left", "next")

    def __init__(self, deviations: Mapping[tuple[str, int], int], question: str) -> None:
        self._answers = {asked: answer for (name, asked), answer in deviations.items() if name == question}
        self._left = sorted(self._answers, reverse=True)
        self.next: int = self._left.pop() if self._left else NEVER

    @override
    def choose(self, asked: int, among: Sequence[object]) -> int:
        self.next = self._left.pop() if self._left else NEVER
        return min(self._answers.get(asked, 0), len(among) - 1)


class Spread(Schedule):
    """Answers other than 0 come with a fixed probability; then each is as likely.

    Args:
        draws: The random stream.
        probability: 0 for never, 1 for each time.
    """

    __slots__ = ("_draw", "_scale", "next")

    def __init__(self, draws: Random, probability: float) -> None:
        self._draw = draws.random
        self._scale = 1 / math.log1p(-probability) if 0 < probability < 1 else 0.0
        self.next: int = self._after(-1) if probability else NEVER

    @override
    def choose(self, asked: int, among: Sequence[object]) -> int:
        draw = self._draw
        self.next = asked + 1 + int(math.log(1 - draw()) * self._scale)  # `_after`, in place
        return int(draw() * len(among))

    def _after(self, asked: int) -> int:
        draw = self._draw
        # How long a thing of fixed probability takes to happen is drawn in one go.
        return asked + 1 + int(math.log(1 - draw()) * self._scale)


@final
class Walk(Spread):
    """Deviates now and then, by picking any one for once or by holding the oldest back.

    Args:
        draws: The random stream.
        probability: Of a deviation.
        holding: How many of them hold one back.
    """

    __slots__ = ("_holding",)
    next: int

    def __init__(self, draws: Random, probability: float, holding: float) -> None:
        super().__init__(draws, probability)
        self._holding = holding

    @override
    def choose(self, asked: int, among: Sequence[object]) -> int:
        draw = self._draw
        holds = draw() < self._holding
        self.next = self._after(asked)
        if not holds:
            return int(draw() * len(among))
        return -1 if draw() < 0.5 else -1 - int(draw() * (len(HOLDS) - 1))


class Ranked(Schedule):
    """Whoever is ready and ranks highest goes on.

    Args:
        draws: The random stream.
    """

    __slots__ = ("_ranks", "next")

    def __init__(self, draws: Random) -> None:
        self._ranks: defaultdict[object, float] = defaultdict(draws.random)
        self.next: int = 0

    def _highest(self, among: Sequence[object]) -> object:
        ranks = self._ranks
        best, highest = None, -math.inf
        for one in among:  # `max` with a key takes twice as long for the six there are as a rule
            rank = ranks[one]
            if rank > highest:
                best, highest = one, rank
        return best


@final
class Fleeting(Ranked):
    """A rank is drawn for one step only."""

    __slots__ = ()

    @override
    def choose(self, asked: int, among: Sequence[object]) -> int:
        best = self._highest(among)
        del self._ranks[best]
        return among.index(best)


@final
class Lasting(Ranked):
    """A rank is kept.

    Args:
        draws: The random stream.
        points: The choices after which the one that went on ranks lowest.
    """

    __slots__ = ("_last", "_lowest", "_patience", "_points")

    def __init__(self, draws: Random, points: Iterable[int]) -> None:
        super().__init__(draws)
        self._points = frozenset(points)
        self._lowest = 0.0
        self._last: object = None
        self._patience = PATIENCE

    @override
    def choose(self, asked: int, among: Sequence[object]) -> int:
        best = self._highest(among)
        if best is self._last:
            self._patience -= 1
        else:
            self._last, self._patience = best, PATIENCE
        if asked in self._points or not self._patience:
            self._lowest -= 1
            self._ranks[best] = self._lowest
        return among.index(best)


def rare(draws: Random) -> Schedule:
    """A walk that hardly ever deviates, and then says much by it: for stories that are short."""
    return Walk(draws, draws.choice(SPREADS[:3]), 0.7)


def schedule_of(draws: Random) -> Schedule:
    """The way of a seed, drawn from its stream: one of three, as often each."""
    way = int(draws.random() * 3)
    if way == 0:
        return Walk(draws, draws.choice(SPREADS), draws.choice(HOLDING))
    if way == 1:
        return Fleeting(draws)
    horizon = draws.choice(HORIZONS)
    points = [int(draws.random() * horizon) for _ in range(draws.choice(POINTS))]
    return Lasting(draws, points)
