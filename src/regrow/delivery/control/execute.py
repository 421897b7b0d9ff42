"""Carries commands out, on a journal that runs or one that was opened for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar, cast, final

from regrow.delivery.control import commands as ask
from regrow.delivery.deadletters.bulk import purge
from regrow.delivery.deadletters.letters import DeadLetters
from regrow.delivery.deadletters.queue import DeadLetterQueue, check_text
from regrow.delivery.deadletters.transfer import Importing, export_page
from regrow.delivery.deadletters.where import Where, cursor_of, filter_of, token_of
from regrow.delivery.journal.rows import RedriveJob
from regrow.errors.deadletters import BadDeadLetterFilter, BadDeadLetterOption, NoSuchRedrive

__all__ = ("Execution", "Ground", "Report")

T = TypeVar("T")
Report: TypeAlias = Callable[[int], object]
"""Told how far it is."""
Handler: TypeAlias = Callable[[ask.Asks[object], Report], Awaitable[object]]


class Ground(Protocol):
    """A journal as commands see it."""

    @property
    def path(self) -> str:
        """Its file."""
        ...

    @property
    def running(self) -> bool:
        """Whether a program with recipients owns it."""
        ...

    @property
    def queue(self) -> DeadLetterQueue:
        """Its dead letters, for parts of this package."""
        ...

    @property
    def letters(self) -> DeadLetters:
        """Its dead letters, for users."""
        ...

    async def check(self) -> list[str]:
        """What is wrong with it."""
        ...

    async def backup(self, path: Path) -> None:
        """Write a copy."""
        ...

    async def vacuum(self) -> None:
        """Give unused space back."""
        ...


@final
class Execution:
    """Runs the commands of one client, one after the other: an import has several."""

    __slots__ = ("_ground", "_handlers", "_importing")

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._importing: Importing | None = None
        handlers: dict[type, object] = {
            ask.List: self._list,
            ask.Show: self._show,
            ask.Groups: self._groups,
            ask.Stats: self._stats,
            ask.Audit: self._audit,
            ask.Edit: self._edit,
            ask.Quarantine: self._quarantine,
            ask.Purge: self._purge,
            ask.Retry: self._retry,
            ask.Redrive: self._redrive,
            ask.Redrives: self._redrives,
            ask.Wait: self._wait,
            ask.Steer: self._steer,
            ask.ExportPage: self._export,
            ask.Import: self._import,
            ask.Check: self._check,
            ask.Backup: self._backup,
            ask.Vacuum: self._vacuum,
            ask.JournalReport: self._report,
        }
        self._handlers = cast(
            "dict[type[object], Callable[[ask.Asks[object], Report], Awaitable[object]]]", handlers
        )

    async def run(self, command: ask.Asks[T], report: Report) -> T:
        """Do it. Raises what the library raises."""
        return cast("T", await self._handlers[type(command)](command, report))

    # -- looking -------------------------------------------------------------------------------

    async def _list(self, command: ask.List, _: Report) -> object:
        where = _where(command.where)
        return await self._ground.letters.list(after=command.after, limit=command.limit, **where)

    async def _show(self, command: ask.Show, _: Report) -> object:
        return await self._ground.letters.show(command.id, raw=command.raw)

    async def _groups(self, command: ask.Groups, _: Report) -> object:
        return await self._ground.letters.groups(**_where(command.where))

    async def _stats(self, _: ask.Stats, __: Report) -> object:
        return await self._ground.letters.stats()

    async def _audit(self, command: ask.Audit, _: Report) -> object:
        return await self._ground.letters.audit(limit=command.limit)

    async def _redrives(self, _: ask.Redrives, __: Report) -> object:
        return await self._ground.letters.redrives()

    # -- changing ------------------------------------------------------------------------------

    async def _edit(self, command: ask.Edit, _: Report) -> None:
        await self._ground.letters.edit(
            command.id,
            arguments=command.arguments,
            value=command.value,
            note=command.note,
            actor=command.actor,
        )

    async def _quarantine(self, command: ask.Quarantine, _: Report) -> object:
        letters = self._ground.letters
        change = letters.quarantine if command.on else letters.release
        return await change(command.fingerprint, actor=command.actor, note=command.note)

    async def _purge(self, command: ask.Purge, report: Report) -> object:
        if not command.where and not command.everything:
            raise BadDeadLetterFilter("where", {}, "give a condition, or say that all are meant")
        check_text("actor", command.actor)
        check_text("why", command.why)
        queue = self._ground.queue
        where = filter_of(command.where, queue.journal.now_us())
        return await purge(queue, where, command.actor, command.why, report)

    async def _retry(self, command: ask.Retry, _: Report) -> None:
        await self._ground.letters.retry(command.id, target=command.target, actor=command.actor)

    async def _redrive(self, command: ask.Redrive, _: Report) -> object:
        return await self._ground.letters.redrive(
            target=command.target,
            rate=command.rate,
            limit=command.limit,
            dry_run=command.dry_run,
            canary=command.canary,
            stop_ratio=command.stop_ratio,
            actor=command.actor,
            **_where(command.where),
        )

    async def _wait(self, command: ask.Wait, report: Report) -> object:
        letters = self._ground.letters
        job = await _job(letters, command.job)
        while job.status == "running":
            report(job.moved)
            seen, job = job, await letters.progress(job)
            if job == seen:
                break  # nobody runs it here: the owner will
        return job

    async def _steer(self, command: ask.Steer, _: Report) -> object:
        letters = self._ground.letters
        steer = {"pause": letters.pause, "resume": letters.resume, "cancel": letters.cancel}
        return await steer[command.action](command.job, actor=command.actor)

    # -- to and from files ---------------------------------------------------------------------

    async def _export(self, command: ask.ExportPage, _: Report) -> object:
        queue = self._ground.queue
        where = filter_of(command.where, queue.journal.now_us())
        lines, after = await export_page(queue, where, cursor_of(command.after))
        return ask.Exported(lines, None if after is None else token_of(after))

    async def _import(self, command: ask.Import, _: Report) -> object:
        if self._importing is None:
            self._importing = Importing(self._ground.queue, command.actor)
        importing = self._importing
        await importing.add(command.lines)
        if not command.last:
            return None
        self._importing = None
        return await importing.finish()

    # -- the journal itself --------------------------------------------------------------------

    async def _check(self, _: ask.Check, __: Report) -> object:
        return await self._ground.check()

    async def _backup(self, command: ask.Backup, _: Report) -> None:
        path = Path(command.path)
        if not path.is_absolute():
            raise BadDeadLetterOption("path", command.path, "absolute: the owner works elsewhere")
        await self._ground.backup(path)

    async def _vacuum(self, _: ask.Vacuum, __: Report) -> None:
        await self._ground.vacuum()

    async def _report(self, _: ask.JournalReport, __: Report) -> object:
        ground = self._ground
        counts = await ground.queue.journal.read(lambda reader: reader.counts())
        return ask.JournalState(
            path=ground.path,
            counts=counts,
            balanced=counts.balanced,
            running=ground.running,
            boot=ground.queue.journal.boot,
            dead_letters=await ground.letters.stats(),
        )


async def _job(letters: DeadLetters, id: int) -> RedriveJob:
    jobs = await letters.redrives()
    for job in jobs:
        if job.id == id:
            return job
    raise NoSuchRedrive(id, (job.id for job in jobs))


def _where(where: Mapping[str, object]) -> Where:
    # What is in it is checked by the library, whoever gives it.
    return cast("Where", where)
