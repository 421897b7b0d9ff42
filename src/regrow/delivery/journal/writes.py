"""How a batch of operations becomes one SQL statement.

Every step of SQLite gives up the GIL and has to win it back, which beside a busy loop takes up to 5 ms, so
that a transaction of many statements would be slow. Here all of a batch goes through one INSERT into a
temporary view: a row per operation, whose triggers (`steps`) do the work in SQLite's own machine, in order.
One statement outside of an explicit transaction is a transaction.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, final

import msgspec

from regrow.delivery.journal import operations as ops
from regrow.delivery.journal.rows import Attempt, Live
from regrow.delivery.journal.sql import Row, Value, run
from regrow.delivery.journal.steps import KINDS, WIDTH

if TYPE_CHECKING:
    import apsw

__all__ = ("write",)

_SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 192, 256, 320)
# Most rows of one statement; apsw keeps no statement of more than 16 KiB prepared.
_CHUNK: Final = _SIZES[-1]
_PLACES: Final = f"({','.join('?' * (WIDTH + 1))})"
_STATEMENTS: Final = {size: f"INSERT INTO op VALUES{','.join([_PLACES] * size)}" for size in _SIZES}
_NOTHING: Final[Row] = (None,) * (WIDTH + 1)
_ACCEPT: Final = KINDS["accept"]


def write(connection: apsw.Connection, batch: Iterable[ops.Operation]) -> None:
    """Do all of the batch in one transaction. The connection has the triggers of `steps`."""
    rows = _Encoding(batch).rows
    if len(rows) <= _CHUNK:
        run(connection, *_statement(rows))
        return
    run(connection, "BEGIN IMMEDIATE")
    try:
        for start in range(0, len(rows), _CHUNK):
            run(connection, *_statement(rows[start : start + _CHUNK]))
        run(connection, "COMMIT")
    finally:
        if connection.in_transaction:
            run(connection, "ROLLBACK")


def _statement(rows: Sequence[Row]) -> tuple[str, list[Value]]:
    """The statement for these rows, and its values. Filled up with empty rows to a size that is known."""
    size = next(size for size in _SIZES if size >= len(rows))
    padded = itertools.chain(rows, itertools.repeat(_NOTHING, size - len(rows)))
    return _STATEMENTS[size], list(itertools.chain.from_iterable(padded))


@final
class _Encoding:
    """The rows that do what a batch says.

    What is frequent is put together as far as order allows: settled numbers in one row, processed keys in
    one, and of several states of one server the last. Numbers are never used twice, so that an Accept may
    go before any Settle; whatever else is done to deliveries comes after the Settles before it.
    """

    def __init__(self, batch: Iterable[ops.Operation]) -> None:
        self.rows: list[Row] = []
        self._settled: list[int] = []
        self._attempted: list[int] = []
        self._processed: list[tuple[str, str, int]] = []
        self._states: dict[str, ops.SaveState] = {}
        self._epochs: dict[str, int] = {}
        self._accepted = 0
        self._last_id = 0
        for op in batch:
            self._add(op)
        self._finish()

    def _add(self, op: ops.Operation) -> None:
        if isinstance(op, ops.Accept):
            self._accept(op.live)
        elif isinstance(op, ops.Settle):
            self._settled.append(op.id)
            if op.attempted:
                self._attempted.append(op.id)
        elif isinstance(op, ops.Processed):
            self._processed.append((op.consumer, op.key, op.until_us))
        elif isinstance(op, ops.SaveState):
            self._epoch(op.state.name, op.state.epoch)
            self._states[op.state.name] = op
        elif isinstance(op, ops.AppendEvent):
            self._epoch(op.event.name, op.epoch)
            self._put("event", msgspec.structs.astuple(op.event))
        elif isinstance(op, ops.BuryNew):
            self._accept(op.live)
            self._attempts(op.live.id, *op.attempts)
            self._bury(ops.Bury(op.live.id, op.live.attempts, op.live.crashes, op.burial))
        else:
            self._flush()
            self._rare(op)

    def _accept(self, live: Live) -> None:
        self.rows.append((_ACCEPT, *msgspec.structs.astuple(live)))
        self._accepted += 1
        self._last_id = max(self._last_id, live.id)

    def _epoch(self, name: str, epoch: int) -> None:
        if self._epochs.get(name) != epoch:
            self._epochs[name] = epoch
            self._put("epoch", (name, epoch))

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
        self.rows.append((KINDS[kind], *values, *_NOTHING[len(values) + 1 :]))

    def _flush(self) -> None:
        if self._settled:
            self._put("settle", (_json(self._settled), _json(self._attempted)))
            self._settled, self._attempted = [], []
        if self._processed:
            self._put("processed", (_json(self._processed),))
            self._processed = []

    def _finish(self) -> None:
        self._flush()
        for op in self._states.values():
            self._put("state", msgspec.structs.astuple(op.state))
        if self._accepted:
            self._put("accepted", (self._accepted, self._last_id))


# Their fields are those of their step, in its order.
_PLAIN: Final[dict[type[ops.Operation], str]] = {
    ops.Discard: "discard",
    ops.Purge: "purge",
    ops.Regroup: "regroup",
    ops.QuarantineCause: "cause",
    ops.ForgetProcessed: "forget",
    ops.DropEvents: "drop",
}


def _annotations(op: ops.Annotate) -> Iterator[Value]:
    yield op.id
    for value in (op.edited, op.note, op.retry_us):
        if isinstance(value, msgspec.UnsetType):
            yield from (False, None)
        else:
            yield from (True, value)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
