"""Group commit: one transaction is written at a time; what comes meanwhile is the next."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar, final

from regrow.delivery.journal.commits import EARLY, Commits, Transaction
from regrow.delivery.journal.operations import Accept, Operation
from regrow.delivery.journal.units import Accepting, Done, Pending, Submitted, Unit, size_of, told, writes_for
from regrow.errors import JournalError, JournalFailed, StaleEpoch

if TYPE_CHECKING:
    from regrow.delivery.journal.owed import Owed
    from regrow.delivery.journal.store import Store
    from regrow.delivery.journal.threads import JournalThreads
    from regrow.runtime.engine import Engine

__all__ = ("Writer",)

T = TypeVar("T")
MAX_OPERATIONS: Final = 512
MAX_BYTES: Final = 2_000_000
MOST_ACCEPTED: Final = 256
"""Sends that are one unit."""
FOLLOWS: Final = 96
"""Sends with which a transaction is given to the thread before the one under way has ended."""
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 5.0
"""Seconds before what must not be lost is tried again after a failed commit."""


@final
class Writer:
    """Writes what is added, in the order it came, up to 512 operations or 2 MB per transaction.

    Args:
        engine: Of the System; the writer's callbacks run in its base context.
        store: Where to.
        threads: Where commits run if the store blocks; otherwise they run on the loop.
        crash: Ends the journal's process, with an error that nobody expects.
    """

    __slots__ = (
        "_accepting",
        "_closed",
        "_commits",
        "_committing",
        "_crash",
        "_engine",
        "_finishing",
        "_idle",
        "_kept",
        "_pause",
        "_paused",
        "_pending",
        "_starting",
        "_store",
        "_threads",
        "_work",
        "after",
        "commits",
        "failure",
        "observe",
        "on_trouble",
        "operations",
        "room",
        "slowest",
        "waiting",
    )

    def __init__(
        self, engine: Engine, store: Store, threads: JournalThreads, crash: Callable[[BaseException], object]
    ) -> None:
        self._engine = engine
        self._crash = crash
        self._store = store
        self._threads = threads
        self._pending: deque[Pending] = deque()
        self._kept: deque[Pending] = deque()
        self._accepting: Accepting | None = None  # the last unit of sends, as long as more may join it
        self._work: deque[tuple[Callable[[], object], asyncio.Future[Any]]] = deque()
        self._committing = False
        self._starting = False
        self._commits = Commits(engine, store, threads, self._ended, crash)
        self._pause = 0.0
        self._paused = False
        self._finishing = False
        self._idle: list[asyncio.Future[None]] = []
        self._closed: JournalFailed | None = None
        self.failure: JournalFailed | None = None
        """Why nothing can be written now; None if all is well."""
        self.on_trouble: Callable[[JournalFailed | None], object] | None = None
        """Called with the error of a commit that failed, and with None when one succeeds again."""
        self.observe: Callable[[Sequence[Operation]], object] | None = None
        """Called with the operations of each unit that was written, before its owner is; not of sends."""
        self.after: Callable[[], object] | None = None
        """Called after each commit, when its owners know of it."""
        self.commits: int = 0
        self.operations: int = 0
        self.slowest: float = 0.0
        """Seconds that the slowest commit took."""
        self.waiting: int = 0
        """Operations that are not committed yet."""
        self.room: int = 0
        """How many may be waiting before it has to be looked whether there is room for more."""

    # -- taking --------------------------------------------------------------------------------

    def add(self, operations: Sequence[Operation], unit: Unit, size: int = 0) -> None:
        """Write `operations` with the next transaction; `size` is roughly how many bytes they have."""
        if self._closed is not None:
            unit.failed(self._closed)
            return
        if self._paused and self.failure is not None:
            if unit.failed(self.failure):
                self._kept.append((operations, unit, size))
                self.waiting += len(operations)
            return
        self._pending.append((operations, unit, size))
        self.waiting += len(operations)
        if not self._committing:
            self._soon(0 if isinstance(unit, Done) else self.waiting)

    def accept(self, owed: Owed, like: object = None) -> None:
        """Write a send, as one unit with others before the next transaction; `like` as `Accept` has it."""
        unit = self._accepting
        if unit is None:
            if self._closed is not None or self._paused:
                self.add((Accept(owed.live),), owed, len(owed.live.payload))
                return
            unit = self._accepting = Accepting(owed.desk)
            self._pending.append((unit.operations, unit, 0))
        unit.operations.append(Accept(owed.live, like))
        unit.owed.append(owed)
        self.waiting += 1
        if like is None:  # or it is small
            unit.size += len(owed.live.payload)
            if unit.size >= MAX_BYTES:
                self._accepting = None
        if len(unit.owed) >= unit.look_at:
            self._grown(unit, len(unit.owed))

    def _grown(self, unit: Accepting, count: int) -> None:
        """A unit of sends has so many now that something may have to be done."""
        unit.look_at = min((mark for mark in (FOLLOWS, EARLY) if mark > count), default=MOST_ACCEPTED)
        if count >= MOST_ACCEPTED:
            self._accepting = None
        if not self._committing:
            self._soon(count)
        elif count == FOLLOWS and self._commits.may_follow:
            # It gets as large as this pass of the loop makes it.
            self._engine.loop.call_soon(self._start, context=self._engine.contexts.base)

    def _soon(self, count: int) -> None:
        if count >= EARLY and self._store.blocking:
            self._start()
        elif not self._starting:
            self._arm()

    def _arm(self) -> None:
        """Start with the loop's next pass, or before its next slice, so that one transaction has it all."""
        if self._starting or self._committing:
            return
        self._starting = True
        engine = self._engine
        if engine.scheduler.turning:
            engine.loop.call_soon(self._start, context=engine.contexts.base)
        else:
            engine.scheduler.soon(self._start)

    def submit(self, operations: Sequence[Operation]) -> asyncio.Future[None]:
        """Write `operations`; the future is done after the commit."""
        future: asyncio.Future[None] = self._engine.loop.create_future()
        self.add(tuple(operations), Submitted(future), size_of(operations))
        return future

    def between(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Run `work` between two commits, on a thread if the store blocks."""
        future: asyncio.Future[T] = self._engine.loop.create_future()
        if self._closed is not None:
            future.set_exception(self._closed)
            return future
        self._work.append((partial(self._do, work, future), future))
        self._arm()
        return future

    def _do(self, work: Callable[[], T], future: asyncio.Future[T]) -> None:
        """Start a piece of work that isn't a transaction."""
        self._committing = True

        def done(ended: asyncio.Future[T]) -> None:
            self._committing = False
            self._go_on()
            if future.done():
                return
            error = ended.exception()
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(ended.result())

        if self._store.blocking:
            on_thread = self._commits.on_thread = self._threads.run(work)
            on_thread.add_done_callback(done, context=self._engine.contexts.base)
            return
        ended: asyncio.Future[T] = self._engine.loop.create_future()
        try:
            ended.set_result(work())
        except JournalError as error:
            ended.set_exception(error)
        done(ended)

    async def drained(self) -> None:
        """Return when everything that was added is committed, or has failed."""
        if self._committing or self._starting or self._pending or self._kept or self._work:
            future: asyncio.Future[None] = self._engine.loop.create_future()
            self._idle.append(future)
            await future

    async def thread_done(self) -> None:
        """Return when no thread works for it any more; whether its results were taken or not."""
        if self._commits.on_thread is not None:
            await asyncio.wait([self._commits.on_thread])

    async def finish(self) -> None:
        """Write what there is, and return; after a failed commit once more, and then no more."""
        self._finishing = True
        if self._paused:
            self._try_again()
        await self.drained()

    def close(self, error: JournalFailed) -> None:
        """Take nothing more; what isn't being committed fails."""
        if self._closed is not None:
            return
        self._closed = error
        self._accepting = None
        left = [*self._kept, *self._pending]
        self._kept.clear()
        self._pending.clear()
        for operations, unit, _ in left:
            self.waiting -= len(operations)
            unit.failed(error)
        while self._work:
            future = self._work.popleft()[1]
            if not future.done():
                future.set_exception(error)
        self._tell_idle()

    # -- a transaction -------------------------------------------------------------------------

    def _start(self) -> None:
        try:
            self._begin()
        except Exception as error:  # noqa: BLE001  # whatever it is, the journal's process has crashed
            self._crash(error)

    def _begin(self) -> None:
        self._starting = False
        if self._work and not self._committing:
            self._work.popleft()[0]()
            return
        if self._paused or (self._committing and not self._may_follow()):
            return
        self._accepting = None
        batch: list[Pending] = []
        operations: list[Operation] = []
        size = 0
        for line in (self._kept, self._pending):
            while line and len(operations) < MAX_OPERATIONS and size < MAX_BYTES:
                entry = line.popleft()
                batch.append(entry)
                operations.extend(entry[0])
                size += entry[1].size if isinstance(entry[1], Accepting) else entry[2]
        if not batch:
            self._tell_idle()
        elif self._committing:
            self._commits.follow(batch, operations)
        else:
            self._committing = True
            self._commits.begin(batch, operations)

    def _may_follow(self) -> bool:
        """Whether the next transaction is large enough to be given to the thread with the one before."""
        return self._commits.may_follow and not self._work and told(self._pending) >= FOLLOWS

    def _ended(self, transaction: Transaction, error: JournalFailed | StaleEpoch | None) -> None:
        batch, begun = transaction.batch, transaction.begun
        if error is not None:
            self._pending.extendleft(reversed(self._commits.withdraw()))
        self._committing = self._commits.under_way
        if error is None:
            self._succeeded(batch, begun)
        elif isinstance(error, StaleEpoch):
            self._stale(batch, error)
        else:
            self._failed(batch, error)

    def _succeeded(self, batch: list[Pending], begun: float) -> None:
        count = sum(len(operations) for operations, _, _ in batch)
        self.commits += 1
        self.operations += count
        self.waiting -= count
        self.room = 0  # what was written is owed now, or may have filled the dead letters
        self.slowest = max(self.slowest, self._engine.monotonic() - begun)
        recovered = self.failure is not None
        self._engine.scheduler.give_way()
        self._pause = 0.0
        first = self._committing or self._has_enough(batch)
        if not self._committing and first:
            self._go_on()  # so that the disk has work while this loop goes through the results
        if self.observe is not None:
            for operations, unit, _ in batch:
                if not isinstance(unit, Accepting):
                    self.observe(operations)
        for _, unit, _ in batch:
            unit.committed()
        if self.after is not None:
            self.after()
        if not first and not self._committing:
            self._go_on(later=True)
        if recovered:
            self._mended()

    def _has_enough(self, batch: list[Pending]) -> bool:
        """Whether the next transaction need not wait for what those send who are told of `batch` now.

        A small one would soon be over, and theirs the next: the loop and the disk would wait for each other.
        """
        others = bool(self._kept) or self._engine.scheduler.busy or not self._store.blocking
        return others or told(self._pending) >= min(EARLY, told(batch) // 2)

    def _stale(self, batch: list[Pending], error: StaleEpoch) -> None:
        """Nothing was written because of one unit: it fails, the others go again."""
        good = [entry for entry in batch if not writes_for(entry[0], error)]
        bad = [entry for entry in batch if writes_for(entry[0], error)]
        if not bad:
            good, bad = [], batch
        self._kept.extendleft(reversed(good))
        self._fail(bad, error)
        self._go_on()

    def _failed(self, batch: list[Pending], error: JournalFailed) -> None:
        if self.failure is None and self.on_trouble is not None:
            self.on_trouble(error)
        self.failure = error
        kept = self._fail(batch, error)
        self._accepting = None
        later = list(self._pending)
        self._pending.clear()
        kept += self._fail(later, error)  # what came meanwhile would meet the same disk
        self._kept.extendleft(reversed(kept))
        if self._closed is not None or self._finishing:
            self.waiting -= sum(len(operations) for operations, _, _ in self._kept)
            self._kept.clear()
            self._tell_idle()
            return
        self._paused = bool(self._kept)
        if not self._paused:
            self._tell_idle()
        self._pause = min(LONGEST_PAUSE, max(FIRST_PAUSE, 2 * self._pause))
        self._engine.timers.internal(self._pause, self._try_again)

    def _try_again(self) -> None:
        if self._paused:
            self._paused = False
            self._start()
        elif self.failure is not None and not self._committing:
            self._mended()  # nothing waits to be written that would show whether it can be

    def _mended(self) -> None:
        self.failure = None
        if self.on_trouble is not None:
            self.on_trouble(None)

    def _fail(self, entries: list[Pending], error: JournalFailed | StaleEpoch) -> list[Pending]:
        kept = [entry for entry in entries if entry[1].failed(error)]
        self.waiting -= sum(len(entry[0]) for entry in entries) - sum(len(entry[0]) for entry in kept)
        return kept

    def _go_on(self, *, later: bool = False) -> None:
        if self._pending or self._kept or self._work:
            if self._store.blocking and not later:
                self._start()
            else:
                self._arm()
        else:
            self._tell_idle()

    def _tell_idle(self) -> None:
        waiting, self._idle = self._idle, []
        for future in waiting:
            if not future.done():
                future.set_result(None)
