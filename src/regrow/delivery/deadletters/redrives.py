"""Redrives as a whole: started, paused, resumed, cancelled, and taken up again after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias, cast, final

import msgspec

from regrow.core.texts import is_name
from regrow.delivery.deadletters.changes import revived
from regrow.delivery.deadletters.events import DeadLettersRedriven
from regrow.delivery.deadletters.queue import DeadLetterQueue
from regrow.delivery.deadletters.redrive import Redrive, Wanted
from regrow.delivery.deadletters.where import shown
from regrow.delivery.journal.operations import PutJob, Revive
from regrow.delivery.journal.rows import DEAD, Filter, RedriveJob
from regrow.errors.deadletters import (
    BadDeadLetterOption,
    DeadLetterQuarantined,
    NoSuchRedrive,
    RecipientUnknown,
    RedriveOver,
)

__all__ = ("Launch", "Options", "Redrives")

Launch: TypeAlias = Callable[[int], Awaitable[object]]
"""Has the redrive of this number run in a supervised process."""
MAX_RATE = 1_000_000.0


@final
class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How a redrive goes: see `DeadLetters.redrive`."""

    target: str | None = None
    rate: float | None = None
    limit: int | None = None
    canary: int | None = None
    stop_ratio: float | None = None

    def check(self) -> None:
        """Raise BadDeadLetterOption if one of them can't be used."""
        target = cast("object", self.target)
        if target is not None and not is_name(target):
            raise BadDeadLetterOption("target", target, "the registered name of a process, or None")
        if self.rate is not None and not (_is_number(self.rate) and 0 < self.rate <= MAX_RATE):
            raise BadDeadLetterOption("rate", self.rate, "messages per second, above 0")
        for option, count in (("limit", self.limit), ("canary", self.canary)):
            if count is not None and (type(count) is not int or count < 1):
                raise BadDeadLetterOption(option, count, "a whole number, 1 or more")
        if self.stop_ratio is not None and not (_is_number(self.stop_ratio) and 0 <= self.stop_ratio <= 1):
            raise BadDeadLetterOption("stop_ratio", self.stop_ratio, "a share from 0 to 1")


@final
class Redrives:
    """The redrives of one queue.

    Args:
        queue: Whose.
        attended: Whether there are processes for them. Where nothing handles messages those that don't
            wait for an outcome are run by who asks, and the others left to the owner.

    Attributes:
        launch: How one is made to run, as soon as that is known.
    """

    __slots__ = ("_arrival", "_attended", "_queue", "_running", "launch")

    def __init__(self, queue: DeadLetterQueue, *, attended: bool) -> None:
        self._queue = queue
        self._attended = attended
        self._running: dict[int, Redrive] = {}
        self._arrival = asyncio.Event()
        self.launch: Launch | None = None

    async def jobs(self) -> list[RedriveJob]:
        """All redrives, oldest first; those that run as they are at this moment."""
        stored = await self._queue.journal.read(lambda reader: reader.jobs())
        return [self._running[job.id].job if job.id in self._running else job for job in stored]

    async def job(self, id: int) -> RedriveJob:
        """One redrive. Raises NoSuchRedrive."""
        jobs = await self.jobs()
        found = next((job for job in jobs if job.id == id), None)
        if found is None:
            raise NoSuchRedrive(id, (job.id for job in jobs))
        return found

    async def preview(self, where: Filter, options: Options, actor: str) -> RedriveJob:
        """What a redrive would move, without doing it."""
        job, count = self._new(0, where, options, actor), 0
        async for page in self._queue.pages(job.where):
            count += sum(1 for letter in page if options.target is not None or letter.live.dest)
            if options.limit is not None and count >= options.limit:
                count = options.limit
                break
        return msgspec.structs.replace(job, moved=count, status="done", ended_us=job.started_us)

    async def start(self, where: Filter, options: Options, actor: str) -> RedriveJob:
        """Write down a new redrive and have it run."""
        queue = self._queue
        async with queue.changes.alone():
            jobs = await queue.journal.read(lambda reader: reader.jobs())
            job = self._new(max((job.id for job in jobs), default=0) + 1, where, options, actor)
            record = queue.audit(actor, "redrive", f"redrive {job.id}", described(where, options))
            await queue.changes.commit([PutJob(job), record])
        await self._launch(job)
        return await self.job(job.id)

    async def one(self, which: int | str, target: str | None, actor: str) -> None:
        """Redrive one dead letter, now."""
        queue = self._queue
        async with queue.changes.alone():
            letter = await queue.one(which)
            id = letter.live.id
            if letter.burial.status != DEAD:
                raise DeadLetterQuarantined(id, letter.burial.fingerprint.hex())
            if target is None and not letter.live.dest:
                raise RecipientUnknown(id)
            revive = Revive(id, queue.journal.now_us(), target)
            record = queue.audit(actor, "retry", str(id), None if target is None else f"to {target}")
            await queue.changes.commit([revive, record], [revived(letter, revive)])
        queue.emit(DeadLettersRedriven(at=queue.time(), ids=(id,), auto=False, actor=actor, job=None))

    async def stop(self, id: int, wanted: Wanted, actor: str) -> RedriveJob:
        """Pause or cancel. Returns the redrive once it stands still."""
        running = self._running.get(id)
        if running is not None:
            running.ask(wanted)
            job = await asyncio.shield(running.ended)
            if job.status != wanted and not (wanted == "cancelled" and job.status == "paused"):
                raise RedriveOver(id, job.status, wanted)
        else:
            job = await self.job(id)
            if job.status not in ("running", "paused") or job.status == wanted:
                raise RedriveOver(id, job.status, wanted)
        if job.status == wanted:
            return job
        return await self._rewrite(job, wanted, actor)

    async def resume(self, id: int, actor: str) -> RedriveJob:
        """Go on with a paused one."""
        job = await self.job(id)
        if id in self._running or job.status not in ("paused", "running"):
            raise RedriveOver(id, job.status, "resumed")
        job = await self._rewrite(job, "running", actor)
        await self._launch(job)
        return await self.job(id)

    async def wait(self, id: int) -> RedriveJob:
        """The redrive when it stands still."""
        running = await self._found(id)
        return running if isinstance(running, RedriveJob) else await asyncio.shield(running.ended)

    async def progress(self, seen: RedriveJob) -> RedriveJob:
        """The redrive as soon as it isn't as it was `seen`; at once if nobody runs it."""
        running = await self._found(seen.id)
        return running if isinstance(running, RedriveJob) else await running.progress(seen)

    async def _found(self, id: int) -> Redrive | RedriveJob:
        """One that runs, after it was taken up; or one that stands still."""
        while True:
            arrival = self._arrival
            running = self._running.get(id)
            if running is not None:
                return running
            job = await self.job(id)
            if job.status != "running" or not self._attended:
                return job
            await arrival.wait()

    async def run(self, id: int) -> None:
        """Run one to its end: the body of its process."""
        redrive = self._running.get(id)
        if redrive is None:
            job = await self.job(id)
            if job.status != "running":
                return
            redrive = self._arrive(job)
        if redrive.begun:
            return
        try:
            await redrive.run()
        finally:
            del self._running[id]

    async def take_up(self) -> None:
        """Have those run that were running when the program, or their supervisor, ended."""
        for job in await self.jobs():
            running = self._running.get(job.id)
            if job.status == "running" and (running is None or not running.begun):
                await self._launch(job)

    def _new(self, id: int, where: Filter, options: Options, actor: str) -> RedriveJob:
        now_us = self._queue.journal.now_us()
        # What dies again after this moment isn't moved a second time.
        older_us = now_us if where.older_us is None else min(where.older_us, now_us)
        status = DEAD if where.status is None else where.status
        return RedriveJob(
            id=id,
            where=msgspec.structs.replace(where, older_us=older_us, status=status),
            actor=actor,
            started_us=now_us,
            target=options.target,
            rate=options.rate,
            limit=options.limit,
            canary=options.canary,
            stop_ratio=options.stop_ratio,
        )

    async def _rewrite(self, job: RedriveJob, status: Wanted | str, actor: str) -> RedriveJob:
        queue = self._queue
        ended_us = queue.journal.now_us() if status == "cancelled" else None
        job = msgspec.structs.replace(job, status=status, ended_us=ended_us)
        async with queue.changes.alone():
            await queue.changes.commit(
                [PutJob(job), queue.audit(actor, f"redrive {status}", f"redrive {job.id}")]
            )
        return job

    async def _launch(self, job: RedriveJob) -> None:
        if not self._attended:
            if job.canary is None and job.stop_ratio is None:
                await self.run(job.id)
            return
        if self.launch is None:
            return  # it is taken up with the others
        self._arrive(job)
        try:
            await self.launch(job.id)
        except BaseException:
            self._running.pop(job.id, None)
            raise

    def _arrive(self, job: RedriveJob) -> Redrive:
        redrive = self._running[job.id] = Redrive(self._queue, job)
        arrival, self._arrival = self._arrival, asyncio.Event()
        arrival.set()
        return redrive


def described(where: Filter, options: Options) -> str:
    """What a redrive was asked for, for the audit."""
    given = [
        f"{name.replace('_', ' ')} {value}"
        for name, value in msgspec.structs.asdict(options).items()
        if value is not None
    ]
    return ", ".join([f"where {shown(where)}", *given])


def _is_number(value: object) -> bool:
    return type(value) in (int, float)
