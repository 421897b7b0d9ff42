"""What happens to dead letters, as events. `at` is the loop's time in seconds, `ids` are their numbers."""

from __future__ import annotations

from typing import ClassVar

from regrow.core.events import Event

__all__ = (
    "DEAD_LETTER_EVENTS",
    "AutoRetriesExhausted",
    "DeadLetterAdded",
    "DeadLetterEdited",
    "DeadLettersExpired",
    "DeadLettersImported",
    "DeadLettersPurged",
    "DeadLettersQuarantined",
    "DeadLettersRedriven",
    "DeadLettersReleased",
    "HousekeepingFailed",
    "RedriveChanged",
)


class DeadLetterAdded(Event, frozen=True):
    """A delivery became a dead letter; `fingerprint` (hexadecimal) is equal for one cause."""

    name: ClassVar[str] = "dead_letter.added"
    id: int
    reason: str
    error_type: str | None
    fingerprint: str


class DeadLettersRedriven(Event, frozen=True):
    """Dead letters are live deliveries again; `actor` is None and `auto` True for automatic retries."""

    name: ClassVar[str] = "dead_letter.redriven"
    ids: tuple[int, ...]
    auto: bool
    actor: str | None
    job: int | None


class AutoRetriesExhausted(Event, frozen=True):
    """Dead letters that were tried again by themselves as often as allowed: an operator has to look."""

    name: ClassVar[str] = "dead_letter.exhausted"
    ids: tuple[int, ...]
    retries: int


class DeadLetterEdited(Event, frozen=True):
    """An operator changed what dead letter `id` will be redriven with, or its note."""

    name: ClassVar[str] = "dead_letter.edited"
    id: int
    actor: str


class DeadLettersPurged(Event, frozen=True):
    """An operator deleted dead letters; `why` is what they said about it."""

    name: ClassVar[str] = "dead_letter.purged"
    count: int
    actor: str
    why: str


class DeadLettersExpired(Event, frozen=True):
    """Retention deleted dead letters: `cause` is `age` or `overflow`."""

    name: ClassVar[str] = "dead_letter.expired"
    ids: tuple[int, ...]
    cause: str


class DeadLettersQuarantined(Event, frozen=True):
    """What has this fingerprint isn't tried again any more; `count` dead letters had it."""

    name: ClassVar[str] = "dead_letter.quarantined"
    fingerprint: str
    count: int
    actor: str


class DeadLettersReleased(Event, frozen=True):
    """What has this fingerprint may be tried again; `count` dead letters had it."""

    name: ClassVar[str] = "dead_letter.released"
    fingerprint: str
    count: int
    actor: str


class DeadLettersImported(Event, frozen=True):
    """Dead letters came from an export."""

    name: ClassVar[str] = "dead_letter.imported"
    count: int
    actor: str


class RedriveChanged(Event, frozen=True):
    """Redrive `job` is `status` now: `running`, `paused`, `done`, `stopped` or `cancelled`."""

    name: ClassVar[str] = "dead_letter.redrive"
    job: int
    status: str
    moved: int
    failed: int
    succeeded: int


class HousekeepingFailed(Event, frozen=True):
    """Automatic retries or retention could not write; it is tried again in `delay` seconds."""

    name: ClassVar[str] = "dead_letter.housekeeping_failed"
    error: str
    delay: float


DEAD_LETTER_EVENTS: tuple[type[Event], ...] = (
    DeadLetterAdded,
    DeadLettersRedriven,
    AutoRetriesExhausted,
    DeadLetterEdited,
    DeadLettersPurged,
    DeadLettersExpired,
    DeadLettersQuarantined,
    DeadLettersReleased,
    DeadLettersImported,
    RedriveChanged,
    HousekeepingFailed,
)
"""All of them, in the order of this module."""
