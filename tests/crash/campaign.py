"""The parent: starts the child, kills it, starts it again on the same journal, and has it all checked."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import msgspec

from regrow.delivery.journal.commits import EARLY
from tests.crash import plan
from tests.crash.checker import Checker
from tests.crash.journal_file import Snapshot, read_journal
from tests.crash.process import Child, Stuck
from tests.crash.redriver import Redriver
from tests.crash.wire import read_notes

START_UP = 20.0
"""Seconds within which a child must have accepted something."""
PATIENCE = 10.0
"""Seconds without any progress after which what is owed is stuck."""
SOONEST, LATEST = 0.05, 0.3
"""Seconds from the first accepted operation to the kill."""
AIM = 16
"""Operations in flight that a kill waits for."""
AIMING = 0.1
"""Seconds that it waits at most."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What to do.

    Attributes:
        level: ``"power"``, ``"process"`` or ``"none"``.
        redrive: Whether the command redrives dead letters from a second process all the while.
        plant: Name of a bug to plant into the child.
        early: Operations with which a transaction begins at once, or follows another one.
        patience: Seconds without progress that count as stuck.
    """

    kills: int
    seed: int = 1
    level: str = "power"
    redrive: bool = False
    plant: str | None = None
    early: int = EARLY
    patience: float = PATIENCE


class Result(msgspec.Struct, kw_only=True):
    """How it went.

    Attributes:
        lost: Accepted and nowhere.
        phantom: Somewhere and never sent.
        duplicates: Handler starts beyond the first that no recorded failure explains.
        in_flight_at_kills: Deliveries that were started and not settled when the child was killed.
        kills_with_16_in_flight: Kills that hit 16 or more operations (sends and handlers) in flight.
        operations_at_kills: How many operations each kill hit.
        handled: Deliveries that a handler brought to its end.
        dead: Dead letters at the end.
        redriven: Dead letters that the command has moved.
        followed: Transactions that followed another one without the loop, as far as was told.
        conservation: Whether accepted = live + done + dead + discarded held at every restart.
        problems: Everything that is wrong, in words; nothing of it is allowed.
        folder: Where journal and files are kept, if something was wrong.
    """

    level: str
    seed: int
    redrive: bool
    plant: str | None
    early: int
    kills: int = 0
    kills_with_16_in_flight: int = 0
    operations_at_kills: list[int] = []
    accepted: int = 0
    handled: int = 0
    dead: int = 0
    redriven: int = 0
    followed: int = 0
    lost: int = 0
    phantom: int = 0
    duplicates: int = 0
    in_flight_at_kills: int = 0
    conservation: bool = True
    problems: list[str] = []
    seconds: float = 0.0
    folder: str | None = None

    @property
    def ok(self) -> bool:
        """Whether every promise of this level was kept."""
        return not self.problems and self.duplicates <= self.in_flight_at_kills


class Campaign:
    """Kills as often as wanted, then lets everything be done. Stops at the first problem.

    Args:
        options: What to do.
        folder: An empty folder for journal, receivers' files and the child's standard error.
        progress: Called with the result so far after every kill.
    """

    def __init__(self, options: Options, folder: Path, progress: Callable[[Result], None]) -> None:
        self._options = options
        self._folder = folder
        self._journal = folder / "journal.db"
        self._progress = progress
        self._random = Random(options.seed)
        self._durable = options.level != "none"
        self._checker = Checker(options.seed, durable=self._durable)
        self._arguments = ["--seed", str(options.seed), "--level", options.level]
        self._arguments += ["--early", str(options.early)]
        if options.plant:
            self._arguments += ["--plant", options.plant]
        self._redriver = Redriver(self._journal, self._random) if options.redrive else None
        self._read_so_far: dict[str, int] = {}
        self._told_dead: set[str] = set()
        self._in_flight = 0
        self._followed = 0
        self._result = Result(
            level=options.level,
            seed=options.seed,
            redrive=options.redrive,
            plant=options.plant,
            early=options.early,
        )
        self._begun = time.monotonic()
        self._standby: Child | None = None

    def run(self) -> Result:
        """Do all of it."""
        try:
            while self._checker.ok and self._result.kills < self._options.kills:
                self._run_and_kill()
                self._sum_up()
            if self._checker.ok:
                self._run_to_the_end()
        except Stuck as error:
            self._checker.complain(str(error))
        finally:
            if self._standby is not None:
                self._standby.close()
            if self._redriver is not None:
                self._redriver.kill()
        self._sum_up()
        return self._result

    def _take_child(self) -> Child:
        """The child that is loaded already. The next one loads while it works."""
        child = self._standby or Child(self._folder, self._arguments)
        self._standby = None
        return child

    def _run_and_kill(self) -> None:
        child = self._take_child()
        self._in_flight = 0
        try:
            child.begin(self._checker.next_start(drain=False))
            self._standby = Child(self._folder, self._arguments)
            self._load(child)
            if self._redriver is not None:
                self._redriver.before_the_kill()
            if child.ended:
                self._checker.complain(f"the child ended by itself: {child.wait(1.0)}")
            for words in child.kill():
                self._hear(words)
        finally:
            child.close()
        if self._redriver is not None:
            self._redriver.finish()
        self._result.kills += 1
        self._result.operations_at_kills.append(self._in_flight)
        self._check()

    def _load(self, child: Child) -> None:
        """Let it work until the moment of its kill."""
        if not self._hear_until(child, "accepted", START_UP):
            raise Stuck(f"nothing was accepted in run {self._result.kills}")
        moment = time.monotonic() + self._random.uniform(SOONEST, LATEST)
        if self._redriver is not None:
            self._redriver.begin()
        for words in child.lines(moment):
            self._hear(words)
        if self._in_flight < AIM:
            for words in child.lines(moment + AIMING):
                self._hear(words)
                if self._in_flight >= AIM:
                    break

    def _run_to_the_end(self) -> None:
        child = self._take_child()
        try:
            child.begin(self._checker.next_start(drain=True))
            self._drain(child)
            if self._redriver is not None:
                self._redriver.begin()
                self._redriver.finish()
                child.order("more")
                self._drain(child)
            child.order("stop")
            for words in child.lines(time.monotonic() + self._options.patience):
                self._hear(words)
            if status := child.wait(self._options.patience):
                self._checker.complain(f"the child ended with status {status}")
        finally:
            child.close()
        snapshot = self._check()
        self._checker.finished(snapshot, self._told_dead)

    def _drain(self, child: Child) -> None:
        while not self._hear_until(child, "drained", self._options.patience):
            pass

    def _hear_until(self, child: Child, wanted: str, seconds: float) -> bool:
        """Listen until this word comes; False if others came and the child is alive.

        Raises:
            Stuck: Nothing came, or the child has ended.
        """
        heard = False
        for words in child.lines(time.monotonic() + seconds):
            heard = True
            self._hear(words)
            if words[0] == wanted:
                return True
        if child.ended:
            raise Stuck(f"the child ended by itself: {self._errors() or 'no word on stderr'}")
        if not heard:
            raise Stuck(f"nothing happened for {seconds} s, and there is something left to do")
        return False

    def _hear(self, words: list[str]) -> None:
        match words:
            case ["accepted", owed, status, in_flight]:
                self._checker.was_told(owed, status)
                self._in_flight = int(in_flight)
            case ["failed", owed, *error]:
                self._checker.complain(f"{owed} was refused: {' '.join(error)}")
            case ["dead", owed, _]:
                self._told_dead.add(owed)
            case ["live", _, followed]:
                self._result.followed += int(followed) - self._followed
                self._followed = int(followed)
            case ["opened"]:
                self._followed = 0
            case ["drained"]:
                pass
            case _:
                self._checker.complain(f"the child said {' '.join(words)!r}")

    def _check(self) -> Snapshot | None:
        for receiver in plan.RECEIVERS:
            path = self._folder / f"{receiver}.notes"
            if path.exists():
                with path.open() as file:
                    file.seek(self._read_so_far.get(receiver, 0))
                    self._checker.read(receiver, read_notes(file.read()))
                    self._read_so_far[receiver] = file.tell()
        snapshot = read_journal(self._journal) if self._durable else None
        self._checker.stopped(snapshot)
        if snapshot is not None:
            self._result.redriven = snapshot.redriven
        if errors := self._errors():
            self._checker.complain(f"the child wrote to stderr: {errors}")
        return snapshot

    def _errors(self) -> str:
        text = (self._folder / "stderr").read_text(errors="replace").strip()
        return text[-1500:]

    def _sum_up(self) -> None:
        result, checker = self._result, self._checker
        result.kills_with_16_in_flight = sum(1 for n in result.operations_at_kills if n >= AIM)
        result.accepted = len(checker.accepted)
        result.handled = sum(1 for times in checker.starts.ended.values() if times)
        result.dead = sum(map(len, checker.dead.values())) + len(self._told_dead)
        result.lost, result.phantom = len(checker.lost), len(checker.phantom)
        result.duplicates = checker.starts.extra
        result.in_flight_at_kills = checker.starts.in_flight
        result.conservation = checker.conservation
        result.problems = checker.wrong[:]
        result.seconds = round(time.monotonic() - self._begun, 2)
        if not result.ok:
            result.folder = str(self._folder)
        self._progress(result)
