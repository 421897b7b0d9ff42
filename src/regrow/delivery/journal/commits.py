"""Transactions on their way: the one that is being written, and one that follows it without the loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast, final

from regrow.delivery.journal.lookout import Lookout
from regrow.delivery.journal.operations import Operation
from regrow.delivery.journal.units import Pending
from regrow.errors import JournalFailed, StaleEpoch

if TYPE_CHECKING:
    from regrow.delivery.journal.store import Store
    from regrow.delivery.journal.threads import JournalThreads
    from regrow.runtime.engine import Engine

__all__ = ("EARLY", "Commits", "Transaction")

EARLY: Final = 128
"""Operations with which a transaction begins at once, so that the disk works while the loop goes on."""


@final
class Transaction:
    """Some units, and what they have written; after another one, if that succeeds."""

    __slots__ = ("_before", "_operations", "_unfit", "batch", "begun", "failed", "withdrawn")

    def __init__(
        self, batch: list[Pending], operations: Sequence[Operation], begun: float, before: Transaction | None
    ) -> None:
        self._before = before
        self._operations = operations
        self._unfit: Exception | None = None
        self.batch: list[Pending] = batch
        self.begun: float = begun
        """Since when nothing else is written, in seconds of the real time."""
        self.failed: bool = False
        """Whether it was not written, as far as its thread is."""
        self.withdrawn: bool = False
        """Whether its units were taken back: the one before it has failed."""

    def prepare(self, store: Store) -> None:
        """Do what needs no disk; an error of it is one of `write`, so that its owners are told."""
        try:
            self._operations = store.prepared(self._operations)
        except Exception as error:  # noqa: BLE001  # as from a thread
            self._unfit = error

    def write(self, store: Store) -> None:
        """Write it, on the thread; nothing if the one before it wasn't written."""
        before, self._before = self._before, None
        if before is not None and before.failed:
            self.failed = True
            return
        if self._unfit is not None:
            self.failed = True
            raise self._unfit
        try:
            store.commit(self._operations)
        except BaseException:
            self.failed = True
            raise


@final
class Commits:
    """Has transactions written, one after the other.

    Args:
        engine: Of the System.
        store: Where to.
        threads: Where they are written if the store blocks; otherwise that is on the loop.
        ended: Called with each on the loop, and with its error.
        crash: Ends the journal's process, with an error that nobody expects.
    """

    __slots__ = ("_crash", "_ended", "_engine", "_line", "_lookout", "_store", "_threads", "on_thread")

    def __init__(
        self,
        engine: Engine,
        store: Store,
        threads: JournalThreads,
        ended: Callable[[Transaction, JournalFailed | StaleEpoch | None], object],
        crash: Callable[[BaseException], object],
    ) -> None:
        self._engine = engine
        self._store = store
        self._threads = threads
        self._ended = ended
        self._crash = crash
        self._lookout = Lookout(engine.scheduler, threads, engine.monotonic)
        self._line: deque[Transaction] = deque()
        self.on_thread: asyncio.Future[Any] | None = None
        """Done when no thread works any more, whether its results were taken or not."""

    @property
    def under_way(self) -> bool:
        """Whether one is being written."""
        return bool(self._line)

    @property
    def may_follow(self) -> bool:
        """Whether one is being written that another can follow."""
        return len(self._line) == 1 and self._threads.in_turn

    def begin(self, batch: list[Pending], operations: list[Operation]) -> None:
        """Write these; none is under way."""
        transaction = self._new(batch, operations, None)
        if self._store.blocking:
            self._run(transaction)
            if self._engine.scheduler.busy or len(operations) >= EARLY:
                self._lookout.hand_over()
            self._lookout.begin()
            return
        error: BaseException | None = None
        try:
            transaction.write(self._store)
        except Exception as failure:  # noqa: BLE001  # as from a thread
            error = failure
        self._done(transaction, error)

    def follow(self, batch: list[Pending], operations: list[Operation]) -> None:
        """Write these after what is under way, unless that fails: the thread has them when it is through.

        So the disk has work before the loop has heard of the end of what is under way. All that is to be
        done before SQLite has it is done here, or the thread would keep the GIL from the loop, or wait for
        it, just when both could go on.
        """
        transaction = self._new(batch, operations, self._line[-1])
        transaction.prepare(self._store)
        self._run(transaction)
        self._lookout.begin()
        self._engine.loop.call_soon(self._await_end, context=self._engine.contexts.base)

    def _await_end(self) -> None:
        """Wait a moment for the end of the one under way, unless a process has something to do meanwhile."""
        if self._line and not self._engine.scheduler.busy:
            self._threads.await_end()

    def withdraw(self) -> list[Pending]:
        """What was to follow the one that has failed, and is not written."""
        back: list[Pending] = []
        for transaction in self._line:
            transaction.withdrawn = True
            back += transaction.batch
        self._line.clear()
        return back

    def _new(
        self, batch: list[Pending], operations: Sequence[Operation], before: Transaction | None
    ) -> Transaction:
        transaction = Transaction(batch, operations, self._engine.monotonic(), before)
        self._line.append(transaction)
        return transaction

    def _run(self, transaction: Transaction) -> None:
        self.on_thread = self._threads.run_then(
            partial(transaction.write, self._store),
            partial(self._done, transaction),
            self._engine.contexts.base,
        )

    def _done(self, transaction: Transaction, error: BaseException | None) -> None:
        if transaction.withdrawn:
            return
        self._line.popleft()
        if self._line:
            self._line[0].begun = self._engine.monotonic()
        if isinstance(error, asyncio.CancelledError):
            error = JournalFailed("journal", "its thread was given up", "a commit")
        known = error is None or isinstance(error, JournalFailed | StaleEpoch)
        expected = error if known else JournalFailed("journal", repr(error), "a commit")
        try:
            self._ended(transaction, cast("JournalFailed | StaleEpoch | None", expected))
        except Exception as failure:  # noqa: BLE001  # whatever it is, the journal's process has crashed
            error, expected = error or failure, None
        if error is not expected:
            assert error is not None
            self._crash(error)
