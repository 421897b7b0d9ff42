"""Handler starts: which are explained by the log, which are extra, and which nothing explains.

A start is explained if it is the first, if the one before ended in a failure that is recorded, or if an
operator redrove the message. One that follows a kill is extra: it may be there only if the message was in
flight at that kill, that is, started and not yet settled in the journal (G4).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from tests.crash.wire import Note


@dataclass(slots=True)
class _Last:
    """What happened last to one delivery, and how often it failed and crashed in that run."""

    note: Note
    failures: int = 0


@dataclass(slots=True)
class Starts:
    """Follows the receivers' files from run to run.

    Attributes:
        extra: Starts without a recorded failure.
        in_flight: How often a delivery was in flight at a kill, over all kills.
        blamed: How often the journal may blame a delivery for a kill: it was in flight, or about to be.
        about_to_start: How many were about to be at the last kill; they had left no trace yet.
        crashes: How often a receiver wrote that it crashes, by delivery.
        failures: How often a receiver wrote that it fails, by delivery.
        ended: What was handled, and how often a handler came to its end.
        problems: Starts that nothing explains.
    """

    extra: int = 0
    in_flight: int = 0
    blamed: dict[str, int] = field(default_factory=lambda: defaultdict[str, int](int))
    about_to_start: int = 0
    crashes: dict[str, int] = field(default_factory=lambda: defaultdict[str, int](int))
    failures: dict[str, int] = field(default_factory=lambda: defaultdict[str, int](int))
    ended: dict[str, int] = field(default_factory=lambda: defaultdict[str, int](int))
    problems: list[str] = field(default_factory=list)
    _last: dict[str, _Last] = field(default_factory=dict)
    _suspended: dict[str, bool] = field(default_factory=dict)
    """What was live at every stop since its last note: whether it was in flight at a kill."""

    def read(self, notes: Iterable[Note], sent_again: set[str]) -> None:
        """Take in what a receiver wrote during a run; `sent_again`: what was sent anew in it."""
        for note in notes:
            if note.event == "start":
                self._started(note, sent_again)
            last = self._last.setdefault(note.owed, _Last(note))
            if last.note.run != note.run:
                last.failures = 0
            last.note = note
            if note.event == "end":
                self.ended[note.owed] += 1
            elif note.event == "fail":
                last.failures += 1
                self.failures[note.owed] += 1
            elif note.event == "crash":
                last.failures += 1
                self.crashes[note.owed] += 1

    def _started(self, note: Note, sent_again: set[str]) -> None:
        last = self._last.get(note.owed)
        if last is None or note.redrives > last.note.redrives or note.owed in sent_again:
            return
        if last.note.run == note.run:
            if last.note.event not in {"fail", "crash"}:
                self.problems.append(
                    f"{note.owed} started again in run {note.run} after its {last.note.event}"
                )
            return
        was_in_flight = self._suspended.pop(note.owed, None)
        if was_in_flight is None:
            self.problems.append(
                f"{note.owed} started again in run {note.run}: it was settled after run {last.note.run}"
            )
        elif was_in_flight:
            self.extra += 1

    def stopped(
        self, run: int, live: Mapping[str, int], recorded: Callable[[int], int], named: AbstractSet[int]
    ) -> int:
        """A run has ended.

        Args:
            run: Its number.
            live: What is owed now, and its number.
            recorded: How many failures of this run are recorded, by that number.
            named: Of what the journal will say that its handler ran.

        Returns:
            How many deliveries were in flight.
        """
        before, self._suspended = self._suspended, {}
        found = self.about_to_start = 0
        for delivery, number in live.items():
            last = self._last.get(delivery)
            if last is None or last.note.run != run:
                self.about_to_start += number in named
                self.blamed[delivery] += number in named
            if last is None:
                continue
            if last.note.run != run:
                if delivery in before:
                    self._suspended[delivery] = before[delivery]
                continue
            running = last.note.event in {"start", "end"} or recorded(number) < last.failures
            self._suspended[delivery] = running
            self.blamed[delivery] += running or number in named
            found += running
        self.in_flight += found
        return found

    def stopped_without_journal(self, run: int) -> int:
        """A run has ended and left nothing: what had been started and had not ended is gone."""
        last = [last.note for last in self._last.values()]
        found = sum(1 for note in last if note.run == run and note.event == "start")
        self.in_flight += found
        return found


@dataclass(slots=True)
class Lanes:
    """Order within a lane: nothing starts before what was sent earlier (G7). What is redriven is exempt."""

    problems: list[str] = field(default_factory=list)
    _first: dict[str, int] = field(default_factory=dict)
    _run: dict[str, tuple[int, int]] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def read(self, notes: Iterable[Note]) -> None:
        for note in notes:
            if note.event == "start" and note.redrives == 0:
                self._started(note)

    def _started(self, note: Note) -> None:
        lane, _, rest = note.owed.partition(".")
        number = int(rest.partition("@")[0])
        run, latest = self._run.get(lane, (note.run, -1))
        if run == note.run and number < latest:
            self.problems.append(f"{note.owed} started after {lane}.{latest}, in run {run}")
        self._run[lane] = (note.run, number)
        if note.owed not in self._seen:
            self._seen.add(note.owed)
            if number < self._first.get(lane, -1):
                self.problems.append(f"{note.owed} started first after {lane}.{self._first[lane]}")
            self._first[lane] = number
