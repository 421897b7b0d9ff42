"""What a journal counts and tells: statistics, events, and the burial that a death gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from regrow.core.delivery_events import (
    DeliveryAccepted,
    DeliveryCrashed,
    DeliveryFailed,
    DeliveryHandled,
    DeliveryRejected,
    DeliveryReleased,
    DeliveryRetried,
)
from regrow.core.events import Event
from regrow.delivery.journal.causes import Cause
from regrow.delivery.journal.clock import MICROSECONDS
from regrow.delivery.journal.owed import Owed
from regrow.delivery.journal.policy import DeadLetterPolicy, expires_us, retry_us
from regrow.delivery.journal.rows import DEAD, QUARANTINED, Burial, Live, Reason
from regrow.delivery.journal.waits import End

if TYPE_CHECKING:
    from regrow.delivery.journal.clock import JournalClock
    from regrow.runtime.engine import Engine

__all__ = ("Books",)


@final
class Books:
    """Counts since this start of the journal."""

    __slots__ = (
        "_clock",
        "_code_version",
        "_engine",
        "_policy",
        "_wanted",
        "accepted",
        "boot",
        "crashes",
        "dead",
        "discarded",
        "expired",
        "handled",
        "quarantined",
        "refusals",
        "rejected",
        "released",
        "retried",
    )

    def __init__(
        self,
        engine: Engine,
        clock: JournalClock,
        policy: DeadLetterPolicy,
        *,
        boot: int,
        quarantined: frozenset[bytes],
        code_version: str | None,
    ) -> None:
        self._engine = engine
        self._wanted = engine.hub.wanted
        self._clock = clock
        self._policy = policy
        self._code_version = code_version
        self.boot: int = boot
        self.quarantined: set[bytes] = set(quarantined)
        self.accepted: int = 0
        self.handled: int = 0
        self.rejected: int = 0
        self.retried: int = 0
        self.crashes: int = 0
        self.released: int = 0
        self.expired: int = 0
        self.dead: int = 0
        self.discarded: int = 0
        self.refusals: int = 0

    # -- what happened, once it is committed ---------------------------------------------------

    def taken(self, owed: Owed) -> None:
        """A delivery is owed from now on."""
        self.accepted += 1
        if DeliveryAccepted in self._wanted:
            live = owed.live
            self._emit(
                DeliveryAccepted(
                    at=self._now(),
                    id=live.mid.hex(),
                    recipient=live.dest,
                    attempts=live.attempts + live.crashes,
                )
            )

    def taken_in(self, batch: list[Owed]) -> None:
        """The same for many."""
        if DeliveryAccepted in self._wanted:
            for owed in batch:
                self.taken(owed)
        else:
            self.accepted += len(batch)

    def all_done(self, batch: list[Owed]) -> None:
        """All of these were handled."""
        if DeliveryHandled in self._wanted:
            for owed in batch:
                self.done(owed, "handled", None)
        else:
            self.handled += len(batch)

    def refused(self) -> None:
        """An acceptance could not be written."""
        self.refusals += 1

    def done(self, owed: Owed, end: End, error: BaseException | None) -> None:
        """A delivery is settled."""
        live = owed.live
        if end == "rejected":
            self.rejected += 1
            if DeliveryRejected in self._wanted:
                shown = str(error)
                self._emit(
                    DeliveryRejected(at=self._now(), id=live.mid.hex(), recipient=live.dest, error=shown)
                )
            return
        self.handled += 1
        if DeliveryHandled in self._wanted:
            self._emit(
                DeliveryHandled(
                    at=self._now(),
                    id=live.mid.hex(),
                    recipient=live.dest,
                    attempts=live.attempts + live.crashes + 1,
                    seconds=(self._clock.now_us() - live.created_us) / MICROSECONDS,
                )
            )

    def again(self, live: Live, delay: float, cause: Cause) -> None:
        """An attempt failed, and another follows."""
        self.retried += 1
        if DeliveryRetried in self._wanted:
            self._emit(
                DeliveryRetried(
                    at=self._now(),
                    id=live.mid.hex(),
                    recipient=live.dest,
                    attempt=live.attempts + live.crashes,
                    delay=delay,
                    error=cause.summary,
                )
            )

    def crashed(self, live: Live, cause: Cause) -> None:
        """A recipient died while it handled it."""
        self.crashes += 1
        if DeliveryCrashed in self._wanted:
            self._emit(
                DeliveryCrashed(
                    at=self._now(),
                    id=live.mid.hex(),
                    recipient=live.dest,
                    crashes=live.crashes,
                    error=cause.summary,
                )
            )

    def let_go(self, live: Live) -> None:
        """A recipient ended for reasons of others."""
        self.released += 1
        if DeliveryReleased in self._wanted:
            self._emit(DeliveryReleased(at=self._now(), id=live.mid.hex(), recipient=live.dest))

    def over(self, owed: Owed, end: End, reason: Reason, cause: Cause) -> None:
        """A delivery is a dead letter, or was discarded."""
        if end == "ignored":
            self.discarded += 1
        else:
            self.dead += 1
        if reason == "expired":
            self.expired += 1
        if DeliveryFailed in self._wanted:
            live = owed.live
            self._emit(
                DeliveryFailed(
                    at=self._now(),
                    id=live.mid.hex(),
                    recipient=live.dest,
                    attempts=live.attempts + live.crashes,
                    status=end,
                    error=cause.summary or reason,
                )
            )

    def _now(self) -> float:
        return self._engine.loop.time()

    def _emit(self, event: Event) -> None:
        self._engine.hub.emit(event)

    # -- deaths --------------------------------------------------------------------------------

    def burial(self, live: Live, reason: Reason, cause: Cause) -> Burial:
        """Why and when `live` dies, and what comes of it."""
        now_us = self._clock.now_us()
        fingerprint = cause.fingerprint(live.dest)
        status = QUARANTINED if fingerprint in self.quarantined else DEAD
        due_us = None
        if status == DEAD and live.dest:  # nobody takes the place of who had no name
            due_us = retry_us(
                self._policy,
                reason,
                now_us=now_us,
                redrives=live.redrives,
                random=self._engine.ports.random("dead letters"),
                wanted_until_us=live.expires_us,
            )
        return Burial(
            reason=reason,
            error_type=cause.error_type,
            error=cause.error,
            fingerprint=fingerprint,
            dead_us=now_us,
            retry_us=due_us,
            expires_us=expires_us(self._policy, now_us),
            code_version=self._code_version,
            status=status,
        )
