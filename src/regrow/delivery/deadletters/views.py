"""What the dead letters answer with. Times are seconds since 1970, fingerprints hexadecimal."""

from __future__ import annotations

from typing import Final, Literal, cast

import msgspec

from regrow.delivery.deadletters.decoding import Contents
from regrow.delivery.deadletters.redaction import Redaction
from regrow.delivery.journal.rows import (
    CALL,
    CAST,
    DEAD,
    INFO,
    Attempt,
    DeadLetter,
    Group,
    Outcome,
    Reason,
    RedriveJob,
)

__all__ = (
    "AttemptView",
    "DeadLetterCause",
    "DeadLetterDetails",
    "DeadLetterPage",
    "DeadLetterStats",
    "DeadLetterSummary",
    "ImportReport",
    "RefusedLine",
    "Status",
    "attempt_view",
    "cause_of",
    "details_of",
    "failure_ratio",
    "seconds",
    "summary_of",
)

Status = Literal["dead", "quarantined"]
KINDS: Final[dict[int, Literal["cast", "call", "info"]]] = {CAST: "cast", CALL: "call", INFO: "info"}


def seconds(us: int) -> float:
    """Microseconds as seconds."""
    return us / 1_000_000


def _seconds_or_none(us: int | None) -> float | None:
    return None if us is None else us / 1_000_000


class DeadLetterSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One dead letter, as lists show it.

    Attributes:
        id: Its number, by which all operations know it.
        message_id: Of the message, as `Delivery.id` has it: the same before, now, and when it is redriven.
        dest: Name of the recipient, empty for a process without one.
        type: What the message is.
        key: Its idempotency key, if it has one of its own.
        attempts: How often it failed since it was last redriven.
        crashes: How often its recipient died of it since then.
        redrives: How often it was a dead letter before.
        retry_at: When it is tried again by itself.
        edited: Whether another payload takes the place of its own at a redrive.
    """

    id: int
    message_id: str
    dest: str
    type: str
    reason: Reason
    error_type: str | None
    error: str | None
    fingerprint: str
    status: Status
    key: str | None
    attempts: int
    crashes: int
    redrives: int
    created_at: float
    died_at: float
    retry_at: float | None
    expires_at: float | None
    edited: bool
    note: str | None


class AttemptView(msgspec.Struct, frozen=True, kw_only=True):
    """One failed attempt.

    Attributes:
        boot: Which start of the journal it happened in.
        trace: The traceback, without values.
        delay: Seconds until the next attempt.
    """

    boot: int
    started_at: float
    ended_at: float
    outcome: Outcome
    error_type: str | None
    error: str | None
    trace: str | None
    delay: float


class DeadLetterDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one dead letter.

    Attributes:
        kind: `"call"`, `"cast"` or `"info"`.
        contents: Arguments by name, or an info's value, as a redrive would deliver them.
        original: As it was accepted, before anything was edited; None if nothing was.
        problem: Why the contents can't be decoded, None if they can.
        metadata: What the sender gave with it.
        history: Every failed attempt, over all redrives, oldest first.
    """

    summary: DeadLetterSummary
    kind: Literal["cast", "call", "info"]
    contents: object
    original: object
    problem: str | None
    metadata: dict[str, object] | None
    source: str | None
    ordering_key: str | None
    traceparent: str | None
    code_version: str | None
    auto_retries: int
    history: tuple[AttemptView, ...]


class DeadLetterPage(msgspec.Struct, frozen=True):
    """Some dead letters, oldest first.

    Attributes:
        next: Give it as `after=` for the next page; None if this is the last.
    """

    letters: tuple[DeadLetterSummary, ...]
    next: str | None


class DeadLetterCause(msgspec.Struct, frozen=True, kw_only=True):
    """Dead letters that died of the same cause.

    Attributes:
        example: Number of the oldest of them; None past the first 200 causes.
        first_at, last_at: When the first and the last of them died.
    """

    fingerprint: str
    count: int
    dest: str
    type: str
    reason: Reason
    error_type: str | None
    status: Status
    example: int | None
    first_at: float
    last_at: float


class DeadLetterStats(msgspec.Struct, frozen=True, kw_only=True):
    """The dead letters in numbers.

    Attributes:
        depth: How many there are, quarantined ones included.
        allowed: How many there may be.
        oldest_age: Seconds since the oldest died, None if there is none.
        arrivals_per_minute: How many came in the last 60 seconds.
        next_retry_at: When the next automatic retry is due.
        by_reason: How many of each reason.
        causes: How many different causes they have.
        top: The most frequent cause.
        redrive_failure_ratio: Of what running and past redrives moved and know the end of, the share that
            died again; None if they know of none.
    """

    depth: int
    quarantined: int
    allowed: int
    oldest_age: float | None
    arrivals_per_minute: int
    next_retry_at: float | None
    by_reason: dict[str, int]
    causes: int
    top: DeadLetterCause | None
    redrive_failure_ratio: float | None


class RefusedLine(msgspec.Struct, frozen=True):
    """A line that was not imported, and why."""

    line: int
    problem: str


class ImportReport(msgspec.Struct, frozen=True):
    """What became of an import.

    Attributes:
        imported: How many dead letters were added.
        refused: The lines that weren't, with their numbers from 1.
    """

    imported: int
    refused: tuple[RefusedLine, ...]


def summary_of(letter: DeadLetter, redaction: Redaction | None) -> DeadLetterSummary:
    """A dead letter for a list; without a redaction as it is."""
    live, burial = letter.live, letter.burial
    return DeadLetterSummary(
        id=live.id,
        message_id=live.mid.hex(),
        dest=live.dest,
        type=live.type,
        reason=burial.reason,
        error_type=burial.error_type,
        error=_text(burial.error, redaction),
        fingerprint=burial.fingerprint.hex(),
        status=_status(burial.status),
        key=live.key,
        attempts=live.attempts,
        crashes=live.crashes,
        redrives=live.redrives,
        created_at=seconds(live.created_us),
        died_at=seconds(burial.dead_us),
        retry_at=_seconds_or_none(burial.retry_us),
        expires_at=_seconds_or_none(burial.expires_us),
        edited=letter.edited is not None,
        note=letter.note,
    )


def details_of(
    letter: DeadLetter,
    history: list[Attempt],
    contents: Contents,
    original: Contents | None,
    redaction: Redaction | None,
) -> DeadLetterDetails:
    """Everything about a dead letter; without a redaction as it is."""
    live = letter.live
    return DeadLetterDetails(
        summary=summary_of(letter, redaction),
        kind=KINDS[live.kind],
        contents=contents.values,
        original=None if original is None else original.values,
        problem=contents.problem,
        metadata=_metadata(live.headers, redaction),
        source=live.source,
        ordering_key=live.lane,
        traceparent=live.traceparent,
        code_version=letter.burial.code_version,
        auto_retries=letter.auto_retries,
        history=tuple(attempt_view(attempt, redaction) for attempt in history),
    )


def attempt_view(attempt: Attempt, redaction: Redaction | None) -> AttemptView:
    """An attempt for people."""
    return AttemptView(
        boot=attempt.boot,
        started_at=seconds(attempt.started_us),
        ended_at=seconds(attempt.ended_us),
        outcome=attempt.outcome,
        error_type=attempt.error_type,
        error=_text(attempt.error, redaction),
        trace=_text(attempt.trace, redaction),
        delay=seconds(attempt.delay_us),
    )


def cause_of(group: Group, example: int | None) -> DeadLetterCause:
    """A group of dead letters for people."""
    return DeadLetterCause(
        fingerprint=group.fingerprint.hex(),
        count=group.count,
        dest=group.dest,
        type=group.type,
        reason=group.reason,
        error_type=group.error_type,
        status=_status(group.status),
        example=example,
        first_at=seconds(group.first_us),
        last_at=seconds(group.last_us),
    )


def failure_ratio(jobs: list[RedriveJob]) -> float | None:
    """Share of what was redriven that died again, as far as the end of it is known."""
    failed = sum(job.failed for job in jobs)
    ended = failed + sum(job.succeeded for job in jobs)
    return failed / ended if ended else None


def _status(status: int) -> Status:
    return "dead" if status == DEAD else "quarantined"


def _text(text: str | None, redaction: Redaction | None) -> str | None:
    return text if text is None or redaction is None else redaction.text(text)


def _metadata(headers: bytes | None, redaction: Redaction | None) -> dict[str, object] | None:
    if headers is None:
        return None
    try:
        found = msgspec.msgpack.decode(headers, type=dict[str, object])
    except msgspec.MsgspecError as error:
        return {"problem": str(error)}
    return found if redaction is None else cast("dict[str, object]", redaction.value(found))
