"""The queue of dead letters as the parts of this package share it: what is in it, what comes and goes."""

from __future__ import annotations

import random as random_numbers
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from math import inf
from typing import Final, final

import msgspec

from regrow.core.backoff import RandomSource
from regrow.core.events import Event
from regrow.core.hub import Hub
from regrow.core.show import Redact
from regrow.core.texts import is_name
from regrow.delivery.deadletters.changes import Arrivals, Changes, JournalHandle
from regrow.delivery.deadletters.decoding import Known, ServerOf
from regrow.delivery.deadletters.events import DeadLetterAdded
from regrow.delivery.deadletters.redaction import Redaction
from regrow.delivery.deadletters.where import id_of, message_of
from regrow.delivery.journal.operations import (
    Bury,
    BuryNew,
    Discard,
    Operation,
    Purge,
    Record,
    Revive,
    Settle,
)
from regrow.delivery.journal.policy import DeadLetterPolicy
from regrow.delivery.journal.rows import AuditEntry, Cursor, DeadLetter, Filter
from regrow.errors.deadletters import BadDeadLetterOption, NoSuchDeadLetter
from regrow.errors.journal import JournalFull

__all__ = ("BATCH", "DeadLetterQueue", "Surroundings", "after_of", "check_limit", "check_text")

BATCH: Final = 500
"""Dead letters that are read and changed at a time."""
MAX_TEXT: Final = 2_000
MAX_PAGE: Final = 1_000
WHAT: Final = "dead letters"
_SETTLES: Final = {Settle}

Ended = Callable[[int, bool], object]
"""Told that a delivery ended, and whether well."""


@final
class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What the dead letters take from the System they are in; outside of one, from nobody.

    Attributes:
        hub: Where events go.
        time: The loop's time, for events.
        redact: The System's hook.
        server_of: The class of the server that has a name now.
        aliases: What handlers are called now, by what they were called.
        random: Where jitter comes from.
    """

    hub: Hub | None = None
    time: Callable[[], float] = float
    redact: Redact | None = None
    server_of: ServerOf = lambda _: None
    aliases: Mapping[str, str] = {}
    random: RandomSource = msgspec.field(default_factory=random_numbers.Random)

    @property
    def known(self) -> Known:
        """What it knows of handlers."""
        return Known(server_of=self.server_of, aliases=self.aliases)


@final
class DeadLetterQueue:
    """What is in the queue, and who is told when that changes.

    Args:
        journal: Where it is kept.
        policy: How long, how many, how often.
        around: The System it is in.
    """

    __slots__ = (
        "_handlers",
        "around",
        "arrivals",
        "changes",
        "depth",
        "journal",
        "most",
        "policy",
        "redaction",
        "tracked",
        "wake",
    )

    def __init__(
        self, journal: JournalHandle, policy: DeadLetterPolicy, around: Surroundings | None = None
    ) -> None:
        self.journal: JournalHandle = journal
        self.policy: DeadLetterPolicy = policy
        self.around: Surroundings = around if around is not None else Surroundings()
        self.redaction: Redaction = Redaction(policy.secrets)
        self.changes: Changes = Changes(journal)
        self.arrivals: Arrivals = Arrivals()
        self.depth: int = 0
        self.tracked: dict[int, Ended] = {}
        self.wake: Callable[[], object] | None = None
        self.most: float = policy.max_count if policy.overflow == "refuse" else inf
        self._handlers: dict[type, Callable[[Operation], None]] = {
            Bury: self._buried,
            BuryNew: self._buried,
            Revive: self._left,
            Purge: self._left,
            Settle: self._settled,
            Discard: self._discarded,
        }

    # -- what the journal tells ----------------------------------------------------------------

    async def opened(self) -> None:
        """The journal is open: count what is there."""
        self.depth = (await self.journal.read(lambda reader: reader.counts())).dead

    def observe(self, batch: Sequence[Operation]) -> None:
        """This batch is committed."""
        handlers = self._handlers
        kinds = set(map(type, batch))
        if kinds.isdisjoint(handlers) or (kinds == _SETTLES and not self.tracked):
            return  # sends, and ends that nobody asks about: nearly all there is
        for op in batch:
            handler = handlers.get(op.__class__)
            if handler is not None:
                handler(op)

    def check_room(self, more: int = 1) -> None:
        """Refuse what could become more dead letters than there may be.

        Raises:
            JournalFull: There are as many as the policy allows, and it says to refuse.
        """
        if self.depth + more > self.most:
            raise JournalFull(WHAT, self.depth, self.policy.max_count)

    def _buried(self, op: Operation) -> None:
        assert isinstance(op, (Bury, BuryNew))
        id = op.id if isinstance(op, Bury) else op.live.id
        burial = op.burial
        self.depth += 1
        self.arrivals.add(self.journal.now_us())
        self._ended(id, well=False)
        if self.wake is not None:
            self.wake()
        self.emit(
            DeadLetterAdded(
                at=self.time(),
                id=id,
                reason=burial.reason,
                error_type=burial.error_type,
                fingerprint=burial.fingerprint.hex(),
            )
        )

    def _left(self, _: Operation) -> None:
        self.depth -= 1

    def _settled(self, op: Operation) -> None:
        assert isinstance(op, Settle)
        if self.tracked:
            self._ended(op.id, well=True)

    def _discarded(self, op: Operation) -> None:
        assert isinstance(op, Discard)
        self._ended(op.id, well=False)

    def _ended(self, id: int, *, well: bool) -> None:
        ended = self.tracked.pop(id, None)
        if ended is not None:
            ended(id, well)

    # -- for the parts of this package ---------------------------------------------------------

    def time(self) -> float:
        """The loop's time in seconds."""
        return self.around.time()

    def emit(self, event: Event) -> None:
        """Tell subscribers, if there are any."""
        if self.around.hub is not None:
            self.around.hub.emit(event)

    def audit(self, actor: str, action: str, target: str, detail: str | None = None) -> Record:
        """The operation that writes a line of the audit."""
        return Record(
            AuditEntry(at_us=self.journal.now_us(), actor=actor, action=action, target=target, detail=detail)
        )

    async def one(self, id: int | str) -> DeadLetter:
        """A dead letter by its number, or by the id of its message.

        Raises:
            NoSuchDeadLetter: There is none.
            BadDeadLetterFilter: That is neither.
        """
        if isinstance(id, str):
            mid = message_of(id)
            letter = await self.journal.read(lambda reader: reader.dead_message(mid))
        else:
            number = id_of(id)
            letter = await self.journal.read(lambda reader: reader.dead_one(number))
        if letter is None:
            raise NoSuchDeadLetter(id)
        return letter

    async def page(self, where: Filter, after: Cursor | None, limit: int) -> list[DeadLetter]:
        """Some dead letters, oldest first."""
        return await self.journal.read(lambda reader: reader.dead(where, after=after, limit=limit))

    async def pages(self, where: Filter) -> AsyncIterator[list[DeadLetter]]:
        """All of these dead letters, page by page."""
        after: Cursor | None = None
        while page := await self.page(where, after, BATCH):
            after = after_of(page[-1])
            yield page


def after_of(letter: DeadLetter) -> Cursor:
    """The place of a dead letter in the order of all."""
    return Cursor(letter.burial.dead_us, letter.live.id)


def check_text(option: str, value: object, *, empty: bool = False) -> str:
    """An operator's name, reason or note.

    Raises:
        BadDeadLetterOption: It is no text, empty, or too long.
    """
    if value == "" and empty:
        return ""
    if not is_name(value) or len(value) > MAX_TEXT or not (empty or value.strip()):
        allowed = f"a text of 1 to {MAX_TEXT:,} characters that can be written as UTF-8"
        raise BadDeadLetterOption(option, value, allowed)
    return value


def check_limit(value: object) -> None:
    """How many at most. Raises `BadDeadLetterOption` if it isn't from 1 to 1,000."""
    if type(value) is not int or not 1 <= value <= MAX_PAGE:
        raise BadDeadLetterOption("limit", value, f"a whole number from 1 to {MAX_PAGE:,}")
