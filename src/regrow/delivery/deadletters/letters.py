"""`DeadLetters`: what operators and programs do with what could not be delivered."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from functools import partial
from typing import Final, final

import msgspec
from msgspec import UNSET, UnsetType
from typing_extensions import Unpack

from regrow.delivery.deadletters.bulk import purge, quarantine, release
from regrow.delivery.deadletters.decoding import payload_of
from regrow.delivery.deadletters.editing import check_edit, edited_arguments, edited_value
from regrow.delivery.deadletters.events import DeadLetterEdited
from regrow.delivery.deadletters.presenting import presented
from regrow.delivery.deadletters.queue import DeadLetterQueue, after_of, check_limit, check_text
from regrow.delivery.deadletters.redrives import Options, Redrives
from regrow.delivery.deadletters.transfer import Importing, export_page
from regrow.delivery.deadletters.views import (
    DeadLetterCause,
    DeadLetterDetails,
    DeadLetterPage,
    DeadLetterStats,
    ImportReport,
    cause_of,
    details_of,
    failure_ratio,
    seconds,
    summary_of,
)
from regrow.delivery.deadletters.where import Where, cursor_of, filter_of, token_of
from regrow.delivery.journal.operations import Annotate
from regrow.delivery.journal.rows import (
    Attempt,
    AuditEntry,
    Filter,
    RedriveJob,
)
from regrow.delivery.journal.store import Reader
from regrow.errors.deadletters import BadDeadLetterFilter, BadDeadLetterOption

__all__ = ("DeadLetters",)

MAX_EXAMPLES: Final = 200
PROGRAM: Final = "program"


@final
class DeadLetters:
    """The dead letters of a journal: `journal.dead_letters`.

    Lists are oldest first. Where there is `**where`, it is any of these conditions, all of which must hold:
    `id` (one or several), `dest`, `type`, `reason`, `error_type`, `fingerprint`, `key`, `status` (`"dead"` or
    `"quarantined"`), `older_than` and `newer_than` (seconds since it died), `since` and `until` (a `datetime`
    or seconds since 1970). What changes something takes an `actor`, who is written to the audit; default
    `"program"`. All of it may be called from any coroutine on the System's loop.
    """

    __slots__ = ("_queue", "_redrives")

    def __init__(self, queue: DeadLetterQueue, redrives: Redrives) -> None:
        self._queue = queue
        self._redrives = redrives

    # -- looking -------------------------------------------------------------------------------

    async def list(
        self, *, after: str | None = None, limit: int = 100, **where: Unpack[Where]
    ) -> DeadLetterPage:
        """Show some dead letters, oldest first; nothing is taken out.

        Args:
            after: `next` of the page before; default the first page.
            limit: How many at most, up to 1,000. Default 100.
            **where: Which.

        Raises:
            BadDeadLetterFilter: There is no such condition, or its value can't be used.
            BadDeadLetterOption: The limit isn't in its range.
        """
        check_limit(limit)
        chosen, cursor = self._filter(where), cursor_of(after)
        found = await self._queue.page(chosen, cursor, limit + 1)
        shown_ones = found[:limit]
        following = token_of(after_of(shown_ones[-1])) if len(found) > limit else None
        redaction = self._queue.redaction
        return DeadLetterPage(tuple(summary_of(letter, redaction) for letter in shown_ones), following)

    async def show(self, id: int | str, *, raw: bool = False) -> DeadLetterDetails:
        """Show one with its message, metadata, and every attempt over all redrives.

        Args:
            id: Its number, or the id of its message, which is `Delivery.id`.
            raw: Show what is hidden otherwise: values of names like `password`, `token`, `secret`,
                `authorization`, `api_key`, and what the System's `redact` hides. Default False.

        Raises:
            NoSuchDeadLetter: There is none.
            BadDeadLetterFilter: That is no number, and no id of a message.
        """
        queue = self._queue
        letter = await queue.one(id)
        history = await queue.journal.read(partial(attempts_of, letter.live.id))
        edited = letter.edited is not None or letter.original is not None
        original = presented(queue, letter, letter.first, raw=raw) if edited else None
        contents = presented(queue, letter, payload_of(letter), raw=raw)
        return details_of(letter, history, contents, original, None if raw else queue.redaction)

    async def groups(self, **where: Unpack[Where]) -> tuple[DeadLetterCause, ...]:
        """Count them by cause, the most frequent first. `id` and `key` aren't among the conditions.

        Raises:
            BadDeadLetterFilter: There is no such condition, or its value can't be used.
        """
        for field in ("id", "key"):
            if field in where:
                raise BadDeadLetterFilter(field, where.get(field), "groups aren't chosen by it; use list()")
        chosen = self._filter(where)
        return await self._queue.journal.read(partial(causes_of, chosen))

    async def stats(self) -> DeadLetterStats:
        """Depth, age of the oldest, arrivals, the most frequent cause: what alarms look at."""
        queue = self._queue
        groups = await queue.journal.read(partial(causes_of, Filter()))
        next_us = await queue.journal.read(lambda reader: reader.next_retry_us())
        by_reason: Counter[str] = Counter()
        for group in groups:
            by_reason[group.reason] += group.count
        oldest = min((group.first_at for group in groups), default=None)
        now_us = queue.journal.now_us()
        return DeadLetterStats(
            depth=by_reason.total(),
            quarantined=sum(group.count for group in groups if group.status == "quarantined"),
            allowed=queue.policy.max_count,
            oldest_age=None if oldest is None else max(0.0, seconds(now_us) - oldest),
            arrivals_per_minute=queue.arrivals.last_minute(now_us),
            next_retry_at=None if next_us is None else seconds(next_us),
            by_reason=dict(by_reason),
            causes=len({group.fingerprint for group in groups}),
            top=groups[0] if groups else None,
            redrive_failure_ratio=failure_ratio(await self._redrives.jobs()),
        )

    async def audit(self, *, limit: int = 100) -> tuple[AuditEntry, ...]:
        """What operators did, the last first. Raises `BadDeadLetterOption` for a limit out of its range."""
        check_limit(limit)
        return tuple(await self._queue.journal.read(lambda reader: reader.audit(limit=limit)))

    # -- changing ------------------------------------------------------------------------------

    async def edit(
        self,
        id: int | str,
        *,
        arguments: Mapping[str, object] | None = None,
        value: object | UnsetType = UNSET,
        note: str | None = None,
        actor: str = PROGRAM,
    ) -> None:
        """Change what a redrive will deliver. The first message is kept beside it until that is handled.

        Args:
            id: Its number, or the id of its message.
            arguments: Arguments of the message, by name, that are to have another value; as plain values.
            value: In the place of an info.
            note: A remark for whoever looks next.
            actor: Who does it.

        Raises:
            NoSuchDeadLetter: There is none.
            BadEdit: Its handler doesn't take it.
            BadDeadLetterOption: There is nothing to change, or note or actor can't be used.
        """
        queue = self._queue
        check_text("actor", actor)
        if note is not None:
            check_text("note", note, empty=True)
        check_edit(arguments, value is not UNSET, note is not None)
        async with queue.changes.alone():
            letter = await queue.one(id)
            edited: bytes | UnsetType = UNSET
            if arguments is not None:
                edited = edited_arguments(letter, arguments, queue.around.known)
            elif value is not UNSET:
                edited = edited_value(letter, value)
            what = "note" if edited is UNSET else ", ".join(arguments or ("value",))
            number = letter.live.id
            annotation = Annotate(number, edited=edited, note=UNSET if note is None else note)
            await queue.changes.commit([annotation, queue.audit(actor, "edit", str(number), what)])
        queue.emit(DeadLetterEdited(at=queue.time(), id=number, actor=actor))

    async def quarantine(self, fingerprint: str | bytes, *, actor: str = PROGRAM, note: str = "") -> int:
        """Try nothing of this cause again: not what is dead, and what comes goes straight to the dead.

        Returns:
            How many dead letters of this cause there are.

        Raises:
            BadDeadLetterFilter: That is no fingerprint.
        """
        return await quarantine(self._queue, fingerprint, actor, note)

    async def release(self, fingerprint: str | bytes, *, actor: str = PROGRAM, note: str = "") -> int:
        """End a quarantine. Returns how many dead letters it held; automatic retries go on with theirs.

        Raises:
            BadDeadLetterFilter: That is no fingerprint.
        """
        return await release(self._queue, fingerprint, actor, note)

    async def purge(
        self, *, why: str, actor: str = PROGRAM, everything: bool = False, **where: Unpack[Where]
    ) -> int:
        """Delete dead letters for good; they count as discarded.

        Args:
            why: For the audit.
            actor: Who does it.
            everything: Needed where no condition is given. Default False.
            **where: Which.

        Returns:
            How many were deleted.

        Raises:
            BadDeadLetterFilter: A condition can't be used, or there is none.
            BadDeadLetterOption: What `why` or `actor` says can't be used.
        """
        if not where and not everything:
            raise BadDeadLetterFilter("where", {}, "give a condition, or everything=True to purge them all")
        return await purge(
            self._queue, self._filter(where), check_text("actor", actor), check_text("why", why)
        )

    # -- trying again --------------------------------------------------------------------------

    async def retry(self, id: int | str, *, target: str | None = None, actor: str = PROGRAM) -> None:
        """Have one dead letter delivered again: same id, key and history, a new budget of attempts.

        Args:
            id: Its number, or the id of its message, which is `Delivery.id`.
            target: Another recipient, by name; default the first one.
            actor: Who does it.

        Raises:
            NoSuchDeadLetter: There is none.
            DeadLetterQuarantined: Its cause is in quarantine.
            RecipientUnknown: Its recipient had no name, and there is no target.
        """
        check_text("actor", actor)
        Options(target=target).check()
        await self._redrives.one(id, target, actor)

    async def redrive(
        self,
        *,
        target: str | None = None,
        rate: float | None = None,
        limit: int | None = None,
        dry_run: bool = False,
        canary: int | None = None,
        stop_ratio: float | None = None,
        actor: str = PROGRAM,
        **where: Unpack[Where],
    ) -> RedriveJob:
        """Have dead letters delivered again, oldest first, as a job of its own that survives a crash.

        What is in quarantine isn't moved unless `status="quarantined"` asks for it, and what was for a
        process without a name only to a target. What dies again meanwhile isn't moved twice.

        Args:
            target: Another recipient, by name; default each one's own.
            rate: How many per second; default as fast as it goes.
            limit: How many at most; default all.
            dry_run: Move nothing; `moved` of the job that is returned says how many it would be.
            canary: Move so many first, and go on only when they ended well: all of them, or with a
                `stop_ratio` enough of them.
            stop_ratio: Stop when more than this share of those that ended died again.
            actor: Who does it.
            **where: Which; default all.

        Returns:
            The job, which has just begun: `wait` waits for its end, `pause`, `resume` and `cancel` take
            its `id`.

        Raises:
            BadDeadLetterFilter, BadDeadLetterOption: Something can't be used.
        """
        check_text("actor", actor)
        options = Options(target=target, rate=rate, limit=limit, canary=canary, stop_ratio=stop_ratio)
        options.check()
        if type(dry_run) is not bool:
            raise BadDeadLetterOption("dry_run", dry_run, "True or False")
        chosen = self._filter(where)
        if dry_run:
            return await self._redrives.preview(chosen, options, actor)
        return await self._redrives.start(chosen, options, actor)

    async def redrives(self) -> tuple[RedriveJob, ...]:
        """All redrives, oldest first, as they are now."""
        return tuple(await self._redrives.jobs())

    async def wait(self, job: int) -> RedriveJob:
        """Wait until a redrive is done, stopped, paused or cancelled, and say how it ended.

        Raises:
            NoSuchRedrive: There is none of this number.
        """
        return await self._redrives.wait(job)

    async def progress(self, seen: RedriveJob) -> RedriveJob:
        """Wait until a redrive is further than it was `seen`, and say how far."""
        return await self._redrives.progress(seen)

    async def pause(self, job: int, *, actor: str = PROGRAM) -> RedriveJob:
        """Have a redrive stand still after the batch it is at; `resume` goes on from there.

        Raises:
            NoSuchRedrive: There is none of this number.
            RedriveOver: It doesn't run.
        """
        return await self._redrives.stop(job, "paused", check_text("actor", actor))

    async def resume(self, job: int, *, actor: str = PROGRAM) -> RedriveJob:
        """Go on with a paused redrive. Raises `NoSuchRedrive`, `RedriveOver`."""
        return await self._redrives.resume(job, check_text("actor", actor))

    async def cancel(self, job: int, *, actor: str = PROGRAM) -> RedriveJob:
        """End a redrive after the batch it is at. Raises `NoSuchRedrive`, `RedriveOver`."""
        return await self._redrives.stop(job, "cancelled", check_text("actor", actor))

    # -- to and from files ---------------------------------------------------------------------

    async def export(self, **where: Unpack[Where]) -> AsyncIterator[str]:
        """Give each as one line of JSON, a CloudEvent with everything in it: nothing is hidden.

        Raises:
            BadDeadLetterFilter: There is no such condition, or its value can't be used.
        """
        chosen = self._filter(where)
        lines, after = await export_page(self._queue, chosen, None)
        for line in lines:
            yield line
        while after is not None:
            lines, after = await export_page(self._queue, chosen, after)
            for line in lines:
                yield line

    async def import_(self, lines: Iterable[str | bytes], *, actor: str = PROGRAM) -> ImportReport:
        """Add what `export` gave, here or elsewhere: message id, key and history stay, the number is new.

        Lines that can't be used, or whose message is a dead letter here already, are refused with their
        number and why; the others are added.

        Raises:
            JournalFull: There is no room for so many; those added before stay.
        """
        importing = Importing(self._queue, actor)
        await importing.add(lines)
        return await importing.finish()

    # -- inside --------------------------------------------------------------------------------

    def _filter(self, where: Mapping[str, object]) -> Filter:
        return filter_of(where, self._queue.journal.now_us())


def causes_of(where: Filter, reader: Reader) -> tuple[DeadLetterCause, ...]:
    """The causes of these dead letters, each with an example."""
    causes: list[DeadLetterCause] = []
    for group in reader.groups(where):
        same = msgspec.structs.replace(
            where,
            dest=group.dest,
            type=group.type,
            reason=group.reason,
            error_type=group.error_type,
            fingerprint=group.fingerprint,
            status=group.status,
        )
        example = reader.dead(same, limit=1) if len(causes) < MAX_EXAMPLES else []
        causes.append(cause_of(group, example[0].live.id if example else None))
    return tuple(causes)


def attempts_of(id: int, reader: Reader) -> list[Attempt]:
    """The history of one dead letter."""
    return reader.attempts(id)
