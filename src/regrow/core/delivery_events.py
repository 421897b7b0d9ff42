"""Every event of sends, breakers, persistent servers and the journal, as frozen typed records.

`id` is the message's own id (`Delivery.id`), in all events of the same message.
"""

from __future__ import annotations

from typing import ClassVar

from regrow.core.address import Address
from regrow.core.event import Event

__all__ = (
    "DELIVERY_EVENTS",
    "BreakerClosed",
    "BreakerHalfOpened",
    "BreakerOpened",
    "DeliveryAccepted",
    "DeliveryCrashed",
    "DeliveryFailed",
    "DeliveryHandled",
    "DeliveryRejected",
    "DeliveryReleased",
    "DeliveryRetried",
    "DeliveryStarted",
    "JournalClosed",
    "JournalOpened",
    "JournalTrouble",
    "StateUnreadable",
)


class DeliveryStarted(Event, frozen=True):
    """A supervised send of `message` to `recipient` began. `id` is in all events of the same message."""

    name: ClassVar[str] = "delivery.started"
    id: str
    recipient: Address | str
    message: str


class DeliveryRetried(Event, frozen=True):
    """Attempt `attempt` failed with `error`; the next one comes in `delay` seconds."""

    name: ClassVar[str] = "delivery.retried"
    id: str
    recipient: Address | str
    attempt: int
    delay: float
    error: str


class DeliveryAccepted(Event, frozen=True):
    """It is in a live process's mailbox and its sender doesn't wait any more, or it is in the journal."""

    name: ClassVar[str] = "delivery.accepted"
    id: str
    recipient: Address | str
    attempts: int


class DeliveryCrashed(Event, frozen=True):
    """The recipient of a durable message died while it handled it; `crashes` says how often by now."""

    name: ClassVar[str] = "delivery.crashed"
    id: str
    recipient: Address | str
    crashes: int
    error: str | None


class DeliveryReleased(Event, frozen=True):
    """The recipient of a durable message ended for reasons of others: it goes to the next incarnation."""

    name: ClassVar[str] = "delivery.released"
    id: str
    recipient: Address | str


class DeliveryHandled(Event, frozen=True):
    """Its handler has returned, `seconds` after the send began."""

    name: ClassVar[str] = "delivery.handled"
    id: str
    recipient: Address | str
    attempts: int
    seconds: float


class DeliveryRejected(Event, frozen=True):
    """Its handler answered with `error`, an exception that it declares."""

    name: ClassVar[str] = "delivery.rejected"
    id: str
    recipient: Address | str
    error: str


class DeliveryFailed(Event, frozen=True):
    """It could not be delivered, after so many attempts.

    `status` is what became of it: `failed`, `ignored`, `dead_lettered` or `outcome_unknown`.
    """

    name: ClassVar[str] = "delivery.failed"
    id: str
    recipient: Address | str
    status: str
    attempts: int
    error: str


class BreakerOpened(Event, frozen=True):
    """Circuit `breaker` refuses calls, until `retry_at` or, if that is None, until it is reset.

    `cause` is one of `failures`, `slow_calls` (their share of the window's calls), `probe` (one failed),
    `forced`. `breaker` is the recipient's name, or the `CircuitBreaker`'s.
    """

    name: ClassVar[str] = "breaker.opened"
    breaker: str
    cause: str
    calls: int
    failed: int
    slow: int
    retry_at: float | None


class BreakerHalfOpened(Event, frozen=True):
    """Circuit `breaker` lets its first probe through."""

    name: ClassVar[str] = "breaker.half_opened"
    breaker: str


class BreakerClosed(Event, frozen=True):
    """Circuit `breaker` lets all calls through again. `cause` is `probes` (enough succeeded) or `reset`."""

    name: ClassVar[str] = "breaker.closed"
    breaker: str
    cause: str


class StateUnreadable(Event, frozen=True):
    """What is kept of persistent server `server` can't be read; it now stands in the journal as `kept`."""

    name: ClassVar[str] = "state.unreadable"
    server: str
    problem: str
    kept: str


class JournalOpened(Event, frozen=True):
    """The journal is open, for the `boot`th time; `live` deliveries are owed.

    `clean` says whether its last owner closed it in order.
    """

    name: ClassVar[str] = "journal.opened"
    path: str
    boot: int
    live: int
    clean: bool
    seconds: float


class JournalClosed(Event, frozen=True):
    """The journal was closed in order."""

    name: ClassVar[str] = "journal.closed"
    path: str


class JournalTrouble(Event, frozen=True):
    """A commit failed: nothing is accepted or handed out until one succeeds. `error` is None when one has."""

    name: ClassVar[str] = "journal.trouble"
    path: str
    error: str | None


DELIVERY_EVENTS: tuple[type[Event], ...] = (
    DeliveryStarted,
    DeliveryRetried,
    DeliveryAccepted,
    DeliveryCrashed,
    DeliveryReleased,
    DeliveryHandled,
    DeliveryRejected,
    DeliveryFailed,
    BreakerOpened,
    BreakerHalfOpened,
    BreakerClosed,
    StateUnreadable,
    JournalOpened,
    JournalClosed,
    JournalTrouble,
)
"""All of them, in the order of this module."""
