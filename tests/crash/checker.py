"""Compares what was promised with what is there.

Three witnesses: the parent's own record of what the child told it, the files that the receivers wrote, and
the journal as `journal_file` reads it. The child's word is taken for nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from tests.crash import plan
from tests.crash.journal_file import DeadRow, LiveRow, Snapshot
from tests.crash.starts import Lanes, Starts
from tests.crash.wire import Note, Start

_TOLD = 40
"""So many problems are kept in words; all are counted."""


class Checker:
    """Knows what may be and finds what may not. One per campaign; fed run by run.

    Args:
        seed: Of the plan.
        durable: Whether there is a journal file, so that nothing may be lost.
        reached: Number of the last operation that each sender may have sent before, default none.

    Attributes:
        accepted: What was accepted, and the last status that was told for it.
        lost: What was accepted and is nowhere.
        phantom: What is there though nobody sent it.
        wrong: Everything else that is wrong.
    """

    def __init__(self, seed: int, *, durable: bool, reached: int = -1) -> None:
        self.accepted: dict[str, str] = {}
        self.lost: set[str] = set()
        self.phantom: set[str] = set()
        self.wrong: list[str] = []
        self.starts = Starts()
        self.lanes = Lanes()
        self.conservation = True
        self.dead: dict[str, list[DeadRow]] = {}
        self._seed = seed
        self._durable = durable
        self._open: set[str] = set()
        self._reached = [reached] * plan.SENDERS
        self._known: set[str] = set()
        self._sent_again: set[str] = set()
        self._resent: set[str] = set()
        self._doubtful: set[str] = set()
        self._answered: set[str] = set()
        self._ledger: set[str] = set()
        self._total = 0
        self._epochs: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._boot = 0
        self._run = 0

    @property
    def ok(self) -> bool:
        """Whether nothing that counts at this level is wrong."""
        return not (self.phantom or self.wrong or (self._durable and self.lost))

    def next_start(self, *, drain: bool) -> Start:
        """What the next run is to do: go on after what may have been sent, and resend what is in doubt."""
        again = sorted(self._doubtful)
        self._sent_again = {plan.owed(name, receiver) for name in again for receiver in plan.KEEPERS}
        self._resent |= self._sent_again
        first = [reached + 1 for reached in self._reached]
        if not drain:
            self._reached = first[:]
        return Start(number=self._run, first=first, again=again, drain=drain)

    def was_told(self, owed: str, status: str) -> None:
        """The child said that this was accepted, with this status."""
        self.accepted[owed] = status
        self._open.add(owed)
        if status == "handled":
            self._answered.add(owed)
        self._doubtful.discard(owed.partition("@")[0])
        sender, _, number = owed.partition("@")[0].partition(".")
        self._reached[int(sender)] = max(self._reached[int(sender)], int(number) + 1)

    def complain(self, problem: str) -> None:
        """Something is wrong."""
        if len(self.wrong) < _TOLD:
            self.wrong.append(problem)

    def read(self, receiver: str, notes: list[Note]) -> None:
        """What a receiver wrote during the run that has just ended."""
        self.starts.read(notes, self._sent_again)
        if receiver in plan.ORDERED:
            self.lanes.read(notes)
        self._find_phantoms("a receiver", (note.owed for note in notes))

    def stopped(self, snapshot: Snapshot | None) -> int:
        """The run has ended, by a kill or by itself: check everything.

        Returns:
            How many deliveries were in flight.
        """
        for owed in self._answered:
            if not self.starts.ended[owed]:
                self.complain(f"{owed} was said to be handled in run {self._run}, no handler came to its end")
        if snapshot is None:
            running = self.starts.stopped_without_journal(self._run)
        else:
            live = {owed: rows[0].id for owed, rows in snapshot.live.items()}
            running = self.starts.stopped(self._run, live, snapshot.recorded, snapshot.named)
            if self.starts.about_to_start > len(plan.RECEIVERS):
                self.complain(f"{self.starts.about_to_start} handlers were said to run, and none had begun")
            self._check_journal(snapshot)
        for problems in (self.starts.problems, self.lanes.problems):
            for problem in problems:
                self.complain(problem)
            problems.clear()
        self._answered.clear()
        self._doubtful |= set(self._in_doubt())
        self._run += 1
        return running

    def finished(self, snapshot: Snapshot | None, told_dead: set[str]) -> None:
        """Everything is done and the child has stopped cleanly: what is left must be nothing."""
        if snapshot is None:
            gone = {owed for owed in self._open if not (owed in told_dead or self._is_settled(owed, None))}
            self.lost |= gone
            return
        if snapshot.live:
            self.complain(f"{len(snapshot.live)} live after the end, {next(iter(snapshot.live))} among them")
        ignored = sum(
            1
            for owed, failures in self.starts.failures.items()
            if failures and plan.named(self._seed, owed).fate == "ignored" and not self.starts.ended[owed]
        )
        if snapshot.discarded != ignored:
            self.complain(f"{snapshot.discarded} counted as discarded, {ignored} were given up")

    def _in_doubt(self) -> Iterator[str]:
        """Operations that may or may not have been accepted and may be sent again: they carry a key."""
        for sender, number in enumerate(self._reached):
            operation = plan.operation(self._seed, sender, number) if number >= 0 else None
            if operation and operation.kind == "effect" and operation.owed[0] not in self.accepted:
                yield operation.name

    def _check_journal(self, snapshot: Snapshot) -> None:
        if not snapshot.balanced:
            self.conservation = False
            self.complain(f"conservation: {snapshot.counts}")
        self._find_phantoms("the journal", (*snapshot.live, *snapshot.dead))
        self._find_phantoms("the ledger", (plan.owed(name, plan.LEDGER) for name in snapshot.ledger))
        self._check_numbers(snapshot)
        self._check_dead(snapshot.dead)
        self._find_lost(snapshot)
        self._check_effects(snapshot)
        self._check_epochs(snapshot)

    def _find_phantoms(self, where: str, owed: Iterable[str]) -> None:
        for one in owed:
            if one not in self._known:
                self._known.add(one)
                if not self._was_meant(one):
                    self.phantom.add(one)
                    self.complain(f"{where} has {one}, which nobody sent")

    def _was_meant(self, owed: str) -> bool:
        operation = plan.named(self._seed, owed)
        meant = operation.owed
        if operation.kind == "effect":
            meant = (*meant, plan.owed(operation.name, plan.TALLY))
        return owed in meant and operation.number <= self._reached[operation.sender]

    def _check_numbers(self, snapshot: Snapshot) -> None:
        """What was sent once is owed once, under one number for ever, redriven or not."""
        rows: list[tuple[str, LiveRow | DeadRow]] = [
            (o, row) for o, found in snapshot.live.items() for row in found
        ]
        new = (o for o, found in snapshot.dead.items() if self.dead.get(o) != found)
        rows += [(o, row) for o in new for row in snapshot.dead[o]]
        for owed, row in rows:
            if owed not in self._resent and self._numbers.setdefault(owed, row.id) != row.id:
                self.complain(f"{owed} has number {row.id}, it was {self._numbers[owed]}")
        for owed in snapshot.live.keys() & snapshot.dead.keys():
            if owed not in self._resent:
                self.complain(f"{owed} is live and dead")

    def _find_lost(self, snapshot: Snapshot) -> None:
        settled: list[str] = []
        for owed in self._open:
            if owed in snapshot.live or owed in snapshot.dead:
                continue
            settled.append(owed)
            if not self._is_settled(owed, snapshot):
                self.lost.add(owed)
                self.complain(f"{owed} was {self.accepted[owed]}; it is lost after run {self._run}")
        self._open.difference_update(settled)

    def _is_settled(self, owed: str, snapshot: Snapshot | None) -> bool:
        operation = plan.named(self._seed, owed)
        if operation.kind == "effect" and snapshot is not None:
            return operation.name in snapshot.ledger
        if operation.fate == "ignored":
            return self.starts.failures[owed] > plan.RETRIES or self._may_have_looped(owed)
        return self.starts.ended[owed] > 0

    def _may_have_looped(self, owed: str) -> bool:
        return self.starts.crashes[owed] + self.starts.blamed[owed] >= plan.MAX_CRASHES

    def _check_dead(self, dead: dict[str, list[DeadRow]]) -> None:
        """A dead letter has a reason that can be, and tells its attempts (G9)."""
        for owed, rows in dead.items():
            if self.dead.get(owed) == rows:
                continue
            operation = plan.named(self._seed, owed)
            due = {
                "crash_loop": self._may_have_looped(owed),
                "max_attempts": operation.fate == "failing" and self.starts.failures[owed] > plan.RETRIES,
                "expired": operation.kind == "expiring",
                "no_route": operation.kind == "unheard",
            }
            for row in rows:
                if not due.get(row.reason, False):
                    self.complain(f"{owed} ({operation.kind}, {operation.fate}) is dead with {row}")
                if row.reason in {"max_attempts", "crash_loop"} and not row.history:
                    self.complain(f"{owed} is dead with {row}: no attempt is told")
        self.dead = dead

    def _check_effects(self, snapshot: Snapshot) -> None:
        """What is in the ledger is there once, is owed no more, and reached the tally once, or will (G5)."""
        for name in self._ledger - snapshot.ledger.keys():
            self.complain(f"the effect of {name} is gone, after run {self._run}")
        for name in snapshot.ledger.keys() - self._ledger:
            self._ledger.add(name)
            self._total += plan.named(self._seed, name).weight
        for name, times in snapshot.ledger.items():
            if times != 1:
                self.complain(f"{name} took effect {times} times")
        for owed in snapshot.owed_to(plan.LEDGER):
            if owed.partition("@")[0] in snapshot.ledger and owed not in self._resent:
                self.complain(f"{owed} took effect and is owed, after run {self._run}")
        for owed in self._answered:
            if owed.endswith(f"@{plan.LEDGER}") and owed.partition("@")[0] not in snapshot.ledger:
                self.complain(f"{owed} was answered and had no effect, after run {self._run}")
        waiting = [plan.named(self._seed, owed).weight for owed in snapshot.owed_to(plan.TALLY)]
        count, total = len(snapshot.ledger) - len(waiting), self._total - sum(waiting)
        if snapshot.tally != (count, total):
            self.complain(f"the tally has {snapshot.tally}, the ledger says {(count, total)}")

    def _check_epochs(self, snapshot: Snapshot) -> None:
        if snapshot.boot <= self._boot:
            self.complain(f"boot {snapshot.boot} after boot {self._boot}")
        self._boot = snapshot.boot
        for name, epoch in snapshot.epochs.items():
            if epoch < self._epochs.get(name, 0):
                self.complain(f"epoch of {name} went back from {self._epochs[name]} to {epoch}")
        self._epochs = defaultdict(int, snapshot.epochs)
