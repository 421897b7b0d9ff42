"""A journal whose commits the test ends by hand, and servers to keep in it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

import regrow as rg
from regrow.delivery.journal.memory import MemoryStore
from regrow.delivery.journal.operations import Operation, SaveState
from regrow.delivery.journal.rows import Live
from regrow.delivery.journal.store import Reader
from regrow.testing import pass_time


class Watcher(rg.GenServer):
    """The process of the stand-in."""


class NotedDesk:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.taken: list[Live] = []
        self.settled: list[int] = []

    def accepted(self, live: Live) -> None:
        self.taken.append(live)

    def settled_elsewhere(self, id: int) -> None:
        self.settled.append(id)


class HandJournal:
    """A journal in memory. `held` keeps commits waiting for `let_go` or `fail`."""

    service_name = "journal"

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()
        self.epochs = dict(self.store.open(node="test", pid=1, now_us=0).epochs)
        self.desk = NotedDesk()
        self.held = False
        self.waiting: list[tuple[list[Operation], asyncio.Future[None]]] = []
        self.commits: list[list[Operation]] = []
        self.clock_us = 1_000_000

    def child_spec(self) -> rg.ChildSpec:
        return rg.child(Watcher, name="journal")

    @property
    def _owner(self) -> HandJournal:
        """What stands behind an `rg.Journal`: here it is the same."""
        return self

    @property
    def loop_reader(self) -> Reader:
        return self.store.reader()

    def now_us(self) -> int:
        return self.clock_us

    def claim(self, name: str) -> int:
        self.epochs[name] = self.epochs.get(name, 0) + 1
        return self.epochs[name]

    def submit(self, operations: Sequence[Operation]) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append((list(operations), future))
        if not self.held:
            self.let_go()
        return future

    def let_go(self) -> None:
        """Commit all that waits, one transaction each."""
        waiting, self.waiting = self.waiting, []
        for operations, future in waiting:
            try:
                self.store.commit(operations)
            except rg.errors.JournalError as error:
                future.set_exception(error)
            else:
                self.commits.append(operations)
                future.set_result(None)

    def fail(self) -> None:
        """Commit none of it."""
        waiting, self.waiting = self.waiting, []
        for _, future in waiting:
            future.set_exception(rg.errors.JournalFailed("test", "disk full", "a commit"))

    def saves(self, name: str) -> int:
        """How often the whole state of a server was written."""
        return sum(
            isinstance(op, SaveState) and op.state.name == name for batch in self.commits for op in batch
        )


class Refused(Exception):
    """A declared answer."""


class Totals(msgspec.Struct):
    n: int = 0
    seen: list[str] = []


@rg.persistent(Totals)
class Counter(rg.GenServer):
    """Counts, and says what it does to a sink."""

    state: Totals

    def init(self) -> None:
        self.began_with = self.state.n

    def _tell(self, what: object) -> None:
        self.system.ref("sink", Sink).cast(Sink.note(what))

    @rg.call(raises=(Refused,))
    def add(self, by: int) -> int:
        self.state.n += by
        self._tell(by)
        if by < 0:
            raise Refused
        return self.state.n

    @rg.call(raises=(Refused,))
    async def add_slowly(self, by: int) -> int:
        self.state.n += by
        await pass_time(1.0)
        self._tell(by)
        if by < 0:
            raise Refused
        return self.state.n

    @rg.call
    def total(self) -> int:
        return self.state.n

    @rg.call
    def first(self) -> int:
        return self.began_with

    @rg.cast
    def note(self, text: str) -> None:
        self.state.seen.append(text)

    @rg.cast
    def crash(self) -> None:
        self.state.n += 1_000_000
        self._tell("never")
        raise RuntimeError("crash")

    @rg.call
    def put(self, value: object) -> None:
        self.state.seen.append(value)  # type: ignore[arg-type]

    def handle_info(self, message: object) -> None:
        self.state.seen.append(str(message))


class Sink(rg.GenServer):
    """Notes what reaches it."""

    def init(self) -> None:
        self.notes: list[object] = []

    @rg.cast
    def note(self, what: object) -> None:
        self.notes.append(what)

    @rg.call
    def all(self) -> list[object]:
        return list(self.notes)


def tree(journal: rg.types.Service) -> rg.System:
    """A counter and its sink."""
    children = [
        rg.child(Sink, name="sink"),
        rg.child(Counter, name="counter"),
    ]
    return rg.System(children, services=[journal], name="kept", max_restarts=100, max_seconds=1.0)
