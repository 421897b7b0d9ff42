"""One redrive under way: a resumable job that moves dead letters back, batch by batch."""

from __future__ import annotations

import asyncio
from typing import Final, Literal, TypeAlias, final

import msgspec

from regrow.delivery.deadletters.changes import revived
from regrow.delivery.deadletters.events import DeadLettersRedriven, RedriveChanged
from regrow.delivery.deadletters.queue import BATCH, DeadLetterQueue, after_of
from regrow.delivery.journal.operations import PutJob, Revive
from regrow.delivery.journal.rows import DeadLetter, RedriveJob
from regrow.delivery.journal.store import Reader
from regrow.errors.journal import JournalError

__all__ = ("Redrive", "Wanted")

Wanted: TypeAlias = Literal["paused", "cancelled"]
Status: TypeAlias = Literal["paused", "cancelled", "stopped", "done"]
WINDOW: Final = 256
"""Deliveries whose end is still open, at most, while a stop ratio is watched: it has to see them end."""
LEAST_ENDED: Final = 10
"""Ends that a failure ratio needs to mean something."""
PER_SECOND: Final = 4
"""Batches of a redrive with a rate, at most."""


@final
class Redrive:
    """Moves what a job says, and writes down where it is in the transaction that moves it.

    Canaries and ratios need to know how deliveries end, so the job names those that are watched. One that
    goes on after a crash, or a pause, looks up what became of them: what is neither live nor dead any more
    ended well.

    Attributes:
        begun: Whether it runs.
        job: How far it is.
        ended: Done with the job as it is when this stops.
    """

    __slots__ = (
        "_allowed_at",
        "_changed",
        "_open",
        "_queue",
        "_wanted",
        "begun",
        "ended",
        "job",
    )

    def __init__(self, queue: DeadLetterQueue, job: RedriveJob) -> None:
        self.begun: bool = False
        self.job: RedriveJob = job
        self.ended: asyncio.Future[RedriveJob] = asyncio.get_running_loop().create_future()
        self._queue = queue
        self._open: set[int] = set()
        self._changed = asyncio.Event()
        self._wanted: Wanted | None = None
        self._allowed_at = 0.0

    def ask(self, wanted: Wanted) -> None:
        """Have it stop at the next batch."""
        self._wanted = wanted
        self._tell()

    async def progress(self, seen: RedriveJob) -> RedriveJob:
        """The job as soon as it isn't as it was `seen`."""
        while self.job == seen and not self.ended.done():
            await self._changed.wait()
        return self.job

    async def run(self) -> None:
        """Move everything, or as far as it goes."""
        self.begun = True
        self._changed_status()
        try:
            await self._take_up()
            await self._finish(await self._move())
        except JournalError:
            # The journal takes nothing now. The job stands there as it was, and can be resumed.
            self.job = msgspec.structs.replace(self.job, status="paused")
            self._changed_status()
        finally:
            for id in self._open:
                self._queue.tracked.pop(id, None)
            if not self.ended.done():
                self.ended.set_result(self.job)
            self._tell()

    async def _take_up(self) -> None:
        """Find out what became of those that were watched before."""
        queue = self._queue
        before = self.job.watched
        for id in before:  # first, so that no end is missed while this looks
            self._watch(id)

        def look(reader: Reader) -> list[bool | None]:
            return [_end_of(reader, id) for id in before]

        for id, well in zip(before, await queue.journal.read(look) if before else (), strict=True):
            if well is not None and id in self._open:
                queue.tracked.pop(id, None)
                self._ended(id, well)

    def _watch(self, id: int) -> None:
        self._open.add(id)
        self._queue.tracked[id] = self._ended

    @property
    def _canaries(self) -> int | None:
        """How many of them are still to be moved; None if there are none, or they have ended well."""
        job = self.job
        return None if job.canary is None or job.proven else max(0, job.canary - job.moved)

    async def _move(self) -> Status:
        more = True
        while True:
            if self._wanted is not None:
                return self._wanted
            if self._fails_too_often():
                return "stopped"
            room = self._room() if more else 0
            if room:
                more = await self._batch(room)
            elif self._open:
                await self._changed.wait()
            elif more and self._canaries == 0:
                # They have all ended, and well enough.
                self.job = msgspec.structs.replace(self.job, proven=True)
            else:
                return "done"

    def _room(self) -> int:
        """How many may be moved now."""
        job = self.job
        room = BATCH if job.limit is None else min(BATCH, job.limit - job.moved)
        canaries = self._canaries
        if canaries is not None:
            room = min(room, canaries)
        elif job.stop_ratio is not None:
            room = min(room, WINDOW - len(self._open))
        return room if job.rate is None else min(room, max(1, int(job.rate / PER_SECOND)))

    def _fails_too_often(self) -> bool:
        job = self.job
        allowed = job.stop_ratio
        ended = job.failed + job.succeeded
        canaries = self._canaries
        if canaries is not None:
            if allowed is None:
                return job.failed > 0
            return canaries == 0 and not self._open and job.failed > allowed * ended
        return allowed is not None and ended >= LEAST_ENDED and job.failed > allowed * ended

    async def _batch(self, room: int) -> bool:
        """Move the next ones. Returns whether there may be more."""
        await self._pace()
        if self._wanted is not None:
            return True
        queue, before = self._queue, self.job
        async with queue.changes.alone():
            page = await queue.page(before.where, before.cursor, room)
            if not page:
                return False
            # Who had no name has ended, and nobody takes its place unless there is a target.
            letters = [letter for letter in page if before.target is not None or letter.live.dest]
            self.job = msgspec.structs.replace(
                self.job, cursor=after_of(page[-1]), moved=before.moved + len(letters)
            )
            try:
                await self._revive(letters)
            except JournalError:
                self.job = msgspec.structs.replace(self.job, cursor=before.cursor, moved=before.moved)
                raise
        self._moved(letters)
        return True

    async def _revive(self, letters: list[DeadLetter]) -> None:
        queue, job = self._queue, self.job
        now_us = queue.journal.now_us()
        revives = [Revive(letter.live.id, now_us, job.target, False, job.id) for letter in letters]
        if job.canary is not None or job.stop_ratio is not None:
            # Before the commit: they may end before this goes on.
            for revive in revives:
                self._watch(revive.id)
        lives = [revived(letter, revive) for letter, revive in zip(letters, revives, strict=True)]
        await queue.changes.commit([*revives, PutJob(self._written())], lives)

    def _written(self) -> RedriveJob:
        """The job, with what the next program has to know."""
        return msgspec.structs.replace(self.job, watched=tuple(sorted(self._open)))

    def _moved(self, letters: list[DeadLetter]) -> None:
        queue, job = self._queue, self.job
        if job.rate is not None:
            now = asyncio.get_running_loop().time()
            self._allowed_at = max(now, self._allowed_at) + len(letters) / job.rate
        if letters:
            ids = tuple(letter.live.id for letter in letters)
            queue.emit(DeadLettersRedriven(at=queue.time(), ids=ids, auto=False, actor=job.actor, job=job.id))
        self._tell()

    async def _pace(self) -> None:
        """Wait until the rate allows more, or somebody asks for a stop."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(self._allowed_at if self.job.rate is not None else None):
                while self._wanted is None and loop.time() < self._allowed_at:
                    await self._changed.wait()
        except TimeoutError:
            return

    def _ended(self, id: int, well: bool) -> None:  # noqa: FBT001  # the queue's callback
        self._open.discard(id)
        job = self.job
        if well:
            self.job = msgspec.structs.replace(job, succeeded=job.succeeded + 1)
        else:
            self.job = msgspec.structs.replace(job, failed=job.failed + 1)
        self._tell()

    async def _finish(self, status: Status) -> None:
        queue = self._queue
        ended_us = None if status == "paused" else queue.journal.now_us()
        job = msgspec.structs.replace(self._written(), status=status, ended_us=ended_us)
        known = job.succeeded or job.failed
        detail = f"{job.moved} moved" + (f", {job.succeeded} done, {job.failed} dead again" if known else "")
        async with queue.changes.alone():
            record = queue.audit(job.actor, f"redrive {status}", f"redrive {job.id}", detail)
            await queue.changes.commit([PutJob(job), record])
        self.job = job
        self._changed_status()

    def _changed_status(self) -> None:
        job, queue = self.job, self._queue
        queue.emit(
            RedriveChanged(
                at=queue.time(),
                job=job.id,
                status=job.status,
                moved=job.moved,
                failed=job.failed,
                succeeded=job.succeeded,
            )
        )
        self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _end_of(reader: Reader, id: int) -> bool | None:
    """Whether a redriven delivery ended well, None if it hasn't ended."""
    if reader.live_one(id) is not None:
        return None
    return reader.dead_one(id) is None
