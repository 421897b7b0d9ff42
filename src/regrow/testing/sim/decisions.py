"""Every question a simulated run asks, and where its answers come from: a seed, or a list of deviations.

A run is a function of its answers. 0 is always the plain answer (the oldest ready task, no fault, no
delay), so what makes a run special is short: the answers that aren't 0. That list replays the run, and
shrinking a failure means leaving answers out of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from random import Random
from typing import Final, TypeAlias, final

__all__ = ("Decisions", "Deviation", "Deviations")

Deviation: TypeAlias = tuple[str, int]
"""What was asked, and for the how many-th time: `("schedule", 17)`, `("kill counter", 3)`."""
Deviations: TypeAlias = Mapping[Deviation, int]

SPREADS: Final = (0.02, 0.1, 0.3, 0.6, 1.0)
"""How often a schedule deviates from first come first served; each seed has one of them. Rare deviations find
what needs a long orderly run before, frequent ones what needs several at once."""


@final
class Decisions:
    """Answers the questions of one run.

    Schedule, latency, faults and application have random streams of their own, so that one more
    fault doesn't shuffle the schedule.

    Args:
        seed: Where the streams come from.
        replay: The answers that aren't 0; None: draw them.
    """

    __slots__ = ("_asked", "_draws", "_replay", "_schedule", "_spread", "made", "scheduled", "seed")

    def __init__(self, seed: int, *, replay: Deviations | None = None) -> None:
        self.seed: Final = seed
        self._replay = replay
        self._asked: defaultdict[str, int] = defaultdict(int)
        self._draws: dict[str, Random] = {}
        self._schedule = self.stream("schedule").random
        self._spread = SPREADS[int(self._schedule() * len(SPREADS))]
        self.scheduled = 0
        """How often the schedule was asked for."""
        self.made: dict[Deviation, int] = {}
        """The answers so far that weren't 0."""

    def stream(self, name: str) -> Random:
        """The random stream of that name: the same for the same seed, whatever others draw."""
        draws = self._draws.get(name)
        if draws is None:
            # A text seeds through SHA-512: the same on every machine, whatever the hash seed.
            draws = self._draws[name] = Random(f"{self.seed}/{name}")  # noqa: S311
        return draws

    def next_of(self, ready: int) -> int:
        """Which of so many ready things runs next, counted from the oldest."""
        asked = self.scheduled
        self.scheduled = asked + 1
        if self._replay is not None:
            answer = min(self._replay.get(("schedule", asked), 0), ready - 1)
        elif self._schedule() >= self._spread:
            return 0
        else:
            answer = int(self._schedule() * ready)
        if answer:
            self.made["schedule", asked] = answer
        return answer

    def happens(self, fault: str, probability: float) -> bool:
        """Whether a fault strikes this time."""
        return probability > 0 and self.answer(fault, probability, 1) == 1

    def answer(self, question: str, probability: float, most: int, *, stream: str = "faults") -> int:
        """0, or with this probability a whole number from 1 to `most`.

        Each question is numbered by its own count, so that leaving one answer out moves no other's.
        """
        asked = self._asked[question]
        self._asked[question] = asked + 1
        if self._replay is not None:
            answer = min(self._replay.get((question, asked), 0), most)
        else:
            draws = self.stream(stream)
            answer = 1 + int(draws.random() * most) if draws.random() < probability else 0
        if answer:
            self.made[question, asked] = answer
        return answer
