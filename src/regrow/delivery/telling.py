"""Events of sends. Nothing is made unless somebody listens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regrow.core.delivery_events import (
    DeliveryAccepted,
    DeliveryFailed,
    DeliveryHandled,
    DeliveryRejected,
    DeliveryRetried,
    DeliveryStarted,
)
from regrow.delivery.records import Status

if TYPE_CHECKING:
    from regrow.delivery.ends import Ends

__all__ = ("tell_accepted", "tell_failed", "tell_handled", "tell_rejected", "tell_retried", "tell_started")


def tell_started(ends: Ends) -> None:
    """A send begins."""
    engine = ends.parcel.outbox.engine
    if DeliveryStarted in engine.hub.wanted:
        shown = engine.reporter.show(ends.parcel.message)
        now = engine.loop.time()
        engine.hub.emit(DeliveryStarted(at=now, id=ends.parcel.id, recipient=ends.parcel.to, message=shown))


def tell_retried(ends: Ends, delay: float, error: BaseException) -> None:
    """An attempt failed, and another one comes."""
    engine = ends.parcel.outbox.engine
    if DeliveryRetried in engine.hub.wanted:
        engine.hub.emit(
            DeliveryRetried(
                at=engine.loop.time(),
                id=ends.parcel.id,
                recipient=ends.parcel.to,
                attempt=ends.attempts,
                delay=delay,
                error=engine.reporter.show(error),
            )
        )


def tell_accepted(ends: Ends) -> None:
    """It is in a mailbox, and the sender goes on."""
    engine = ends.parcel.outbox.engine
    if DeliveryAccepted in engine.hub.wanted:
        now = engine.loop.time()
        engine.hub.emit(
            DeliveryAccepted(at=now, id=ends.parcel.id, recipient=ends.parcel.to, attempts=ends.attempts)
        )


def tell_handled(ends: Ends) -> None:
    """Its handler has returned."""
    engine = ends.parcel.outbox.engine
    if DeliveryHandled in engine.hub.wanted:
        now = engine.loop.time()
        engine.hub.emit(
            DeliveryHandled(
                at=now,
                id=ends.parcel.id,
                recipient=ends.parcel.to,
                attempts=ends.attempts,
                seconds=now - ends.parcel.began,
            )
        )


def tell_rejected(ends: Ends, error: BaseException) -> None:
    """Its handler answered with a declared exception."""
    engine = ends.parcel.outbox.engine
    if DeliveryRejected in engine.hub.wanted:
        shown = engine.reporter.show(error)
        now = engine.loop.time()
        engine.hub.emit(DeliveryRejected(at=now, id=ends.parcel.id, recipient=ends.parcel.to, error=shown))


def tell_failed(ends: Ends, status: Status, error: BaseException) -> None:
    """It could not be delivered."""
    engine = ends.parcel.outbox.engine
    if DeliveryFailed in engine.hub.wanted:
        engine.hub.emit(
            DeliveryFailed(
                at=engine.loop.time(),
                id=ends.parcel.id,
                recipient=ends.parcel.to,
                status=status,
                attempts=ends.attempts,
                error=engine.reporter.show(error),
            )
        )
