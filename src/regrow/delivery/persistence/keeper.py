"""One incarnation of a persistent server: what its turns change, and the commits of that."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Protocol, final

import msgspec

from regrow.core.deliveries import CurrentDelivery, HandedOut
from regrow.delivery.journal.operations import Accept, Operation, Processed, Settle
from regrow.delivery.journal.owed import Owed
from regrow.errors import JournalError, JournalNotRunning, StateNotStorable
from regrow.runtime.process import Process, current_process

if TYPE_CHECKING:
    from regrow.delivery.journal.store import Reader
    from regrow.delivery.persistence.states import EventLog, Identity, WholeState
    from regrow.runtime.effects import Turn
    from regrow.runtime.engine import Engine
    from regrow.runtime.items import Request

__all__ = ("Desk", "Keeper", "KeptIn", "open_keeper")


class Desk(Protocol):
    """What hands out deliveries, as a keeper needs it."""

    def settled_elsewhere(self, id: int) -> None:
        """This was settled by the transaction of whoever handled it."""
        ...


class KeptIn(Protocol):
    """A journal, as a keeper needs it."""

    @property
    def desk(self) -> Desk:
        """Who hands out what it owes."""
        ...

    @property
    def loop_reader(self) -> Reader:
        """Looks at what is committed, on the loop."""
        ...

    def submit(self, operations: Sequence[Operation], /) -> asyncio.Future[None]:
        """Commit all of it; done after that."""
        ...

    def claim(self, name: str, /) -> int:
        """A new epoch for a persistent server: older ones can't write any more."""
        ...

    def now_us(self) -> int:
        """Microseconds since 1970."""
        ...


@final
class Batch(msgspec.Struct, eq=False):
    """The turns of one transaction: who waits for it, and what has to be told after it."""

    future: asyncio.Future[None]
    operations: list[Operation]
    accepted: list[Owed]
    settled: list[int]
    keys: list[str]


@final
class Keeper:
    """Gathers what the turns of one process change and commits it, one transaction after the other.

    It is the commit hook of `hold_effects`. While a transaction is under way, the turns that follow are
    gathered for the next one, in which the last state stands for all of them. When a transaction fails,
    all that came after it fails too.
    """

    __slots__ = (
        "__weakref__",
        "_batch",
        "_committing",
        "_failure",
        "_identity",
        "_journal",
        "_keys",
        "_process",
        "_sends",
        "_waiters",
        "state",
    )

    def __init__(
        self, process: Process, journal: KeptIn, identity: Identity, state: WholeState | EventLog
    ) -> None:
        self._process = process
        self._journal = journal
        self._identity = identity
        self._batch: Batch | None = None
        self._committing = False
        self._failure: BaseException | None = None
        self._keys: set[str] = set()
        """Explicit idempotency keys of what is handled and not committed yet."""
        self._sends: list[Owed] = []
        self._waiters: list[asyncio.Future[None]] = []
        self.state: WholeState | EventLog = state

    @property
    def engine(self) -> Engine:
        """Of its System."""
        return self._process.engine

    # -- a turn --------------------------------------------------------------------------------

    def admit(self, request: Request) -> bool:
        """Whether a supervised message is to be handled: its explicit key was not handled before."""
        key = _explicit_key(request.delivery)
        if key is None:
            return True
        return key not in self._keys and not self._journal.loop_reader.processed(self._identity.name, key)

    def send(self, owed: Owed) -> None:
        """A durable send of the handler that runs: it is accepted with the commit of its turn."""
        self._sends.append(owed)

    def __call__(self, turn: Turn) -> asyncio.Future[None] | None:
        """The handler has returned: see `CommitHook`.

        Raises:
            StateNotStorable: The state that it left can't be kept.
        """
        sends = self._sends
        if sends:
            self._sends = []
        if turn.declared is not None:
            self.state.roll_back()
            turn.take_back()
            sends = []
            changed = False
        else:
            changed = self.state.close()
        delivered = turn.delivered()
        if not (changed or sends or delivered):
            return None
        batch = self._batch or self._open()
        for owed in sends:
            batch.operations.append(Accept(owed.live))
        batch.accepted.extend(sends)
        for request in delivered:
            self._settle(batch, request.delivery, rejected=turn.declared is not None)
        return batch.future

    def _settle(self, batch: Batch, delivery: object, *, rejected: bool) -> None:
        if isinstance(delivery, Owed):
            live = delivery.live
            attempted = bool(live.attempts or live.crashes or live.redrives or delivery.noted)
            batch.operations.append(Settle(live.id, attempted))
            batch.settled.append(live.id)
            delivery.handler_returned()
        key = _explicit_key(delivery)
        if key is not None and not rejected:  # what was rejected changed nothing, so it may be tried again
            until_us = self._journal.now_us() + self._identity.spec.window_us
            batch.operations.append(Processed(self._identity.name, key, until_us))
            batch.keys.append(key)
            self._keys.add(key)

    # -- a transaction -------------------------------------------------------------------------

    def _open(self) -> Batch:
        engine = self._process.engine
        self._batch = batch = Batch(engine.loop.create_future(), [], [], [], [])
        if self._failure is not None:
            self._fail(batch, self._failure)
        elif not self._committing:
            # In the loop's next pass, so that all turns of this one go into one transaction.
            engine.loop.call_soon(self._commit, context=engine.contexts.base)
        return batch

    def _commit(self) -> None:
        batch, self._batch = self._batch, None
        if batch is None or self._failure is not None:
            return
        try:
            batch.operations += self.state.operations()
            future = self._journal.submit(batch.operations)
        except (StateNotStorable, JournalError) as error:
            self._fail(batch, error)
            return
        self._committing = True
        context = self._process.engine.contexts.base
        future.add_done_callback(partial(self._committed, batch), context=context)

    def _committed(self, batch: Batch, future: asyncio.Future[None]) -> None:
        self._committing = False
        error = future.exception() if not future.cancelled() else asyncio.CancelledError()
        if error is not None:
            self._fail(batch, error)
            return
        with suppress(JournalNotRunning):  # the next incarnation of the journal finds it
            desk = self._journal.desk
            for id in batch.settled:
                desk.settled_elsewhere(id)
            for owed in batch.accepted:
                owed.committed()
        self._keys.difference_update(batch.keys)
        batch.future.set_result(None)
        if self._batch is not None:
            self._commit()
        else:
            self._tell_idle()

    def _fail(self, batch: Batch, error: BaseException) -> None:
        self._failure = error
        for failed in (batch, self._batch):
            if failed is not None and not failed.future.done():
                failed.future.set_exception(error)
                failed.future.exception()  # the turns of the first tell of it; nobody asks the later ones
        self._batch = None
        self._tell_idle()

    # -- the next incarnation ------------------------------------------------------------------

    def drained(self) -> asyncio.Future[None] | None:
        """Done when everything that was handled is committed or has failed; None if it is already."""
        if self._batch is None and not self._committing:
            return None
        future: asyncio.Future[None] = self._process.engine.loop.create_future()
        self._waiters.append(future)
        return future

    def _tell_idle(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()


def open_keeper() -> Keeper | None:
    """The keeper of the persistent server whose handler this code is part of, if it is."""
    process = current_process.get(None)
    turns = process.extras.turns if process is not None and process.extras is not None else None
    if turns is None or not turns.handling or not isinstance(turns.commit, Keeper):
        return None
    return turns.commit


def _explicit_key(delivery: object) -> str | None:
    if isinstance(delivery, Owed):
        return delivery.live.key
    if isinstance(delivery, HandedOut):
        delivery = delivery.current()
    if isinstance(delivery, CurrentDelivery) and delivery.idempotency_key != delivery.id:
        return delivery.idempotency_key
    return None
