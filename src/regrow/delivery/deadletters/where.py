"""Which dead letters are meant: what people write, checked, as the store's own filter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, Literal, cast

import msgspec
from typing_extensions import TypedDict

from regrow.core.texts import is_name
from regrow.delivery.journal.rows import DEAD, QUARANTINED, REASONS, Cursor, Filter
from regrow.errors.deadletters import BadDeadLetterFilter

__all__ = (
    "FINGERPRINT_BYTES",
    "Where",
    "cursor_of",
    "filter_of",
    "fingerprint_of",
    "id_of",
    "message_of",
    "shown",
    "token_of",
)

FINGERPRINT_BYTES: Final = 8
MESSAGE_BYTES: Final = 16
MAX_IDS: Final = 10_000
MAX_ID: Final = 2**63 - 1
MICROSECONDS: Final = 1_000_000
STATUSES: Final = {"dead": DEAD, "quarantined": QUARANTINED}
_TOKEN: Final = re.compile(r"(\d{1,19})-(\d{1,19})")


class Where(TypedDict, total=False):
    """Conditions on dead letters; all that are given must hold.

    Attributes:
        id: One number, or several.
        dest: Name of the recipient.
        type: What the message is: `module:Class.handler`, or the type of an info.
        reason: Why it died: one of `max_attempts`, `crash_loop`, `rejected`, `expired`, `no_route`,
            `decode_error`, `overflow`, `circuit_open`, `outcome_unknown`, `quarantined`, `operator`.
        error_type: Qualified name of the exception.
        fingerprint: Of its cause: 16 hexadecimal digits, or 8 bytes.
        older_than, newer_than: Seconds since it died, at least, at most.
        since, until: Died at or after, at or before: a `datetime` with a time zone, or seconds since 1970.
        key: Its idempotency key.
        status: `"dead"` or `"quarantined"`; without it both.
    """

    id: int | Iterable[int]
    dest: str
    type: str
    reason: str
    error_type: str
    fingerprint: str | bytes
    older_than: float
    newer_than: float
    since: datetime | float
    until: datetime | float
    key: str
    status: Literal["dead", "quarantined"]


FIELDS: Final = tuple(Where.__annotations__)


def filter_of(where: Mapping[str, object], now_us: int) -> Filter:
    """The store's filter of these conditions.

    Raises:
        BadDeadLetterFilter: There is no such condition, or its value can't be used.
    """
    for field in where:
        if field not in FIELDS:
            allowed = f"there is no such condition; there are {', '.join(FIELDS)}"
            raise BadDeadLetterFilter(str(field), where[field], allowed)
    return Filter(
        dest=_text(where, "dest"),
        type=_text(where, "type"),
        reason=_reason(where),
        error_type=_text(where, "error_type"),
        fingerprint=fingerprint_of(where["fingerprint"]) if "fingerprint" in where else None,
        older_us=_earliest(_ago(where, "older_than", now_us), _instant(where, "until")),
        newer_us=_latest(_ago(where, "newer_than", now_us), _instant(where, "since")),
        key=_text(where, "key"),
        status=_status(where),
        ids=_ids(where),
    )


def fingerprint_of(value: object) -> bytes:
    """A fingerprint as the store has it, from bytes or hexadecimal digits."""
    data = value
    if isinstance(value, str):
        try:
            data = bytes.fromhex(value)
        except ValueError:
            data = None
    if not isinstance(data, bytes) or len(data) != FINGERPRINT_BYTES:
        raise BadDeadLetterFilter("fingerprint", value, "a fingerprint has 16 hexadecimal digits, or 8 bytes")
    return data


def id_of(value: object) -> int:
    """A dead letter's number."""
    if type(value) is not int or not 0 < value <= MAX_ID:
        raise BadDeadLetterFilter("id", value, "a dead letter's number is a whole number from 1")
    return value


def message_of(text: str) -> bytes:
    """The id of a message, as `Delivery.id` has it."""
    try:
        mid = bytes.fromhex(text)
    except ValueError:
        mid = b""
    if len(mid) != MESSAGE_BYTES:
        allowed = "a dead letter's number, or the id of its message: 32 hexadecimal digits"
        raise BadDeadLetterFilter("id", text, allowed)
    return mid


def cursor_of(token: object) -> Cursor | None:
    """Where a page ended, from the token that said so; None for the beginning."""
    if token is None:
        return None
    match = _TOKEN.fullmatch(token) if isinstance(token, str) else None
    if match is None or max(int(match[1]), int(match[2])) > MAX_ID:
        raise BadDeadLetterFilter("after", token, "a page goes on after what the page before gave as `next`")
    return Cursor(int(match[1]), int(match[2]))


def token_of(cursor: Cursor) -> str:
    """A cursor as text, for the next page."""
    return f"{cursor.dead_us}-{cursor.id}"


def shown(where: Filter) -> str:
    """A filter as text, for the audit."""
    given = {
        name: value.hex() if isinstance(value, bytes) else value
        for name, value in msgspec.structs.asdict(where).items()
        if value is not None
    }
    ids = given.pop("ids", None)
    parts = [f"{name}={value}" for name, value in given.items()]
    parts += [] if ids is None else [f"{len(ids)} ids"]
    return " ".join(parts) or "everything"


def _text(where: Mapping[str, object], field: str) -> str | None:
    if field not in where:
        return None
    value = where[field]
    if value == "":
        return ""
    if not is_name(value):
        raise BadDeadLetterFilter(field, value, "this is a text that can be written as UTF-8")
    return value


def _reason(where: Mapping[str, object]) -> str | None:
    reason = _text(where, "reason")
    if reason is not None and reason not in REASONS:
        raise BadDeadLetterFilter("reason", reason, f"the reasons are {', '.join(REASONS)}")
    return reason


def _status(where: Mapping[str, object]) -> int | None:
    status = _text(where, "status")
    if status is not None and status not in STATUSES:
        raise BadDeadLetterFilter("status", status, f"it is one of {', '.join(STATUSES)}")
    return None if status is None else STATUSES[status]


def _ids(where: Mapping[str, object]) -> tuple[int, ...] | None:
    if "id" not in where:
        return None
    value = where["id"]
    if isinstance(value, int) or not isinstance(value, Iterable) or isinstance(value, (str, bytes)):
        return (id_of(value),)
    ids = tuple(map(id_of, cast("Iterable[object]", value)))
    if len(ids) > MAX_IDS:
        raise BadDeadLetterFilter("id", f"{len(ids)} of them", f"at most {MAX_IDS:,} at a time")
    return ids


def _ago(where: Mapping[str, object], field: str, now_us: int) -> int | None:
    seconds = _seconds(where, field)
    return None if seconds is None else now_us - int(seconds * MICROSECONDS)


def _instant(where: Mapping[str, object], field: str) -> int | None:
    value = where.get(field)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise BadDeadLetterFilter(field, value, "a datetime needs a time zone")
        return int(value.timestamp() * MICROSECONDS)
    seconds = _seconds(where, field)
    return None if seconds is None else int(seconds * MICROSECONDS)


def _seconds(where: Mapping[str, object], field: str) -> float | None:
    if field not in where:
        return None
    value = where[field]
    # Also catches NaN, which is in no range.
    if type(value) not in (int, float) or not 0 <= cast("float", value) <= MAX_ID / MICROSECONDS:
        raise BadDeadLetterFilter(field, value, "these are seconds, 0 or more")
    return cast("float", value)


def _earliest(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else min(one, other)


def _latest(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else max(one, other)
