"""Commands and answers, as declared types: the same whether they go over the socket or not."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, final

import msgspec
from msgspec import UNSET, UnsetType

from regrow.delivery.deadletters.views import (
    DeadLetterCause,
    DeadLetterDetails,
    DeadLetterPage,
    DeadLetterStats,
    ImportReport,
)
from regrow.delivery.journal.rows import AuditEntry, Counts, RedriveJob

__all__ = (
    "ANSWERS",
    "Answer",
    "Audit",
    "Backup",
    "Check",
    "Command",
    "Edit",
    "ExportPage",
    "Exported",
    "Failed",
    "Finished",
    "Groups",
    "Import",
    "JournalReport",
    "JournalState",
    "List",
    "Progressed",
    "Purge",
    "Quarantine",
    "Redrive",
    "Redrives",
    "Retry",
    "Show",
    "Stats",
    "Steer",
    "Vacuum",
    "Wait",
    "Where",
)

Where: TypeAlias = dict[str, str | int | float | list[int]]


class Base(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", forbid_unknown_fields=True):
    """Base of all commands."""


@final
class List(Base, frozen=True):
    """A page of dead letters."""

    where: Where = {}
    after: str | None = None
    limit: int = 100


@final
class Show(Base, frozen=True):
    """Everything about one."""

    id: int
    raw: bool = False


@final
class Groups(Base, frozen=True):
    """How many of each cause."""

    where: Where = {}


@final
class Stats(Base, frozen=True):
    """The dead letters in numbers."""


@final
class Audit(Base, frozen=True):
    """What operators did."""

    limit: int = 100


@final
class Edit(Base, frozen=True):
    """Another message in the place of one's own."""

    id: int
    actor: str
    arguments: dict[str, object] | None = None
    value: object | UnsetType = UNSET
    note: str | None = None


@final
class Quarantine(Base, frozen=True):
    """Try nothing of this cause again, or (`on` False) do."""

    fingerprint: str
    actor: str
    note: str = ""
    on: bool = True


@final
class Purge(Base, frozen=True):
    """Delete dead letters."""

    actor: str
    why: str
    where: Where = {}
    everything: bool = False


@final
class Retry(Base, frozen=True):
    """Deliver one again."""

    id: int
    actor: str
    target: str | None = None


@final
class Redrive(Base, frozen=True):
    """Deliver many again, as a job."""

    actor: str
    where: Where = {}
    target: str | None = None
    rate: float | None = None
    limit: int | None = None
    dry_run: bool = False
    canary: int | None = None
    stop_ratio: float | None = None


@final
class Redrives(Base, frozen=True):
    """All redrives."""


@final
class Wait(Base, frozen=True):
    """Wait until a redrive stands still."""

    job: int


@final
class Steer(Base, frozen=True):
    """Pause, resume or cancel a redrive."""

    job: int
    action: Literal["pause", "resume", "cancel"]
    actor: str


@final
class ExportPage(Base, frozen=True):
    """The next lines of an export."""

    where: Where = {}
    after: str | None = None


@final
class Import(Base, frozen=True):
    """The next lines of an import; `last` ends it."""

    lines: list[str]
    actor: str
    last: bool


@final
class Check(Base, frozen=True):
    """Look for damage."""


@final
class Backup(Base, frozen=True):
    """Write a copy to an absolute path."""

    path: str


@final
class Vacuum(Base, frozen=True):
    """Give unused space back."""


@final
class JournalReport(Base, frozen=True):
    """The journal in numbers."""


Command: TypeAlias = (
    List
    | Show
    | Groups
    | Stats
    | Audit
    | Edit
    | Quarantine
    | Purge
    | Retry
    | Redrive
    | Redrives
    | Wait
    | Steer
    | ExportPage
    | Import
    | Check
    | Backup
    | Vacuum
    | JournalReport
)


@final
class Exported(msgspec.Struct, frozen=True):
    """Lines of an export, and where the next page begins."""

    lines: list[str]
    next: str | None


@final
class JournalState(msgspec.Struct, frozen=True, kw_only=True):
    """A journal in numbers.

    Attributes:
        counts: What was ever accepted, by what became of it.
        balanced: Whether nothing of it was lost.
        running: Whether a program owns it now.
        boot: How often it was opened.
        dead_letters: Of it.
    """

    path: str
    counts: Counts
    balanced: bool
    running: bool
    boot: int
    dead_letters: DeadLetterStats


class Reply(msgspec.Struct, frozen=True, tag_field="is"):
    """Base of all answers."""


@final
class Progressed(Reply, frozen=True):
    """It goes on: so many are done."""

    done: int


@final
class Finished(Reply, frozen=True):
    """What it gave, as msgpack of what `ANSWERS` says."""

    value: msgspec.Raw


@final
class Failed(Reply, frozen=True):
    """It failed with this error."""

    kind: str
    text: str
    missing: bool


Answer: TypeAlias = Progressed | Finished | Failed

ANSWERS: Final[dict[type[Command], object]] = {
    List: DeadLetterPage,
    Show: DeadLetterDetails,
    Groups: tuple[DeadLetterCause, ...],
    Stats: DeadLetterStats,
    Audit: tuple[AuditEntry, ...],
    Edit: None,
    Quarantine: int,
    Purge: int,
    Retry: None,
    Redrive: RedriveJob,
    Redrives: tuple[RedriveJob, ...],
    Wait: RedriveJob,
    Steer: RedriveJob,
    ExportPage: Exported,
    Import: ImportReport | None,
    Check: list[str],
    Backup: None,
    Vacuum: None,
    JournalReport: JournalState,
}
"""What each command gives."""
