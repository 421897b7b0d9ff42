"""How a batch of operations becomes a few SQL statements.

Every step of SQLite gives up the GIL and has to win it back, which takes 5 ms (the switch interval) beside
a loop that is busy. So a batch of up to 320 rows is one statement, with its transaction in it: an INSERT of
many rows into a temporary view, whose triggers do the work (`steps`). Deliveries that are alike are one row
(`sends`).

Measured with 256 deliveries accepted and 256 settled per commit, full sync, medians: beside a busy thread
6 ms, against 17 ms with an INSERT for each table between BEGIN and COMMIT; `executemany` took up to 570 ms
at the 99th percentile. With the loop idle, and no sync, 0.74 against 0.54 ms. A process of its own for the
writer gained nothing over this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby
from typing import TYPE_CHECKING, Final, TypeAlias, cast, final

import msgspec

from regrow.delivery.journal import operations as ops
from regrow.delivery.journal.rows import Attempt, Live
from regrow.delivery.journal.sends import Alike, alike, rows_of
from regrow.delivery.journal.sql import Row, Value, run
from regrow.delivery.journal.steps import (
    BATCH_WIDTH,
    KINDS,
    NEW_EVENT,
    NEW_LIVE,
    WIDTH,
)

if TYPE_CHECKING:
    import apsw

__all__ = ("Encoded", "write")

Statement: TypeAlias = tuple[str, list[Value]]

_NOTHING: Final[tuple[None, ...]] = (None,) * (BATCH_WIDTH + 1)
_SIZES: Final = (1, 2, 4, 8, 12, 16, 24, 34, 48, 66, 98, 132, 164, 196, 228, 260, 320)


@final
class Encoded(list[ops.Operation]):
    """A batch whose statements are made already."""

    __slots__ = ("statements",)

    def __init__(self, batch: Iterable[ops.Operation]) -> None:
        super().__init__(batch)
        self.statements: Final = _Encoding(self).statements()


def write(connection: apsw.Connection, batch: Iterable[ops.Operation]) -> None:
    """Do all of the batch in one transaction. The connection has the triggers of `steps`."""
    statements = batch.statements if isinstance(batch, Encoded) else _Encoding(batch).statements()
    if len(statements) == 1:
        run(connection, *statements[0])
        return
    run(connection, "BEGIN IMMEDIATE")
    try:
        for statement in statements:
            run(connection, *statement)
        run(connection, "COMMIT")
    finally:
        if connection.in_transaction:
            run(connection, "ROLLBACK")


@final
class _View:
    """A temporary view of `steps` that gets many rows, each a kind and its values, by one statement.

    There is a statement for some numbers of rows only, so that each stays prepared; others are filled up
    with empty rows, which it leaves out. apsw keeps no statement of more than 16 KiB prepared.
    """

    def __init__(self, name: str, values: int) -> None:
        columns = ["kind", *(f"a{n}" for n in range(values))]
        self.width: Final = len(columns)
        places = f"({','.join('?' * len(columns))})"
        self._statements = {
            size: f"INSERT INTO {name}({','.join(columns)}) "
            f"SELECT * FROM (VALUES{','.join([places] * size)}) WHERE column1 IS NOT NULL"
            for size in _SIZES
        }

    def statements(self, rows: Sequence[Row]) -> Iterator[Statement]:
        width, most = self.width, _SIZES[-1]
        for start in range(0, len(rows), most):
            some = rows[start : start + most]
            size = next(size for size in _SIZES if size >= len(some))
            full = (row if len(row) == width else row + _NOTHING[len(row) : width] for row in some)
            values: list[Value] = list(chain.from_iterable(full))
            yield self._statements[size], values + [None] * (self.width * (size - len(some)))


_OPS: Final = _View("op", WIDTH)
_BATCH: Final = _View("batch", BATCH_WIDTH)


@final
class _Encoding:
    """The statements that do what a batch says.

    What is frequent is put together as far as order allows. Numbers are never used twice, so that deliveries
    may be accepted before all else is done, and settled ones may wait for the next operation on deliveries.
    Versions of events only grow, so that one may be written before others are dropped. Of several states of
    one server the last is written.
    """

    def __init__(self, batch: Iterable[ops.Operation]) -> None:
        self._accepted: dict[Alike | None, list[Live]] = {}
        self._events: list[Row] = []
        self._epochs: list[Row] = []
        self._rest: list[Row] = []
        self._settled: list[int] = []
        self._attempted: list[int] = []
        self._processed: list[tuple[str, str, int]] = []
        self._states: dict[str, ops.SaveState] = {}
        self._incarnations: dict[str, int] = {}
        for kind, some in groupby(batch, type):
            # Nearly all are one of these two, many in a row.
            if kind is ops.Accept:
                self._accept(cast("Iterable[ops.Accept]", some))
            elif kind is ops.Settle:
                self._settle(cast("list[ops.Settle]", list(some)))
            else:
                for op in some:
                    self._add(op)

    def statements(self) -> list[Statement]:
        """What to run, in this order."""
        self._flush()
        for op in self._states.values():
            self._put("state", msgspec.structs.astuple(op.state))
        whole, sends = self._accepted.pop(None, []), self._accepted.items()
        if whole or sends:
            ids = [live.id for lives in (whole, *self._accepted.values()) for live in lives]
            self._put("accepted", (len(ids), max(ids)))
        # Epochs first, so that a stale incarnation is told so and not that its events are there already.
        rows = [
            *self._epochs,
            *((NEW_LIVE, *msgspec.structs.astuple(live)) for live in whole),
            *(_row("sends", row) for common, lives in sends if common for row in rows_of(common, lives)),
            *self._events,
            *self._rest,
        ]
        view = _BATCH if whole or self._events else _OPS
        return list(view.statements(rows))

    def _accept(self, accepted: Iterable[ops.Accept]) -> None:
        like: object = None
        line: list[Live] = []
        for op in accepted:
            if op.like is not like or like is None:
                like, line = op.like, self._line_of(op.live)
            line.append(op.live)

    def _settle(self, settled: list[ops.Settle]) -> None:
        self._settled += [op.id for op in settled]
        self._attempted += [op.id for op in settled if op.attempted]

    def _add(self, op: ops.Operation) -> None:
        if isinstance(op, ops.Processed):
            self._processed.append((op.consumer, op.key, op.until_us))
        elif isinstance(op, ops.SaveState):
            self._epoch(op.state.name, op.state.epoch)
            self._states[op.state.name] = op
        elif isinstance(op, ops.AppendEvent):
            self._epoch(op.event.name, op.epoch)
            self._events.append((NEW_EVENT, *msgspec.structs.astuple(op.event)))
        elif isinstance(op, ops.BuryNew):
            self._line_of(op.live).append(op.live)
            self._attempts(op.live.id, *op.attempts)
            self._bury(ops.Bury(op.live.id, op.live.attempts, op.live.crashes, op.burial))
        else:
            self._flush()
            self._rare(op)

    def _line_of(self, live: Live) -> list[Live]:
        """Where it goes, with what is like it."""
        return self._accepted.setdefault(alike(live), [])

    def _epoch(self, name: str, epoch: int) -> None:
        if self._incarnations.get(name) != epoch:
            self._incarnations[name] = epoch
            self._epochs.append(_row("epoch", (name, epoch)))

    def _rare(self, op: ops.Operation) -> None:
        match op:
            case ops.Retry():
                self._attempts(op.id, op.attempt)
                self._put("retry", (op.id, op.due_us, op.attempts, op.crashes))
            case ops.Bury():
                self._bury(op)
            case ops.Revive():
                self._put("revive", (op.id, op.due_us, op.dest, op.auto))
            case ops.Annotate():
                self._put("annotate", tuple(_annotations(op)))
            case ops.PutJob():
                self._put("job", (op.job.id, msgspec.json.encode(op.job).decode()))
            case ops.Record():
                self._put("record", msgspec.structs.astuple(op.entry))
            case _:
                self._put(_PLAIN[type(op)], msgspec.structs.astuple(op))

    def _attempts(self, id: int, *attempts: Attempt | None) -> None:
        for attempt in attempts:
            if attempt is not None:
                self._put("attempt", (id, *msgspec.structs.astuple(attempt)))

    def _bury(self, op: ops.Bury) -> None:
        self._attempts(op.id, op.attempt)
        self._put("bury", (op.id, op.attempts, op.crashes, *msgspec.structs.astuple(op.burial)))

    def _put(self, kind: str, values: Row) -> None:
        self._rest.append(_row(kind, values))

    def _flush(self) -> None:
        settled = self._settled
        if settled:
            if not self._attempted and settled == list(range(settled[0], settled[0] + len(settled))):
                self._put("settle_run", (settled[0], settled[-1]))
            else:
                self._put("settle", (_json(settled), _json(self._attempted)))
            self._settled, self._attempted = [], []
        if self._processed:
            self._put("processed", (_json(self._processed),))
            self._processed = []


# Their fields are those of their step, in its order.
_PLAIN: Final[dict[type[ops.Operation], str]] = {
    ops.Discard: "discard",
    ops.Purge: "purge",
    ops.Regroup: "regroup",
    ops.QuarantineCause: "cause",
    ops.ForgetProcessed: "forget",
    ops.DropEvents: "drop",
}


def _row(kind: str, values: Row) -> Row:
    return (KINDS[kind], *values)


def _annotations(op: ops.Annotate) -> Iterator[Value]:
    yield op.id
    for value in (op.edited, op.note, op.retry_us, op.auto_retries, op.original):
        if isinstance(value, msgspec.UnsetType):
            yield from (False, None)
        else:
            yield from (True, value)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
