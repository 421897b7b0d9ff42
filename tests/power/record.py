"""Runs a load on a real store, and keeps what it did to its files and what it had promised when."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeAlias

import apsw
import msgspec

from regrow.delivery.journal import schema
from regrow.delivery.journal.memory import MemoryStore
from regrow.delivery.journal.operations import Operation
from regrow.delivery.journal.sqlite import SqliteStore
from regrow.delivery.journal.store import Opened, SyncLevel
from regrow.errors import StaleEpoch
from tests.power.contents import contents
from tests.power.disk import Event
from tests.power.load import SERVERS, Load
from tests.power.recorder import Log, SyncKind, recording

__all__ = ("NAME", "UPGRADES", "Aside", "Change", "Progress", "Record", "Start", "older", "record")

NAME: Final = "app.db"
STEPS: Final = 45

UPGRADES: Final = {
    **schema.UPGRADES,
    0: "ALTER TABLE live ADD COLUMN auto_retries INTEGER NOT NULL DEFAULT 0; "
    "CREATE INDEX dead_by_key ON dead(key, dead_us, id) WHERE key IS NOT NULL;",
}
"""From a schema 0 that `older` makes."""
_DOWNGRADE: Final = (
    "DROP INDEX dead_by_key; ALTER TABLE live DROP COLUMN auto_retries; PRAGMA user_version = 0;"
)


@dataclass(frozen=True, slots=True)
class Aside:
    """A server's state is set aside."""

    name: str
    now_us: int


Change: TypeAlias = tuple[Operation, ...] | Aside
"""What takes the journal from one state to the next: a batch is the first."""


class Progress(msgspec.Struct, frozen=True):
    """What a store has promised, by numbers of states.

    Attributes:
        started: The last state that may be there.
        committed: The last one whose commit has returned.
        checkpointed: The last one before a checkpoint or close that has returned.
        boot: Number of the last start that has returned.
        checkpointed_boot: The same, before the last checkpoint or close.
        closed: Whether the store is closed cleanly, and not being opened.
        upgraded: Whether an older schema was upgraded.
    """

    started: int = 0
    committed: int = 0
    checkpointed: int = 0
    boot: int = 0
    checkpointed_boot: int = 0
    closed: bool = False
    upgraded: bool = False


@dataclass(frozen=True)
class Start:
    """What a load begins with: files, and the changes that led to them."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    history: tuple[Change, ...] = ()
    boot: int = 0
    outdated: bool = False


@dataclass(frozen=True)
class Record:
    """What happened.

    Attributes:
        events: What was done to the files, in order.
        promises: What was promised after so many events, in order.
        begin: How many events put the files there that it began with.
        states: What the journal holds after each change, beginning with none.
        aside: Names of the states that were set aside.
    """

    level: SyncLevel
    start: Start
    events: list[Event]
    promises: list[tuple[int, Progress]]
    begin: int
    history: tuple[Change, ...]
    states: list[bytes]
    aside: list[str]


def record(
    seed: str,
    level: SyncLevel,
    folder: Path,
    *,
    start: Start | None = None,
    ignored: Collection[SyncKind] = (),
) -> Record:
    """Run a seeded load in an empty folder.

    Args:
        ignored: Syncs that have no effect.
    """
    run = _Run(seed, level, folder, start or Start(), ignored)
    with recording(run.log):
        run.run()
    return Record(
        level, run.start, run.log.events, run.promises, run.begin, tuple(run.history), run.states, run.aside
    )


def older(start: Start, folder: Path) -> Start:
    """The same journal in a file of schema 0, closed."""
    for name, data in start.files.items():
        (folder / name).write_bytes(data)
    connection = apsw.Connection(str(folder / NAME))
    for _ in connection.execute(_DOWNGRADE):
        pass
    connection.close()
    files = {NAME: (folder / NAME).read_bytes()}
    return replace(start, files=files, outdated=True)


class _Run:
    def __init__(
        self, seed: str, level: SyncLevel, folder: Path, start: Start, ignored: Collection[SyncKind]
    ) -> None:
        self.log = Log(folder, seed, ignored)
        self.start = start
        self.history = list(start.history)
        self.aside: list[str] = []
        self._rng = random.Random(seed)
        self._store = SqliteStore(folder / NAME, level, upgrades=UPGRADES)
        self._memory = MemoryStore()
        self._load = Load(self._rng, self._memory.reader())
        self.promises: list[tuple[int, Progress]] = []
        self._progress = Progress()
        self.states = [self._contents()]
        for change in self.history:
            self._remember(change)
        self.log.place(start.files)
        self.begin = len(self.log.events)
        done = len(self.history)
        self._promise(
            started=done, committed=done, checkpointed=done, boot=start.boot, checkpointed_boot=start.boot
        )

    def run(self) -> None:
        self._open()
        for _ in range(STEPS):
            self._step(self._rng.random())
        self._close()
        opened = self._open()
        reader = self._store.reader()
        assert contents(opened, reader, self.aside) == self.states[-1], "the store isn't like its model"
        reader.close()
        self._close()

    def _step(self, chance: float) -> None:
        if chance < 0.06:
            self._close()
            self._open()
        elif chance < 0.09:
            self._refuse()
        elif chance < 0.17:
            self._store.checkpoint()
            self._checkpointed()
        elif chance < 0.19:
            self._store.vacuum()
            self._checkpointed()
        elif chance < 0.21:
            self._change(Aside(self._rng.choice(SERVERS), self._load.now_us()))
        else:
            self._change(tuple(self._load.batch()))

    def _open(self) -> Opened:
        self._promise(closed=False)
        opened = self._store.open(node="test", pid=1, now_us=self._load.now_us())
        self._load.opened(opened)
        self._promise(boot=opened.boot, upgraded=self.start.outdated)
        return opened

    def _close(self) -> None:
        self._store.close(now_us=self._load.now_us())
        self._checkpointed()
        self._promise(closed=True)

    def _change(self, change: Change) -> None:
        self.history.append(change)
        self._remember(change)
        self._promise(started=len(self.history))
        if isinstance(change, Aside):
            self._store.set_aside_state(change.name, change.now_us)
        else:
            self._store.commit(change)
        self._promise(committed=len(self.history))

    def _refuse(self) -> None:
        try:
            self._store.commit(self._load.stale())
        except StaleEpoch:
            return
        raise AssertionError("a stale epoch was let in")

    def _remember(self, change: Change) -> None:
        if isinstance(change, Aside):
            self.aside.append(self._memory.set_aside_state(change.name, change.now_us))
        else:
            self._memory.commit(change)
        self.states.append(self._contents())

    def _contents(self) -> bytes:
        opened = self._memory.open(node="test", pid=1, now_us=1)
        return contents(opened, self._memory.reader(), self.aside)

    def _checkpointed(self) -> None:
        self._promise(checkpointed=self._progress.committed, checkpointed_boot=self._progress.boot)

    def _promise(self, **changes: int) -> None:
        self._progress = msgspec.structs.replace(self._progress, **changes)
        self.promises.append((len(self.log.events), self._progress))
