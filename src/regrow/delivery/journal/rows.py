"""What a journal's rows are, as values. Times are whole microseconds since 1970, by the wall clock."""

from __future__ import annotations

import itertools
from collections.abc import Container
from typing import Final, Literal, TypeAlias, final

import msgspec

__all__ = (
    "CALL",
    "CAST",
    "DEAD",
    "INFO",
    "QUARANTINED",
    "REASONS",
    "Attempt",
    "AuditEntry",
    "Burial",
    "Counts",
    "Cursor",
    "DeadLetter",
    "Filter",
    "Group",
    "Live",
    "Outcome",
    "Reason",
    "RedriveJob",
    "SavedState",
    "StateEvent",
    "free_state_name",
)

CAST: Final = 0
CALL: Final = 1
INFO: Final = 2
"""Kinds of messages."""

DEAD: Final = 0
QUARANTINED: Final = 1
"""Status of a dead letter. One that is redriven is a live delivery again; one that is purged is gone."""

Reason: TypeAlias = Literal[
    "max_attempts",
    "crash_loop",
    "rejected",
    "expired",
    "no_route",
    "decode_error",
    "overflow",
    "circuit_open",
    "outcome_unknown",
    "quarantined",
    "operator",
]
REASONS: Final[tuple[Reason, ...]] = Reason.__args__  # type: ignore[attr-defined]

Outcome: TypeAlias = Literal[
    "error", "timeout", "rejected", "crash", "no_process", "mailbox_full", "circuit_open", "outcome_unknown"
]
"""How an attempt failed."""


@final
class Live(msgspec.Struct, frozen=True, gc=False):
    """A delivery that is owed: one message for one recipient. The envelope never changes.

    Attributes:
        id: Its number in this journal, increasing; it keeps it as a dead letter and when it is redriven.
        mid: 16 bytes, the message's own id (UUIDv7): stable over retries, restarts and redrives.
        dest: Registered name of the recipient; empty for a process without a name (dead letters only).
        kind: `CAST`, `CALL` or `INFO`.
        type: What it is, for people and filters: `module:Class.handler`, or the type of an info.
        payload: The message as `core.codec` writes it; msgpack of builtins for an info.
        key: Idempotency key; None means that `mid` is.
        lane: Ordering key; deliveries of one (dest, lane) are handed out one at a time, in order.
        source: Registered name of the sender, if it has one.
        headers: msgpack map of the sender's metadata, None if there is none.
        traceparent: W3C trace context of the sender.
        created_us, expires_us: When it was accepted, and when nobody wants it any more.
        due_us: Not to be handed out before.
        max_attempts: Failed attempts after which it is dead.
        max_crashes: Crashes of its recipient while handling it after which it is dead.
        discard: Give it up as a counted discard instead of burying it (`on_error="ignore"`).
        attempt_timeout: Seconds that one attempt may take.
        attempts: Failed attempts so far. A crash is not among them.
        crashes: How often its recipient died while it handled it.
        redrives: How often it has been a dead letter.
    """

    id: int
    mid: bytes
    dest: str
    kind: int
    type: str
    payload: bytes
    created_us: int
    due_us: int
    source: str | None = None
    traceparent: str | None = None
    max_attempts: int = 1
    max_crashes: int = 3
    discard: bool = False
    key: str | None = None
    lane: str | None = None
    headers: bytes | None = None
    expires_us: int | None = None
    attempt_timeout: float | None = None
    attempts: int = 0
    crashes: int = 0
    redrives: int = 0


@final
class Attempt(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One failed attempt. A success writes nothing.

    Attributes:
        boot: Which start of the journal it happened in.
        outcome: How it failed.
        error_type, error: The exception's qualified name and text, None if there was none.
        trace: Its traceback as text, without values.
        delay_us: How long the next attempt was made to wait.
    """

    boot: int
    started_us: int
    ended_us: int
    outcome: Outcome
    error_type: str | None = None
    error: str | None = None
    trace: str | None = None
    delay_us: int = 0


@final
class Burial(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Why and when a delivery died.

    Attributes:
        fingerprint: 8 bytes, equal for one cause: hash of dest, error type and own top frames.
        retry_us: When it is tried again automatically, None for never.
        expires_us: When retention may delete it, None for never.
    """

    reason: Reason
    error_type: str | None = None
    error: str | None = None
    fingerprint: bytes
    dead_us: int
    retry_us: int | None = None
    expires_us: int | None = None
    code_version: str | None = None
    status: int = DEAD


@final
class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter: the delivery as it was, why it died, and what operators did to it.

    Attributes:
        live: The delivery, its attempts and crashes as they were at its death.
        edited: A payload that takes the place of the first one at a redrive; the first one is kept.
        note: The last operator's remark.
        auto_retries: How often it was redriven automatically.
        original: The first payload, if it was redriven with an edited one.
    """

    live: Live
    burial: Burial
    edited: bytes | None = None
    note: str | None = None
    auto_retries: int = 0
    original: bytes | None = None

    @property
    def first(self) -> bytes:
        """The payload that was accepted, whatever was edited since."""
        return self.live.payload if self.original is None else self.original


@final
class Cursor(msgspec.Struct, frozen=True, gc=False):
    """Where a page of dead letters ended: oldest first, by time of death, then id."""

    dead_us: int
    id: int


@final
class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which dead letters; what is None doesn't matter. All given conditions must hold.

    Attributes:
        older_us, newer_us: Died at or before, at or after this time.
        status: `DEAD`, `QUARANTINED`, or None for both.
        ids: Only these.
    """

    dest: str | None = None
    type: str | None = None
    reason: str | None = None
    error_type: str | None = None
    fingerprint: bytes | None = None
    older_us: int | None = None
    newer_us: int | None = None
    key: str | None = None
    status: int | None = None
    ids: tuple[int, ...] | None = None


@final
class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Dead letters with one cause: equal dest, type, reason, error type, fingerprint and status."""

    id: int
    dest: str
    type: str
    reason: Reason
    error_type: str | None
    fingerprint: bytes
    status: int
    count: int
    first_us: int
    last_us: int


@final
class Counts(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Everything that was ever accepted, by what became of it.

    `live` and `dead` are counted from the rows themselves, the others by counters that change in the
    transaction of what they count.
    """

    accepted: int
    live: int
    done: int
    dead: int
    discarded: int

    @property
    def balanced(self) -> bool:
        """Whether nothing was lost: accepted = live + done + dead + discarded (G3)."""
        return self.accepted == self.live + self.done + self.dead + self.discarded


@final
class RedriveJob(msgspec.Struct, frozen=True, kw_only=True):
    """A redrive, which goes on where it was after a crash.

    Attributes:
        where: What it moves.
        target: Other recipient, None for the first one.
        rate: Deliveries per second, None for as fast as it goes.
        limit: How many at most.
        canary: So many first; it goes on when they are done well.
        stop_ratio: Share of redriven ones that died again at which it stops.
        cursor: The last one that was moved.
        watched: Those that were moved and have not ended yet, where canaries or a stop ratio depend on it.
        proven: Whether its canaries ended well.
        status: What it is doing now, or how it ended.
    """

    id: int
    where: Filter
    actor: str
    target: str | None = None
    rate: float | None = None
    limit: int | None = None
    canary: int | None = None
    stop_ratio: float | None = None
    cursor: Cursor | None = None
    moved: int = 0
    failed: int = 0
    succeeded: int = 0
    watched: tuple[int, ...] = ()
    proven: bool = False
    status: Literal["running", "paused", "done", "stopped", "cancelled"] = "running"
    started_us: int = 0
    ended_us: int | None = None


@final
class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator did, to what, when."""

    at_us: int
    actor: str
    action: str
    target: str
    detail: str | None = None


@final
class SavedState(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The last snapshot of a persistent server.

    Attributes:
        name: Its registered name.
        type: Qualified name of the state's type.
        schema: Version of that type, as its server class gives it.
        epoch: Which incarnation of the server wrote it; an older one may not write any more.
        version: Number of the last event that is in it.
    """

    name: str
    type: str
    schema: int
    epoch: int
    version: int
    data: bytes
    updated_us: int


@final
class StateEvent(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One event of a persistent server, after its snapshot."""

    name: str
    version: int
    schema: int
    data: bytes


def free_state_name(name: str, now_us: int, taken: Container[str]) -> str:
    """What an unreadable state of `name` is called when it is set aside."""
    wanted = f"{name} (set aside {now_us}"
    names = itertools.chain([f"{wanted})"], (f"{wanted}, {number})" for number in itertools.count(2)))
    return next(free for free in names if free not in taken)
