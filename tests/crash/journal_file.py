"""What is in a journal file, by queries of our own: nothing of Regrow's is used to read it.

The file is opened read-only by the standard library's SQLite, so that the next owner finds the write-ahead
log as the kill left it.
"""

from __future__ import annotations

import sqlite3
import struct
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from tests.crash import plan


@dataclass(frozen=True, slots=True)
class LiveRow:
    """A delivery that is owed."""

    id: int
    attempts: int
    crashes: int


@dataclass(frozen=True, slots=True)
class DeadRow:
    """A dead letter; `history` is how many failed attempts are told."""

    id: int
    reason: str
    attempts: int
    crashes: int
    redrives: int
    history: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A journal file between two owners.

    Attributes:
        counts: accepted, live, done, dead, discarded.
        ledger: How often each operation took effect in the ledger.
        tally: How many effects the tally has counted, and the sum of their weights.
        failures: Failed attempts that are recorded for this boot, by delivery number.
        named: Numbers of the deliveries whose handlers ran or were about to, as the file beside it says.
        redriven: Dead letters that redrives have moved so far.
    """

    boot: int
    counts: tuple[int, int, int, int, int]
    live: dict[str, list[LiveRow]]
    dead: dict[str, list[DeadRow]]
    epochs: dict[str, int]
    ledger: dict[str, int]
    tally: tuple[int, int]
    failures: dict[int, int]
    named: frozenset[int]
    redriven: int

    @property
    def balanced(self) -> bool:
        """Whether accepted = live + done + dead + discarded (G3)."""
        return self.counts[0] == sum(self.counts[1:])

    @property
    def discarded(self) -> int:
        return self.counts[4]

    def recorded(self, delivery: int) -> int:
        """How many failed attempts are recorded for this boot."""
        return self.failures.get(delivery, 0)

    def owed_to(self, recipient: str) -> list[str]:
        """What is owed to a recipient, live or dead; as often as it is owed."""
        end = f"@{recipient}"
        found = [owed for owed, rows in self.live.items() if owed.endswith(end) for _ in rows]
        return found + [owed for owed, rows in self.dead.items() if owed.endswith(end) for _ in rows]


def read_journal(path: Path) -> Snapshot:
    """Read everything that the checker compares."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as file:
        file.execute("BEGIN")
        boot = file.execute("SELECT max(id) FROM boot").fetchone()[0]
        live = _live(file)
        dead = _dead(file)
        counter: dict[str, int] = dict(file.execute("SELECT name, n FROM counter"))
        [[lives]] = file.execute("SELECT count(*) FROM live")
        [[deads]] = file.execute("SELECT count(*) FROM dead")
        return Snapshot(
            boot=boot,
            counts=(counter["accepted"], lives, counter["done"], deads, counter["discarded"]),
            live=live,
            dead=dead,
            epochs=dict(file.execute("SELECT name, epoch FROM incarnation")),
            ledger=_ledger(file),
            tally=_tally(file),
            failures=dict(
                file.execute(
                    "SELECT delivery, count(*) FROM attempt WHERE boot = ? GROUP BY delivery", (boot,)
                )
            ),
            named=_named(path.with_name(f"{path.name}.inflight").read_bytes()),
            redriven=sum(
                msgspec.json.decode(job)["moved"] for (job,) in file.execute("SELECT job FROM redrive")
            ),
        )


def _named(slots: bytes) -> frozenset[int]:
    """The numbers in the slots of 16 bytes that are used."""
    return frozenset(number for number, _, flags, _ in struct.iter_unpack("<QHHI", slots) if flags & 1)


def _live(file: sqlite3.Connection) -> dict[str, list[LiveRow]]:
    found: dict[str, list[LiveRow]] = defaultdict(list)
    for dest, payload, *rest in file.execute(
        "SELECT dest, payload, id, attempts, crashes FROM live ORDER BY id"
    ):
        found[plan.owed(_argument(payload), dest)].append(LiveRow(*rest))
    return dict(found)


def _dead(file: sqlite3.Connection) -> dict[str, list[DeadRow]]:
    found: dict[str, list[DeadRow]] = defaultdict(list)
    rows = file.execute(
        "SELECT g.dest, d.payload, d.id, g.reason, d.attempts, d.crashes, d.redrives,"
        " (SELECT count(*) FROM attempt WHERE delivery = d.id)"
        " FROM dead AS d JOIN dead_group AS g ON g.id = d.grp ORDER BY d.id"
    )
    for dest, payload, *rest in rows:
        found[plan.owed(_argument(payload), dest)].append(DeadRow(*rest))
    return dict(found)


def _argument(payload: bytes) -> str:
    """The name of the operation: the only argument of every message here."""
    return str(msgspec.msgpack.decode(payload)[3])


def _ledger(file: sqlite3.Connection) -> dict[str, int]:
    data, version = _state(file, plan.LEDGER)
    effects: dict[str, int] = dict(data.get("effects", {}))
    events = file.execute(
        "SELECT data FROM state_event WHERE name = ? AND version > ? ORDER BY version", (plan.LEDGER, version)
    )
    for (event,) in events:
        name = str(msgspec.msgpack.decode(event)["name"])
        effects[name] = effects.get(name, 0) + 1
    return effects


def _tally(file: sqlite3.Connection) -> tuple[int, int]:
    data, _ = _state(file, plan.TALLY)
    return int(data.get("count", 0)), int(data.get("total", 0))


def _state(file: sqlite3.Connection, name: str) -> tuple[dict[str, Any], int]:
    row = file.execute("SELECT data, version FROM state WHERE name = ?", (name,)).fetchone()
    return (msgspec.msgpack.decode(row[0]), row[1]) if row else ({}, 0)
