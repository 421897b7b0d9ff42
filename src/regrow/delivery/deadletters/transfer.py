"""Dead letters as lines of JSON, one CloudEvent each, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Final, Literal, final

import msgspec
from msgspec import UNSET, UnsetType

from regrow.delivery.deadletters.events import DeadLettersImported
from regrow.delivery.deadletters.queue import BATCH, DeadLetterQueue, after_of, check_text
from regrow.delivery.deadletters.views import KINDS, ImportReport, RefusedLine
from regrow.delivery.deadletters.where import FINGERPRINT_BYTES
from regrow.delivery.journal.operations import Annotate, BuryNew, Operation
from regrow.delivery.journal.policy import expires_us
from regrow.delivery.journal.rows import DEAD, QUARANTINED, Attempt, Burial, Cursor, DeadLetter, Filter, Live
from regrow.delivery.journal.store import Reader

__all__ = ("Importing", "export_page", "line_of")

MID_BYTES: Final = 16
MAX_LINE: Final = 8 * 1024 * 1024
"""Longest line that is read, in characters or bytes."""
MAX_INTEGER: Final = 253_402_300_799_999_999
"""The last moment that has a date, in microseconds since 1970."""


class Data(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a line tells beyond CloudEvents' attributes; bytes are base64."""

    live: Live
    burial: Burial
    attempts: list[Attempt]
    edited: bytes | None = None
    note: str | None = None
    auto_retries: int = 0
    original: bytes | None = None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A CloudEvent: https://github.com/cloudevents/spec, version 1.0, in its JSON format."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    time: datetime
    data: Data
    subject: str | UnsetType = UNSET
    traceparent: str | UnsetType = UNSET
    datacontenttype: Annotated[str, msgspec.Meta(pattern="^application/json$")] = "application/json"


_decoder: Final = msgspec.json.Decoder(Line)


async def export_page(
    queue: DeadLetterQueue, where: Filter, after: Cursor | None, limit: int = BATCH
) -> tuple[list[str], Cursor | None]:
    """The next lines of an export, and where they ended; None if these are the last."""
    page = await queue.page(where, after, limit)

    def lines(reader: Reader) -> list[str]:
        return [line_of(letter, reader.attempts(letter.live.id)) for letter in page]

    following = after_of(page[-1]) if len(page) == limit else None
    return await queue.journal.read(lines), following


def line_of(letter: DeadLetter, attempts: list[Attempt]) -> str:
    """A dead letter as one line, without its end."""
    live = letter.live
    line = Line(
        specversion="1.0",
        id=live.mid.hex(),
        source=f"regrow:{live.source or ''}",
        type=live.type,
        subject=live.dest or UNSET,
        time=datetime.fromtimestamp(letter.burial.dead_us / 1_000_000, UTC),
        traceparent=UNSET if live.traceparent is None else live.traceparent,
        data=Data(
            live=live,
            burial=letter.burial,
            attempts=attempts,
            edited=letter.edited,
            note=letter.note,
            auto_retries=letter.auto_retries,
            original=letter.original,
        ),
    )
    return msgspec.json.encode(line).decode()


@final
class Importing:
    """Turns lines into dead letters of a queue, a batch at a time."""

    __slots__ = ("_actor", "_imported", "_known", "_line", "_queue", "_refused")

    def __init__(self, queue: DeadLetterQueue, actor: str) -> None:
        self._queue = queue
        self._actor = check_text("actor", actor)
        self._known: set[bytes] | None = None
        self._line = 0
        self._imported = 0
        self._refused: list[RefusedLine] = []

    async def add(self, lines: Iterable[str | bytes]) -> None:
        """Add these, which follow those that were added before.

        Raises:
            JournalFull: There is no room for the next batch; those before it stay.
        """
        if self._known is None:
            self._known = await self._queue.journal.read(known_messages)
        numbered = enumerate(lines, self._line + 1)
        while batch := list(islice(numbered, BATCH)):
            await self._add(batch)
            self._line = batch[-1][0]

    async def finish(self) -> ImportReport:
        """Write down that it was done, and say what became of all lines."""
        queue, count = self._queue, self._imported
        async with queue.changes.alone():
            detail = f"{count} imported, {len(self._refused)} refused"
            await queue.changes.commit([queue.audit(self._actor, "import", f"{count} dead letters", detail)])
        queue.emit(DeadLettersImported(at=queue.time(), count=count, actor=self._actor))
        return ImportReport(count, tuple(self._refused))

    async def _add(self, batch: list[tuple[int, str | bytes]]) -> None:
        ops: list[Operation] = []
        count = 0
        for number, text in batch:
            if not text.strip():
                continue
            data = self._read(text)
            if isinstance(data, str):
                self._refused.append(RefusedLine(number, data))
                continue
            ops += self._operations(data)
            count += 1
        if ops:
            async with self._queue.changes.alone():
                self._queue.check_room(count)
                await self._queue.changes.commit(ops)
        self._imported += count

    def _read(self, text: str | bytes) -> Data | str:
        """What a line says, or why it can't be used."""
        data = read_line(text)
        if isinstance(data, Data):
            mid = data.live.mid
            assert self._known is not None
            if mid in self._known:
                return f"message {mid.hex()} is in this journal already"
            self._known.add(mid)
        return data

    def _operations(self, data: Data) -> Iterator[Operation]:
        queue = self._queue
        live = msgspec.structs.replace(data.live, id=queue.journal.next_id())
        now_us = queue.journal.now_us()
        # A retention that is long over would delete it at once: it has just come.
        until_us = data.burial.expires_us
        kept = until_us is None or until_us > now_us
        until_us = until_us if kept else expires_us(queue.policy, now_us)
        burial = msgspec.structs.replace(data.burial, expires_us=until_us)
        yield BuryNew(live, burial, tuple(data.attempts))
        beside = Annotate(
            live.id,
            edited=data.edited,
            note=data.note,
            auto_retries=data.auto_retries,
            original=data.original,
        )
        if beside != Annotate(live.id, edited=None, note=None, auto_retries=0, original=None):
            yield beside


def known_messages(reader: Reader) -> set[bytes]:
    """The ids of all messages that are dead or live."""
    known: set[bytes] = set()
    after = 0
    while rows := reader.live(after=after, limit=BATCH):
        known.update(row.mid for row in rows)
        after = rows[-1].id
    cursor: Cursor | None = None
    while page := reader.dead(Filter(), after=cursor, limit=BATCH):
        known.update(letter.live.mid for letter in page)
        cursor = after_of(page[-1])
    return known


def read_line(text: str | bytes) -> Data | str:
    """What one line says, or why it can't be used."""
    if len(text) > MAX_LINE:
        return f"it is {len(text):,} long, allowed are {MAX_LINE:,}"
    try:
        line = _decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        return str(error)
    return next(_problems(line), line.data)


def _problems(line: Line) -> Iterator[str]:
    live, burial = line.data.live, line.data.burial
    if len(live.mid) != MID_BYTES or line.id != live.mid.hex():
        yield "its id isn't that of its message: 16 bytes, in hexadecimal digits"
    if line.subject != (live.dest or UNSET) or line.type != live.type:
        yield "its subject or type isn't that of its message"
    if live.kind not in KINDS:
        yield f"there is no kind {live.kind} of messages"
    if burial.status not in (DEAD, QUARANTINED):
        yield f"there is no status {burial.status}"
    if len(burial.fingerprint) != FINGERPRINT_BYTES:
        yield "its fingerprint hasn't 8 bytes"
    rows: list[msgspec.Struct] = [live, burial, line.data, *line.data.attempts]
    if not all(0 <= number <= MAX_INTEGER for row in rows for number in _numbers(row)):
        yield "a number in it is negative, or too large"


def _numbers(row: msgspec.Struct) -> list[int]:
    return [value for value in msgspec.structs.astuple(row) if type(value) is int]
