"""How the schedules of many seeds are spread, so that together they find what no single way would.

Each seed has one way. A walk deviates from first come first served now and then: rarely, for what
needs a long orderly run before it, or at every step. Ranks keep one task back for as long as anybody
else is ready, which a walk hardly ever does (probabilistic concurrency testing, Burckhardt et al. 2010).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from random import Random
from typing import Final, Protocol, final

from typing_extensions import override

__all__ = ("NEVER", "Planned", "Ranks", "Schedule", "Spread", "schedule_of")

NEVER: Final = 1 << 62
"""The number of a question that is never asked."""
SPREADS: Final = (0.02, 0.1, 0.3, 0.6, 1.0)
"""How often a walk deviates."""
HORIZONS: Final = (30, 100, 300, 1000)
"""Among how many choices the points lie at which ranks change; a seed has one of them."""
DEPTHS: Final = (1, 2, 3)
"""How many orders among tasks have to come together: ranks change at one point fewer."""
PATIENCE: Final = 64
"""How often in a row the same one may go before the others, so that whoever spins doesn't spin for ever."""


class Schedule(Protocol):
    """Where the answers to one question come from."""

    def first(self) -> int:
        """For the how many-th time the answer may be another than 0 for the first time."""
        ...

    def after(self, asked: int) -> int:
        """The same, after that time."""
        ...

    def choose(self, asked: int, among: Sequence[object]) -> int:
        """The answer: an index of `among`."""
        ...


@final
class Planned(Schedule):
    """The answers of an earlier run.

    Args:
        deviations: Its answers that aren't 0, by question and number.
        question: Which of them are meant.
    """

    __slots__ = ("_answers", "_left")

    def __init__(self, deviations: Mapping[tuple[str, int], int], question: str) -> None:
        self._answers = {asked: answer for (name, asked), answer in deviations.items() if name == question}
        self._left = sorted(self._answers, reverse=True)

    @override
    def first(self) -> int:
        return self._left.pop() if self._left else NEVER

    @override
    def after(self, asked: int) -> int:
        return self.first()

    @override
    def choose(self, asked: int, among: Sequence[object]) -> int:
        return min(self._answers.get(asked, 0), len(among) - 1)


@final
class Spread(Schedule):
    """Answers other than 0 come with a fixed probability; then each is as likely.

    Args:
        draws: The random stream.
        probability: 0 for never, 1 for each time.
    """

    __slots__ = ("_draws", "_scale")

    def __init__(self, draws: Random, probability: float) -> None:
        self._draws = draws
        self._scale = 1 / math.log1p(-probability) if 0 < probability < 1 else 0.0 if probability else None

    @override
    def first(self) -> int:
        return self.after(-1)

    @override
    def after(self, asked: int) -> int:
        if self._scale is None:
            return NEVER
        # How long a thing of fixed probability takes to happen is drawn in one go.
        return asked + 1 + int(math.log(1 - self._draws.random()) * self._scale)

    @override
    def choose(self, asked: int, among: Sequence[object]) -> int:
        return int(self._draws.random() * len(among))


@final
class Ranks(Schedule):
    """Whoever is ready and ranks highest goes; the ranks are drawn, and change at a few points.

    Args:
        draws: The random stream.
        depth: The ranks change at one point fewer.
        horizon: Among how many choices these points lie.
    """

    __slots__ = ("_draws", "_last", "_lowest", "_patience", "_points", "_ranks")

    def __init__(self, draws: Random, depth: int, horizon: int) -> None:
        self._draws = draws
        self._ranks: dict[object, float] = {}
        self._points = {int(draws.random() * horizon) for _ in range(depth - 1)}
        self._lowest = 0.0
        self._last: object = None
        self._patience = PATIENCE

    @override
    def first(self) -> int:
        return 0

    @override
    def after(self, asked: int) -> int:
        return asked + 1

    @override
    def choose(self, asked: int, among: Sequence[object]) -> int:
        ranks = self._ranks
        best, highest = 0, -math.inf
        for index, one in enumerate(among):
            rank = ranks.get(one)
            if rank is None:
                rank = ranks[one] = self._draws.random()
            if rank > highest:
                best, highest = index, rank
        self._patience = self._patience - 1 if among[best] is self._last else PATIENCE
        self._last = among[best]
        if asked in self._points or not self._patience:
            self._lowest -= 1
            ranks[self._last] = self._lowest
        return best


def schedule_of(draws: Random) -> Schedule:
    """The way of a seed, drawn from its stream."""
    if draws.random() < 0.5:
        return Spread(draws, draws.choice(SPREADS))
    return Ranks(draws, draws.choice(DEPTHS), draws.choice(HORIZONS))
