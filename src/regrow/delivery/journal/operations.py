"""What a journal writes, as values. A batch of them is one transaction: all of it or nothing."""

from __future__ import annotations

from typing import TypeAlias, final

import msgspec

from regrow.delivery.journal.rows import Attempt, AuditEntry, Burial, Live, RedriveJob, SavedState, StateEvent

__all__ = (
    "Accept",
    "Annotate",
    "AppendEvent",
    "Bury",
    "BuryNew",
    "Discard",
    "DropEvents",
    "ForgetProcessed",
    "Operation",
    "Processed",
    "Purge",
    "PutJob",
    "QuarantineCause",
    "Record",
    "Regroup",
    "Retry",
    "Revive",
    "SaveState",
    "Settle",
)


@final
class Accept(msgspec.Struct, frozen=True, gc=False):
    """A delivery is owed from now on. Counts as accepted.

    `like`, if it is given, is one object for deliveries that differ in number, message id, payload of at most
    64 KB and the time of acceptance alone, so that nobody has to compare them.
    """

    live: Live
    like: object = None


@final
class Settle(msgspec.Struct, frozen=True, gc=False):
    """A live delivery is done: handled, or rejected by a declared exception. `attempted`: it has attempts."""

    id: int
    attempted: bool = False


@final
class Retry(msgspec.Struct, frozen=True, gc=False):
    """A live delivery failed, or was put off: these are its counts and its due time now."""

    id: int
    due_us: int
    attempts: int
    crashes: int
    attempt: Attempt | None = None


@final
class Bury(msgspec.Struct, frozen=True, gc=False):
    """A live delivery becomes a dead letter, in this one step."""

    id: int
    attempts: int
    crashes: int
    burial: Burial
    attempt: Attempt | None = None


@final
class BuryNew(msgspec.Struct, frozen=True, gc=False):
    """A delivery that was never durable becomes a dead letter. Counts as accepted."""

    live: Live
    burial: Burial
    attempts: tuple[Attempt, ...] = ()


@final
class Discard(msgspec.Struct, frozen=True, gc=False):
    """A live delivery is given up as the sender wanted. Counts as discarded."""

    id: int


@final
class Revive(msgspec.Struct, frozen=True, gc=False):
    """A dead letter is owed again: same id, message id, key and history, a new budget of attempts.

    The edited payload, if there is one, takes the place of the first, which is kept as `original`. An expiry
    that is over when it is due is dropped. `redrives` goes up by one, `auto` also counts as an automatic
    retry. One that isn't dead any more is left alone.
    """

    id: int
    due_us: int
    dest: str | None = None
    auto: bool = False
    job: int | None = None


@final
class Purge(msgspec.Struct, frozen=True, gc=False):
    """A dead letter is deleted with its history. Counts as discarded."""

    id: int


@final
class Annotate(msgspec.Struct, frozen=True, gc=False):
    """What stands beside a dead letter changes: what is UNSET stays as it is."""

    id: int
    edited: bytes | msgspec.UnsetType | None = msgspec.UNSET
    note: str | msgspec.UnsetType | None = msgspec.UNSET
    retry_us: int | msgspec.UnsetType | None = msgspec.UNSET
    auto_retries: int | msgspec.UnsetType = msgspec.UNSET
    original: bytes | msgspec.UnsetType | None = msgspec.UNSET


@final
class Regroup(msgspec.Struct, frozen=True, gc=False):
    """A dead letter gets another status: `DEAD` or `QUARANTINED`."""

    id: int
    status: int


@final
class QuarantineCause(msgspec.Struct, frozen=True, gc=False):
    """From now on what has this fingerprint is quarantined (or, with `on` False, is not any more)."""

    fingerprint: bytes
    on: bool
    at_us: int
    actor: str


@final
class Processed(msgspec.Struct, frozen=True, gc=False):
    """A persistent server has handled what has this idempotency key; remembered until then."""

    consumer: str
    key: str
    until_us: int


@final
class ForgetProcessed(msgspec.Struct, frozen=True, gc=False):
    """Forget the idempotency keys whose time is over."""

    before_us: int


@final
class SaveState(msgspec.Struct, frozen=True, gc=False):
    """A persistent server's whole state, in the place of the one before."""

    state: SavedState

    @property
    def incarnation(self) -> tuple[str, int]:
        """Name and epoch of the server that wrote it."""
        return self.state.name, self.state.epoch


@final
class AppendEvent(msgspec.Struct, frozen=True, gc=False):
    """One more event of a persistent server, written by the incarnation with this epoch."""

    event: StateEvent
    epoch: int

    @property
    def incarnation(self) -> tuple[str, int]:
        """Name and epoch of the server that wrote it."""
        return self.event.name, self.epoch


@final
class DropEvents(msgspec.Struct, frozen=True, gc=False):
    """The events up to this version are in the snapshot."""

    name: str
    version: int


@final
class PutJob(msgspec.Struct, frozen=True, gc=False):
    """A redrive job as it is now, new or not."""

    job: RedriveJob


@final
class Record(msgspec.Struct, frozen=True, gc=False):
    """One more line of the audit."""

    entry: AuditEntry


Operation: TypeAlias = (
    Accept
    | Settle
    | Retry
    | Bury
    | BuryNew
    | Discard
    | Revive
    | Purge
    | Annotate
    | Regroup
    | QuarantineCause
    | Processed
    | ForgetProcessed
    | SaveState
    | AppendEvent
    | DropEvents
    | PutJob
    | Record
)
