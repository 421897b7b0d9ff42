"""Events of sends. Nothing is made unless somebody listens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regrow.core.events import (
    DeliveryAccepted,
    DeliveryFailed,
    DeliveryHandled,
    DeliveryRejected,
    DeliveryRetried,
    DeliveryStarted,
)
from regrow.delivery.records import Status

if TYPE_CHECKING:
    from regrow.delivery.sending import Sending

__all__ = ("tell_accepted", "tell_failed", "tell_handled", "tell_rejected", "tell_retried", "tell_started")


def tell_started(sending: Sending) -> None:
    """A send begins."""
    engine = sending.outbox.engine
    if DeliveryStarted in engine.hub.wanted:
        shown = engine.reporter.show(sending.message)
        now = engine.loop.time()
        engine.hub.emit(DeliveryStarted(at=now, id=sending.id, recipient=sending.to, message=shown))


def tell_retried(sending: Sending, delay: float, error: BaseException) -> None:
    """An attempt failed, and another one comes."""
    engine = sending.outbox.engine
    if DeliveryRetried in engine.hub.wanted:
        engine.hub.emit(
            DeliveryRetried(
                at=engine.loop.time(),
                id=sending.id,
                recipient=sending.to,
                attempt=sending.attempts,
                delay=delay,
                error=engine.reporter.show(error),
            )
        )


def tell_accepted(sending: Sending) -> None:
    """It is in a mailbox, and the sender goes on."""
    engine = sending.outbox.engine
    if DeliveryAccepted in engine.hub.wanted:
        now = engine.loop.time()
        engine.hub.emit(
            DeliveryAccepted(at=now, id=sending.id, recipient=sending.to, attempts=sending.attempts)
        )


def tell_handled(sending: Sending) -> None:
    """Its handler has returned."""
    engine = sending.outbox.engine
    if DeliveryHandled in engine.hub.wanted:
        now = engine.loop.time()
        engine.hub.emit(
            DeliveryHandled(
                at=now,
                id=sending.id,
                recipient=sending.to,
                attempts=sending.attempts,
                seconds=now - sending.began,
            )
        )


def tell_rejected(sending: Sending, error: BaseException) -> None:
    """Its handler answered with a declared exception."""
    engine = sending.outbox.engine
    if DeliveryRejected in engine.hub.wanted:
        engine.hub.emit(
            DeliveryRejected(
                at=engine.loop.time(), id=sending.id, recipient=sending.to, error=engine.reporter.show(error)
            )
        )


def tell_failed(sending: Sending, status: Status, error: BaseException) -> None:
    """It could not be delivered."""
    engine = sending.outbox.engine
    if DeliveryFailed in engine.hub.wanted:
        engine.hub.emit(
            DeliveryFailed(
                at=engine.loop.time(),
                id=sending.id,
                recipient=sending.to,
                status=status,
                attempts=sending.attempts,
                error=engine.reporter.show(error),
            )
        )
