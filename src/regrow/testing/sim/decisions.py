"""Every question a simulated run asks, and where its answers come from: a seed, or a list of deviations.

A run is a function of its answers. 0 is always the plain answer (the oldest ready task, no fault, no
delay), so what makes a run special is short: the answers that aren't 0. That list replays the run, and
shrinking a failure means leaving answers out of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from random import Random
from typing import Final, TypeAlias, final

from regrow.testing.sim.schedules import Planned, Schedule, Spread, rare, schedule_of

__all__ = ("YES_OR_NO", "Decisions", "Deviation", "Deviations", "Question")

Deviation: TypeAlias = tuple[str, int]
"""What was asked, and for the how many-th time: `("schedule", 17)`, `("kill counter", 3)`."""
Deviations: TypeAlias = Mapping[Deviation, int]

YES_OR_NO: Final = (None, None)
HAND_OFF_SPREADS: Final = (0.0, 0.0, 0.1, 0.5)
"""How often a call that could run on its caller's stack goes through the mailbox instead."""
TURN_SPREADS: Final = (0.0, 0.0, 0.03, 0.15)
"""How often the time of a turn is used up before its messages are."""


@final
class Question:
    """A question that is asked over and over and mostly answered by 0.

    It knows beforehand when the next other answer comes, so that asking costs next to nothing.
    """

    __slots__ = ("_decisions", "_name", "asked", "next", "schedule")

    def __init__(self, decisions: Decisions, name: str, schedule: Schedule) -> None:
        self._decisions = decisions
        self._name = name
        self.schedule: Final = schedule
        """Where the answers come from."""
        self.asked: int = 0
        """How often it was asked."""
        self.next: int = schedule.next
        """For the how many-th time the answer may be another than 0."""

    def open(self) -> bool:
        """Ask: whether the answer may be another than 0. Then `choose` gives it."""
        asked = self.asked
        self.asked = asked + 1
        return asked >= self.next

    def choose(self, among: Sequence[object]) -> int:
        """The answer to what was asked last: an index of `among`, the plain one first."""
        asked = self.asked - 1
        answer = self.schedule.choose(asked, among)
        self.next = self.schedule.next
        if answer:
            self._decisions.made[self._name, asked] = answer
        return answer

    def strikes(self) -> bool:
        """Ask a question of yes and no; no is plain."""
        return self.open() and self.choose(YES_OR_NO) == 1


@final
class Decisions:
    """Answers the questions of one run.

    Schedule, latency, faults and application have random streams of their own, so that one more
    fault doesn't shuffle the schedule.

    Args:
        seed: Where the streams come from.
        replay: The answers that aren't 0; None: draw them.
        variant: With `replay`: draw the schedule anew, with rare deviations, by this number.
    """

    __slots__ = (
        "_asked",
        "_by_question",
        "_draws",
        "_replay",
        "hand_off",
        "made",
        "schedule",
        "seed",
        "turn",
    )

    def __init__(self, seed: int, *, replay: Deviations | None = None, variant: int | None = None) -> None:
        self.seed: Final = seed
        self._replay = replay
        self._asked: defaultdict[str, int] = defaultdict(int)
        self._by_question: defaultdict[str, dict[int, int]] | None = None
        self._draws: dict[str, Random] = {}
        self.made: dict[Deviation, int] = {}
        """The answers so far that weren't 0."""
        if replay is None:
            draws = self.stream("schedule")
            schedule = schedule_of(draws)
            hand_off: Schedule = Spread(draws, draws.choice(HAND_OFF_SPREADS))
            turn: Schedule = Spread(draws, draws.choice(TURN_SPREADS))
        else:
            schedule, hand_off, turn = (Planned(replay, name) for name in ("schedule", "hand off", "turn"))
            if variant is not None:
                schedule = rare(self.stream(f"schedule {variant}"))
        self.schedule: Final = Question(self, "schedule", schedule)
        """Which of several that are ready goes on: the oldest is plain."""
        self.hand_off: Final = Question(self, "hand off", hand_off)
        """Whether a call that could run on its caller's stack goes through the mailbox."""
        self.turn: Final = Question(self, "turn", turn)
        """Whether a turn ends here, before its messages do."""

    def stream(self, name: str) -> Random:
        """The random stream of that name: the same for the same seed, whatever others draw."""
        draws = self._draws.get(name)
        if draws is None:
            # A text seeds through SHA-512: the same on every machine, whatever the hash seed.
            draws = self._draws[name] = Random(f"{self.seed}/{name}")  # noqa: S311
        return draws

    @property
    def replaying(self) -> bool:
        """Whether the answers come from an earlier run."""
        return self._replay is not None

    def planned(self, question: str) -> Mapping[int, int]:
        """The answers of the earlier run to one question, by its number."""
        if self._by_question is None:
            self._by_question = defaultdict(dict)
            for (name, asked), answer in (self._replay or {}).items():
                self._by_question[name][asked] = answer
        return self._by_question[question]

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
