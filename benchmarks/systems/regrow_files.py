"""Servers of the delivery workloads, and journal files as a program that was killed would leave them.

Files are written through the store, in larger transactions than any program makes them, and without syncs.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

import msgspec

import regrow as rg
from benchmarks.suite import dead_letters
from benchmarks.systems.kit import Job
from benchmarks.systems.kit_durable import burn
from regrow.delivery.envelope import envelope_of
from regrow.delivery.journal.operations import Accept, BuryNew, Operation
from regrow.delivery.journal.rows import Burial, Live, Reason
from regrow.delivery.journal.sqlite import SqliteStore

SINK = "sink"
JOURNAL = "journal.db"
_BATCH = 10_000
_RETENTION_US = 30 * 86_400 * 1_000_000


class Sink(rg.GenServer):
    """Adds up what it is sent."""

    def init(self) -> None:
        self.count = self.total = 0

    @rg.call
    def take(self, value: int) -> int:
        self.count += 1
        self.total += value
        return value

    @rg.cast
    def add(self, value: int) -> None:
        self.count += 1
        self.total += value

    @rg.call
    def totals(self) -> tuple[int, int]:
        return self.count, self.total


class Totals(msgspec.Struct):
    count: int = 0
    total: int = 0


@rg.persistent(Totals)
class PersistentSink(rg.GenServer):
    """The same, kept in the journal."""

    state: Totals

    @rg.call
    def take(self, value: int) -> int:
        self.state.count += 1
        self.state.total += value
        return value

    @rg.call
    def totals(self) -> tuple[int, int]:
        return self.state.count, self.state.total


class Busy(rg.GenServer):
    """Keeps the loop at 100 %: each handler takes a millisecond and sends the next message to itself."""

    def init(self) -> None:
        self.pid.cast(Busy.work())

    @rg.cast
    def work(self) -> None:
        burn()
        self.pid.cast(Busy.work())


def live_of(number: int, value: int, dest: str = SINK) -> Live:
    """The row of a durable send of one value."""
    kind, type_, payload = envelope_of(Sink.add(value))
    return Live(
        id=number,
        mid=number.to_bytes(16, "big"),
        dest=dest,
        kind=kind,
        type=type_,
        payload=payload,
        created_us=dead_letters.FIRST_US,
        due_us=dead_letters.FIRST_US,
    )


def pending(n: int, first: int) -> Iterator[Operation]:
    """So many messages to the sink, with the values from `first`."""
    return (Accept(live_of(number + 1, first + number)) for number in range(n))


def dead(n: int, first: int) -> Iterator[Operation]:
    """The same as dead letters of one cause."""
    cause = dead_letters.Cause(0)
    return (
        _buried(live_of(number + 1, first + number), cause, "max_attempts", number) for number in range(n)
    )


def mixed(n: int, seed: int) -> Iterator[Operation]:
    """The dead letters of S6."""
    for number, (cause, reason) in enumerate(dead_letters.letters(n, seed)):
        yield _buried(live_of(number + 1, number, cause.dest), cause, reason, number)


def _buried(live: Live, cause: dead_letters.Cause, reason: str, number: int) -> Operation:
    died = dead_letters.dead_us(number)
    burial = Burial(
        reason=cast(Reason, reason),
        error_type=cause.error_type,
        error="it is down",
        fingerprint=cause.fingerprint,
        dead_us=died,
        expires_us=died + 1_000 * _RETENTION_US,
    )
    return BuryNew(live, burial)


def built(job: Job, name: str, operations: Iterable[Operation]) -> Path:
    """The folder of a journal with these operations; written once per run of the benchmarks."""
    home = Path(job.text("scratch")) / name
    if not home.exists():
        unfinished = home.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        write(unfinished / JOURNAL, operations)
        unfinished.rename(home)
    return home


def write(path: Path, operations: Iterable[Operation]) -> None:
    """A journal with these operations, whose owner has ended without a word."""
    owner = os.fork()
    if owner:
        _, status = os.waitpid(owner, 0)
        if status:
            raise AssertionError(f"{path.name} was not written")
        return
    store = SqliteStore(path, "none")
    store.open(node="benchmarks", pid=os.getpid(), now_us=dead_letters.FIRST_US)
    left = iter(operations)
    while batch := list(itertools.islice(left, _BATCH)):
        store.commit(batch)
    os._exit(0)
