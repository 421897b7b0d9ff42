"""A journal over all of its openings, as the parts of `delivery` use it. Users have `rg.Journal`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast, final

from regrow.delivery.deadletters.queue import DeadLetterQueue, Surroundings
from regrow.delivery.deadletters.tree import DeadLetterTree
from regrow.delivery.journal.opened import OpenJournal, open_journal
from regrow.delivery.journal.operations import Operation, QuarantineCause
from regrow.delivery.lookup import SERVICE, opened_in
from regrow.errors import JournalLocked, JournalNotRunning

if TYPE_CHECKING:
    from regrow.delivery.journal.causes import Cause
    from regrow.delivery.journal.desk import Desk
    from regrow.delivery.journal.options import JournalOptions
    from regrow.delivery.journal.rows import Burial, Live, Reason
    from regrow.delivery.journal.slots import Slots
    from regrow.delivery.journal.store import Reader, Store
    from regrow.runtime.process import Process

__all__ = ("JournalOwner",)

T = TypeVar("T")


@final
class JournalOwner:
    """Opens and closes a store for its process, and gives out the parts of what is open.

    Args:
        store: Makes the store, for each opening.
        path: What it is called in errors.
        slots: Makes the memory where running handlers are noted, for each opening.
        options: Checked.
    """

    def __init__(
        self,
        store: Callable[[], Store],
        path: str,
        slots: Callable[[], Slots],
        options: JournalOptions,
    ) -> None:
        self.path: str = path
        self._make_store = store
        self._slots = slots
        self._options = options
        self._open: OpenJournal | None = None
        self._tree: DeadLetterTree | None = None

    # -- its process ---------------------------------------------------------------------------

    def new_tree(self) -> DeadLetterTree:
        """The dead letters of one start of the System."""
        queue = DeadLetterQueue(self, self._options.dead_letters)
        tree = DeadLetterTree(queue, prefix=SERVICE)
        if self._open is None or not self._open.running:
            self._tree = tree
        return tree

    async def start(self, process: Process, tree: DeadLetterTree) -> None:
        """Open it, for its process.

        Raises:
            JournalLocked: Another System has it.
            JournalError: What `Store.open` raises.
        """
        engine = process.engine
        before = self._open
        if before is not None:
            if before.running and before.engine is not engine:
                raise JournalLocked(self.path, f"System {before.engine.name!r} of this process")
            await before.abandon()
        store = cast("Store | None", engine.ports.store) or self._make_store()
        opened = await open_journal(
            engine, process, path=self.path, store=store, slots=self._slots, options=self._options
        )
        self._open = opened
        self._tree = tree
        queue = tree.queue
        queue.around = Surroundings(
            hub=engine.hub,
            time=engine.loop.time,
            redact=engine.redact,
            server_of=opened.server_of,
            aliases=self._options.aliases,
            random=engine.ports.random("dead letters"),
        )
        opened.writer.observe = queue.observe
        opened.dead = queue
        engine.extensions[opened_in] = opened
        await queue.opened()
        opened.writer.room = 0  # how many dead letters there are is known only now

    async def stop(self) -> None:
        """Close it in order, for its process."""
        if self._open is not None:
            await self._open.close()

    # -- its parts -----------------------------------------------------------------------------

    @property
    def opened(self) -> OpenJournal:
        """Its parts while it is open. Raises `JournalNotRunning` otherwise."""
        journal = self._open
        if journal is None or not journal.running:
            raise JournalNotRunning(self.path)
        return journal

    @property
    def tree(self) -> DeadLetterTree:
        """Its dead letters. Raises `JournalNotRunning` before it is part of a System."""
        if self._tree is None:
            raise JournalNotRunning(self.path)
        return self._tree

    @property
    def boot(self) -> int:
        """Number of this opening."""
        return self.opened.boot

    @property
    def desk(self) -> Desk:
        """Who hands out what is owed."""
        return self.opened.desk

    @property
    def loop_reader(self) -> Reader:
        """A reader for quick look-ups on the loop."""
        return self.opened.loop_reader

    async def read(self, fn: Callable[[Reader], T]) -> T:
        """Run `fn(reader)` where it may take long: on a thread, unless the journal is in memory."""
        return await self.opened.read(fn)

    # -- what is written -----------------------------------------------------------------------

    def submit(self, ops: Sequence[Operation]) -> asyncio.Future[None]:
        """Write these operations in one transaction, with whatever else is waiting.

        Returns:
            A future of the loop's, done after the commit. It fails with `JournalFailed` or `StaleEpoch`.

        Raises:
            JournalNotRunning: It isn't open.
        """
        journal = self.opened
        future = journal.writer.submit(ops)
        for op in ops:
            if isinstance(op, QuarantineCause):
                future.add_done_callback(partial(_quarantined, journal, op))
        return future

    def now_us(self) -> int:
        """The journal's time, in microseconds since 1970; also while it writes its last."""
        journal = self._open
        if journal is None:
            raise JournalNotRunning(self.path)
        return journal.clock.now_us()

    def next_id(self) -> int:
        """A delivery number that was never used."""
        return self.opened.next_id()

    def burial(self, live: Live, reason: Reason, cause: Cause) -> Burial:
        """The burial of what was never durable, as the dead-letter policy has it.

        Raises:
            JournalFull: There are too many dead letters.
        """
        opened = self.opened
        if opened.dead is not None:
            opened.dead.check_room()
        return opened.books.burial(live, reason, cause)

    @property
    def max_crashes(self) -> int:
        """How many crashes a message may cause."""
        return self._options.max_crashes

    def claim(self, name: str) -> int:
        """A new epoch for the persistent server `name`: commits with an older one are refused from now on."""
        epochs = self.opened.epochs
        epochs[name] = epoch = epochs.get(name, 0) + 1
        return epoch

    def __repr__(self) -> str:
        state = "open" if self._open is not None and not self._open.over else "closed"
        return f"<Journal {self.path} {state}>"


def _quarantined(journal: OpenJournal, op: QuarantineCause, done: asyncio.Future[None]) -> None:
    if done.cancelled() or done.exception() is not None:
        return
    if op.on:
        journal.books.quarantined.add(op.fingerprint)
    else:
        journal.books.quarantined.discard(op.fingerprint)
