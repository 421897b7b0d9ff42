"""Sends that failed become dead letters."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

from regrow.delivery.envelope import envelope_of, headers_of
from regrow.delivery.journal.causes import Cause, cause_of_error, cause_of_exit
from regrow.delivery.journal.operations import BuryNew
from regrow.delivery.journal.rows import Attempt, Live, Outcome, Reason
from regrow.errors import ProcessExited

if TYPE_CHECKING:
    from regrow.delivery.ends import Ends
    from regrow.delivery.owner import JournalOwner

__all__ = ("attempt_row", "bury")

SECOND_US: Final = 1_000_000
REASONS: Final[dict[Outcome, Reason]] = {
    "no_process": "no_route",
    "mailbox_full": "overflow",
    "circuit_open": "circuit_open",
    "outcome_unknown": "outcome_unknown",
}


def attempt_row(
    journal: JournalOwner, began_ago: float, outcome: Outcome, error: BaseException, delay: float
) -> Attempt:
    """One failed attempt, for the history."""
    now = journal.now_us()
    cause = _cause(error)
    return Attempt(
        boot=journal.boot,
        started_us=now - int(began_ago * SECOND_US),
        ended_us=now,
        outcome=outcome,
        error_type=cause.error_type,
        error=cause.error,
        trace=cause.trace,
        delay_us=int(delay * SECOND_US),
    )


def bury(ends: Ends, journal: JournalOwner, outcome: Outcome, error: BaseException, *, expired: bool) -> None:
    """Make it a dead letter; it ends as `dead_lettered` when that is committed.

    What can't be written, or isn't, ends it with that error instead.
    """
    try:
        operation = _operation(ends, journal, outcome, error, expired=expired)
    except Exception as problem:  # noqa: BLE001  # a payload runs foreign code; whatever it is, the sender is told
        problem.__cause__ = error
        ends.unburied(problem)
        return
    future = journal.submit([operation])
    future.add_done_callback(partial(_buried, ends, error), context=ends.parcel.outbox.engine.contexts.base)


def _buried(ends: Ends, error: BaseException, future: asyncio.Future[None]) -> None:
    problem = future.exception() if not future.cancelled() else asyncio.CancelledError()
    if problem is None:
        ends.buried(error)
    else:
        problem.__cause__ = error
        ends.unburied(problem)


def _operation(
    ends: Ends, journal: JournalOwner, outcome: Outcome, error: BaseException, *, expired: bool
) -> BuryNew:
    parcel = ends.parcel
    kind, type_, payload = envelope_of(parcel.message)
    options = parcel.options
    now = journal.now_us()
    loop_now = ends.parcel.outbox.engine.loop.time()
    to = parcel.to
    dest = to if isinstance(to, str) else (to.name or "")
    source = parcel.source
    cause = _cause(error)
    live = Live(
        id=journal.next_id(),
        mid=bytes.fromhex(parcel.id),
        dest=dest,
        kind=kind,
        type=type_,
        payload=payload,
        key=options.idempotency_key,
        source=source.name if source is not None else None,
        headers=headers_of(options.metadata),
        traceparent=parcel.traceparent,
        created_us=now - int((loop_now - parcel.began) * SECOND_US),
        expires_us=_wall(now, loop_now, parcel.expires_at),
        due_us=now,
        max_attempts=options.retries + 1,
        max_crashes=journal.max_crashes,
        attempt_timeout=options.attempt_timeout,
        attempts=ends.attempts,
    )
    reason: Reason = "expired" if expired else REASONS.get(outcome, "max_attempts")
    return BuryNew(live, journal.burial(live, reason, cause), ends.history)


def _wall(now_us: int, now: float, at: float | None) -> int | None:
    return None if at is None else now_us + int((at - now) * SECOND_US)


def _cause(error: BaseException) -> Cause:
    """Why a process ended tells more than that it did."""
    return cause_of_exit(error.reason) if isinstance(error, ProcessExited) else cause_of_error(error)
