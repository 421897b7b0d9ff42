"""Opens a store on what a disk holds after a cut, and tells what of the promises is broken."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from regrow.delivery.journal import operations as ops
from regrow.delivery.journal.rows import AuditEntry
from regrow.delivery.journal.sql import cell
from regrow.delivery.journal.sqlite import SqliteStore
from regrow.delivery.journal.store import Opened, SyncLevel
from regrow.errors import JournalError
from tests.power.contents import contents
from tests.power.disk import Loss
from tests.power.record import NAME, UPGRADES, Progress, Record

__all__ = ("Cut", "Found", "examine")

_LATE = 1_000_000_000
_LAST = ops.Record(AuditEntry(at_us=_LATE, actor="me", action="go on", target="all"))


@dataclass(frozen=True)
class Cut:
    """What is left after the power was cut.

    Attributes:
        name: Where that was, for people.
        image: The files.
        loss: What was lost of the unsynced.
        at: What had been promised.
    """

    name: str
    image: dict[str, bytes]
    loss: Loss
    at: Progress

    def demands(self, level: SyncLevel) -> tuple[int, int]:
        """Numbers of the state and of the start that must be there. A kill -9 takes nothing at any level."""
        if level == "power" or self.loss == "nothing":
            return self.at.committed, self.at.boot
        return self.at.checkpointed, self.at.checkpointed_boot


@dataclass(slots=True)
class Found:
    """What a store found.

    Attributes:
        state: Number of the state that is there, None for none that ever was.
        boot: Number of its start.
        lost: How many commits are gone that must be there.
        torn: Whether it is none of the states that were, as after half a batch or a hole.
        failed: Why it could not be opened, or not written to.
        broken: What else is wrong: damage, counts that don't balance, no copy of an older schema.
    """

    state: int | None = None
    boot: int = 0
    lost: int = 0
    torn: bool = False
    failed: str | None = None
    broken: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """What is wrong, as texts."""
        problems = [f"{self.lost} acknowledged batches are lost"] if self.lost else []
        problems += ["it holds part of a batch, or not all before one"] if self.torn else []
        problems += [f"opening failed: {self.failed}"] if self.failed else []
        return problems + self.broken


def examine(cut: Cut, record: Record, folder: Path, level: SyncLevel) -> Found:
    """Open a store on what is left, in an empty folder, and compare it with what was promised."""
    for name, data in cut.image.items():
        (folder / name).write_bytes(data)
    store = SqliteStore(folder / NAME, level, upgrades=UPGRADES)
    found = Found()
    try:
        opened = store.open(node="test", pid=2, now_us=_LATE)
        _compare(found, opened, store, record, cut, level)
        found.broken += store.check()
        found.broken += _missing_copy(record, folder)
        store.commit([_LAST])
        store.close(now_us=_LATE)
    except Exception as error:  # noqa: BLE001  # whatever it raises on such files is a finding
        found.failed = f"{type(error).__name__}: {error}"
        with contextlib.suppress(JournalError):
            store.close(now_us=_LATE)
    return found


def _compare(  # noqa: PLR0917
    found: Found, opened: Opened, store: SqliteStore, record: Record, cut: Cut, level: SyncLevel
) -> None:
    reader = store.reader()
    held = contents(opened, reader, record.aside)
    reader.close()
    must, boot = cut.demands(level)
    found.boot = opened.boot
    found.state = next((n for n in range(cut.at.started, -1, -1) if record.states[n] == held), None)
    found.torn = found.state is None
    found.lost = max(0, must - found.state) if found.state is not None else 0
    if opened.boot <= boot:
        found.broken.append(f"start {opened.boot} had been before")
    if cut.at.closed and not opened.clean:
        found.broken.append("it was closed, and takes that for a crash")


def _missing_copy(record: Record, folder: Path) -> Iterator[str]:
    copies = [path for path in folder.glob(f"{NAME}.schema-0-*") if not path.name.endswith("-journal")]
    if record.start.outdated and not any(_whole(copy) for copy in copies):
        yield "it was upgraded, and there is no whole copy of what it was before"


def _whole(copy: Path) -> bool:
    with contextlib.closing(apsw.Connection(str(copy), flags=apsw.SQLITE_OPEN_READWRITE)) as connection:
        try:
            said = cell(connection, "PRAGMA integrity_check")
            tables = cell(connection, "SELECT count(*) FROM sqlite_schema")
            return (said, cell(connection, "PRAGMA user_version")) == ("ok", 0) and tables != 0
        except apsw.Error:
            return False
