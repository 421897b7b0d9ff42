"""Commands and answers, as declared types: the same whether they go over the socket or not."""

from __future__ import annotations

from typing import Generic, Literal, TypeAlias, TypeVar, final, get_args

import msgspec
from msgspec import UNSET, UnsetType
from typing_extensions import get_original_bases

from regrow.delivery.deadletters.views import (
    DeadLetterCause,
    DeadLetterDetails,
    DeadLetterPage,
    DeadLetterStats,
    ImportReport,
)
from regrow.delivery.journal.rows import AuditEntry, Counts, RedriveJob

__all__ = (
    "Answer",
    "Asks",
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
    "answer_type",
)

T_co = TypeVar("T_co", covariant=True)
Where: TypeAlias = dict[str, str | int | float | list[int]]


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


class Asks(
    msgspec.Struct, Generic[T_co], frozen=True, kw_only=True, tag_field="do", forbid_unknown_fields=True
):
    """Base of all commands: what each gives stands in brackets."""


@final
class List(Asks[DeadLetterPage], frozen=True):
    """A page of dead letters."""

    where: Where = {}
    after: str | None = None
    limit: int = 100


@final
class Show(Asks[DeadLetterDetails], frozen=True):
    """Everything about one."""

    id: int | str
    raw: bool = False


@final
class Groups(Asks[tuple[DeadLetterCause, ...]], frozen=True):
    """How many of each cause."""

    where: Where = {}


@final
class Stats(Asks[DeadLetterStats], frozen=True):
    """The dead letters in numbers."""


@final
class Audit(Asks[tuple[AuditEntry, ...]], frozen=True):
    """What operators did."""

    limit: int = 100


@final
class Edit(Asks[None], frozen=True):
    """Another message in the place of one's own."""

    id: int | str
    actor: str
    arguments: dict[str, object] | None = None
    value: object | UnsetType = UNSET
    note: str | None = None


@final
class Quarantine(Asks[int], frozen=True):
    """Try nothing of this cause again, or (`on` False) do."""

    fingerprint: str
    actor: str
    note: str = ""
    on: bool = True


@final
class Purge(Asks[int], frozen=True):
    """Delete dead letters."""

    actor: str
    why: str
    where: Where = {}
    everything: bool = False


@final
class Retry(Asks[None], frozen=True):
    """Deliver one again."""

    id: int | str
    actor: str
    target: str | None = None


@final
class Redrive(Asks[RedriveJob], frozen=True):
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
class Redrives(Asks[tuple[RedriveJob, ...]], frozen=True):
    """All redrives."""


@final
class Wait(Asks[RedriveJob], frozen=True):
    """Wait until a redrive stands still."""

    job: int


@final
class Steer(Asks[RedriveJob], frozen=True):
    """Pause, resume or cancel a redrive."""

    job: int
    action: Literal["pause", "resume", "cancel"]
    actor: str


@final
class ExportPage(Asks[Exported], frozen=True):
    """The next lines of an export."""

    where: Where = {}
    after: str | None = None


@final
class Import(Asks[ImportReport | None], frozen=True):
    """The next lines of an import; `last` ends it."""

    lines: list[str]
    actor: str
    last: bool


@final
class Check(Asks[list[str]], frozen=True):
    """Look for damage."""


@final
class Backup(Asks[None], frozen=True):
    """Write a copy to an absolute path."""

    path: str


@final
class Vacuum(Asks[None], frozen=True):
    """Give unused space back."""


@final
class JournalReport(Asks[JournalState], frozen=True):
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


class Reply(msgspec.Struct, frozen=True, tag_field="is"):
    """Base of all answers."""


@final
class Progressed(Reply, frozen=True):
    """It goes on: so many are done."""

    done: int


@final
class Finished(Reply, frozen=True):
    """What it gave, as msgpack of what the command asks for."""

    value: msgspec.Raw


@final
class Failed(Reply, frozen=True):
    """It failed with this error."""

    kind: str
    text: str
    missing: bool


Answer: TypeAlias = Progressed | Finished | Failed


def answer_type(command: Asks[object]) -> object:
    """The type of what a command gives."""
    (asks,) = get_original_bases(type(command))
    return get_args(asks)[0]
