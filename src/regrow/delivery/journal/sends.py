"""Deliveries as most are: those that are alike but for message, id and time are one row of a batch.

To bind a value costs as much as to insert it, and keeps the GIL. So their bytes are bound in one piece and
their numbers as one JSON text, and SQLite takes both apart while this program goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

if TYPE_CHECKING:
    from regrow.delivery.journal.rows import Live
    from regrow.delivery.journal.sql import Row, Value

__all__ = ("Alike", "alike", "rows_of")

Alike: TypeAlias = "tuple[Value, ...]"
"""What deliveries of one row have in common."""

MID: Final = 16
MOST_BYTES: Final = 0xFFFF
"""Of a payload, as its size has 16 bits of its place; the limit of crashes has as many of `shape`."""
MOST_ROWS: Final = 512
"""So that a delivery begins within 2^26 bytes."""
MOST_US: Final = 1 << 20
"""Within which they were accepted."""
_BEGIN: Final = 1 << 16
_TIME: Final = 1 << 42
"""What the numbers in `places` are sums of: the interpreter is quicker at products than at shifts."""


def alike(live: Live) -> Alike | None:
    """What `live` has in common with others of its row; None if there is something about it that few have."""
    if (
        live.key is not None
        or live.lane is not None
        or live.headers is not None
        or live.expires_us is not None
        or live.attempt_timeout is not None
        or live.due_us != live.created_us
        or live.attempts
        or live.crashes
        or live.redrives
        or live.max_crashes > MOST_BYTES
        or len(live.payload) > MOST_BYTES
        or len(live.mid) != MID
    ):
        return None
    traced = None if live.traceparent is None else len(live.traceparent.encode())
    shape = live.max_attempts << 19 | live.max_crashes << 3 | live.discard << 2 | live.kind
    return live.dest, shape, live.type, live.source, traced


def rows_of(common: Alike, lives: Sequence[Live]) -> Iterator[Row]:
    """The fields of the step `sends`, for each row.

    `data` is for each delivery its `mid`, payload and trace context (of `traced` bytes, None if it has none).
    `places` has by its number, in one integer: microseconds after `created_us`, where the delivery begins,
    and the size of its payload.
    """
    for start in range(0, len(lives), MOST_ROWS):
        some = lives[start : start + MOST_ROWS]
        created = [live.created_us for live in some]
        first_us = min(created)
        if max(created) - first_us < MOST_US:
            places, data = _packed(some, first_us, with_trace=common[-1] is not None)
            if len(places) == len(some):
                yield *common, first_us, msgspec.json.encode(places).decode(), data
                continue
        for live in some:  # a clock that was set, or a number twice, which SQLite refuses
            yield from rows_of(common, [live])


def _packed(lives: Sequence[Live], first_us: int, *, with_trace: bool) -> tuple[dict[int, int], bytes]:
    parts = [live.mid + live.payload for live in lives]
    if with_trace:
        parts = [part + (live.traceparent or "").encode() for part, live in zip(parts, lives, strict=True)]
    begins = accumulate(map(len, parts), initial=0)
    return {
        live.id: (live.created_us - first_us) * _TIME + begin * _BEGIN + len(live.payload)
        for live, begin in zip(lives, begins, strict=False)
    }, b"".join(parts)
