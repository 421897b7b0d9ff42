"""One delivery that is owed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, cast, final

import msgspec

from regrow.core.deliveries import NO_METADATA, CurrentDelivery, HandedOut, Reconciler
from regrow.delivery.journal.rows import Live

if TYPE_CHECKING:
    from regrow.core.backoff import RandomSource
    from regrow.delivery.journal.desk import Desk
    from regrow.delivery.journal.forms import Form
    from regrow.delivery.journal.recipients import Recipient
    from regrow.delivery.journal.waits import Wait
    from regrow.errors import JournalFailed, StaleEpoch
    from regrow.resilience.retry import ExponentialBackoff
    from regrow.runtime.items import Receipt, Request
    from regrow.runtime.process import Process
    from regrow.runtime.timers import Timer

__all__ = ("BEGUN", "OUT", "OVER", "WAITING", "Owed")

WAITING: Final = 0
"""In its recipient's queue, in its lane, or put off."""
OUT: Final = 1
"""In the recipient's mailbox, or in line for a place in it."""
BEGUN: Final = 2
"""Its handler has begun."""
NOT_BEGUN: Final = -1.0
OVER: Final = 3
"""This hand-out has ended; the delivery itself may go on with another `Owed`."""


@final
class Owed(HandedOut, eq=False):
    """One delivery of the journal and one hand-out of it: a second try is another `Owed`.

    To the runtime it is the future of the request that it is handed out with, and its `delivery`. No real
    future: whoever ends it stands on a process's stack, so all that happens there is that it is noted.

    Attributes:
        live: The row.
        place: Its place in its recipient's queue.
        wait: The sender that waits, if one does.
        backoff: How retries wait, while this start of the journal lasts.
        bare: What it has in common with others, if it is as most are: to be handled by a repeatable handler
            as soon as it can be, in no order that it asked for and without a time limit, for the first time,
            and its breaker has a say. Its `message` and `wait` are there then.
        message: What its payload says, if that need not be read.
        repeatable: Whether it may be handled again when nobody knows how it ended.
        reconcile: Who may know how it ended.
        unknown: It isn't repeatable, began before, and nobody knows how it ended.
        returned: Its handler has returned, and the answer waits for the commit of its turn.
        settled: That turn has settled it.
        noted: Its attempt timed out and stands in the journal already.
        given_up: That was the last one: its handler still runs, and how it ends changes nothing any more.
        guarded: Whether its recipient's breaker has a say.
        permit: What the breaker gave for this hand-out.
    """

    live: Live
    place: int
    desk: Desk
    wait: Wait | None = None
    backoff: ExponentialBackoff | None = None
    bare: Form | None = None
    message: object = None
    recipient: Recipient | None = None
    target: Process | None = None
    item: Request | Receipt | None = None
    state: int = WAITING
    slot: int = -1
    begun_at: float = NOT_BEGUN
    repeatable: bool = True
    reconcile: Reconciler | None = None
    unknown: bool = False
    noted: bool = False
    given_up: bool = False
    returned: bool = False
    settled: bool = False
    guarded: bool = True
    permit: int = 0
    expiry: Timer | None = None
    timer: Timer | None = None

    @property
    def has_begun(self) -> bool:
        """Whether its handler has begun, and perhaps ended."""
        return self.begun_at != NOT_BEGUN

    # -- the commit of its acceptance ----------------------------------------------------------

    def committed(self) -> None:
        """It is in the journal: accepted."""
        wait = self.wait
        if wait is not None:
            wait.accepted = True
            if not wait.handled or self.desk.stopped:
                wait.part()
        self.desk.take(self)

    def failed(self, error: JournalFailed | StaleEpoch) -> bool:
        """It is not: the sender is told, and nothing is owed."""
        self.desk.refused()
        if self.wait is not None:
            self.wait.fail(error)
        return False

    # -- the future of a request ---------------------------------------------------------------

    def done(self) -> bool:
        """Whether this hand-out has ended."""
        return self.state == OVER

    def started(self) -> None:
        """Its handler is about to run."""
        self.state = BEGUN
        self.desk.begun(self)

    def handler_returned(self) -> None:
        """Its handler, of a persistent server, has returned: what comes now is not to be blamed on it."""
        self.returned = True
        self.desk.unslot(self)

    def set_result(self, result: object) -> None:
        """Its handler has returned."""
        if self.state != OVER:
            self.desk.ended(self, result, None)

    def set_exception(self, error: BaseException) -> None:
        """It was answered with an exception, or its process has ended."""
        if self.state != OVER:
            self.desk.ended(self, None, error)

    def as_future(self) -> asyncio.Future[object]:
        """Itself, for `Request.future`."""
        return cast("asyncio.Future[object]", self)

    # -- of the message ------------------------------------------------------------------------

    def again(self, live: Live, *, unknown: bool = False) -> Owed:
        """The next hand-out of the same delivery, whose row is `live` now.

        One that is `unknown` keeps its slot until somebody knows.
        """
        return Owed(
            live=live,
            place=self.place,
            desk=self.desk,
            wait=self.wait,
            backoff=self.backoff,
            guarded=self.guarded,
            recipient=self.recipient,
            expiry=self.expiry,
            unknown=unknown,
            slot=self.slot if unknown else -1,
        )

    def current(self) -> CurrentDelivery:
        """What `rg.current_delivery()` tells."""
        live = self.live
        id = live.mid.hex()
        metadata: Mapping[str, object] = NO_METADATA
        if live.headers is not None:
            metadata = msgspec.msgpack.decode(live.headers, type=dict[str, object])
        return CurrentDelivery(
            id=id,
            idempotency_key=live.key if live.key is not None else id,
            attempt=live.attempts + live.crashes + 1,
            redrives=live.redrives,
            metadata=metadata,
            traceparent=live.traceparent,
        )

    def pause(self, attempt: int, random: RandomSource) -> float:
        """Seconds to wait after failed attempt `attempt`."""
        backoff = self.backoff if self.backoff is not None else self.desk.backoff
        return backoff.delay(attempt, random)
