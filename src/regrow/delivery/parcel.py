"""What is sent to whom, and how: what does not change while a send is under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from regrow.core.deliveries import NO_METADATA, CurrentDelivery
from regrow.delivery.lookup import journal_of
from regrow.delivery.tracing import traceparent
from regrow.runtime.process import Process, current_process

if TYPE_CHECKING:
    from regrow.delivery.options import Options
    from regrow.delivery.outbox import Outbox
    from regrow.delivery.owner import JournalOwner
    from regrow.delivery.recipients import Recipient

__all__ = ("Parcel",)


@final
class Parcel:
    """One message for one recipient.

    Args:
        outbox: Of the System that it goes through.
        to: Who it is for.
        message: What is sent.
        seconds: How long it may take.
        options: How it is sent.
        began: When it was sent, on the loop's clock; default now.

    Raises:
        NoJournal: It is to become a dead letter if it fails, and there are none.
    """

    __slots__ = (
        "_made_id",
        "began",
        "deadline",
        "expires_at",
        "journal",
        "message",
        "options",
        "outbox",
        "seconds",
        "source",
        "to",
        "traceparent",
    )

    def __init__(  # noqa: PLR0917  # made for each send
        self,
        outbox: Outbox,
        to: Recipient,
        message: object,
        seconds: float,
        options: Options,
        began: float | None = None,
    ) -> None:
        now = outbox.engine.loop.time() if began is None else began
        self._made_id: str | None = None
        self.outbox: Outbox = outbox
        self.to: Recipient = to
        self.message: object = message
        self.seconds: float = seconds
        self.options: Options = options
        self.began: float = now
        self.deadline: float = now + seconds
        self.expires_at: float | None = None if options.expires_in is None else now + options.expires_in
        """From when on nobody wants it, on the loop's clock."""
        self.source: Process | None = current_process.get(None)
        self.traceparent: str | None = traceparent()
        self.journal: JournalOwner | None = None
        if options.on_error == "dead_letter":
            self.journal = journal_of(outbox.engine, 'on_error="dead_letter"')

    @property
    def id(self) -> str:
        """The id of the delivery, made when it is first asked for."""
        if self._made_id is None:
            self._made_id = self.outbox.new_id()
        return self._made_id

    def set_id(self, id: str) -> None:
        """It has an id already."""
        self._made_id = id

    def id_maker(self) -> str:
        """The same as a function, for a record that may never be asked."""
        return self.id

    @property
    def until(self) -> float:
        """From when on no attempt is worth beginning."""
        return self.deadline if self.expires_at is None else min(self.deadline, self.expires_at)

    def current(self, attempt: int) -> CurrentDelivery:
        """What `rg.current_delivery()` gives in the handler of this attempt."""
        options = self.options
        return CurrentDelivery(
            id=self.id,
            idempotency_key=options.idempotency_key or self.id,
            attempt=attempt,
            metadata=NO_METADATA if options.metadata is None else options.metadata,
            traceparent=self.traceparent,
        )
