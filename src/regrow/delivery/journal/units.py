"""Units of a transaction: who is told of its commit. What the desk has written must not be lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias, final

from regrow.delivery.journal.operations import AppendEvent, Operation, SaveState
from regrow.delivery.journal.owed import Owed
from regrow.delivery.journal.waits import End

if TYPE_CHECKING:
    from regrow.delivery.journal.desk import Desk
    from regrow.delivery.journal.recipients import Recipient
    from regrow.errors import JournalFailed, StaleEpoch

__all__ = (
    "Accepting",
    "Done",
    "Handled",
    "Kept",
    "Pending",
    "Settled",
    "Submitted",
    "Unit",
    "size_of",
    "told",
    "writes_for",
)

Handled: TypeAlias = "tuple[Owed, End, object, BaseException | None]"


class Unit(Protocol):
    """Operations that belong together, and who wants to know of their commit. Both are called on the loop."""

    def committed(self) -> None:
        """They are in the journal."""
        ...

    def failed(self, error: JournalFailed | StaleEpoch) -> bool:
        """They are not. True asks for another try, before anything that came later."""
        ...


Pending: TypeAlias = tuple[Sequence[Operation], Unit, int]
"""A unit, and roughly how many bytes it has."""


@final
class Submitted:
    """A unit whose owner waits by a future."""

    __slots__ = ("future",)

    def __init__(self, future: asyncio.Future[None]) -> None:
        self.future: asyncio.Future[None] = future

    def committed(self) -> None:
        """Tell the future, unless it was cancelled."""
        if not self.future.done():
            self.future.set_result(None)

    def failed(self, error: JournalFailed | StaleEpoch) -> bool:
        """Fail the future."""
        if not self.future.done():
            self.future.set_exception(error)
        return False


@final
class Settled:
    """Deliveries that are done."""

    __slots__ = ("_desk", "_rows")

    def __init__(self, desk: Desk, rows: list[Handled]) -> None:
        self._desk = desk
        self._rows = rows

    def committed(self) -> None:
        """Nothing is owed any more."""
        desk = self._desk
        books = desk.books
        for owed, end, reply, error in self._rows:
            desk.forget(owed)
            if owed.wait is not None:
                owed.wait.tell(end, owed.live.attempts + owed.live.crashes + 1, reply, error)
            books.done(owed, end, error)

    def failed(self, error: JournalFailed | StaleEpoch) -> bool:  # noqa: ARG002  # the protocol's
        """It stays so: they were handled."""
        return True


@final
class Accepting:
    """Sends that are to be accepted with one transaction: it grows until that begins."""

    __slots__ = ("_desk", "look_at", "operations", "owed", "size")

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.owed: list[Owed] = []
        self.operations: list[Operation] = []
        """What is to be written."""
        self.size: int = 0
        """How many bytes the payloads have of those that aren't small."""
        self.look_at: int = 1
        """Number of sends at which the writer looks at it again."""

    def committed(self) -> None:
        """They are in the journal: accepted."""
        self._desk.at_once.take_in(self.owed)

    def failed(self, error: JournalFailed | StaleEpoch) -> bool:
        """They are not: the senders are told, and nothing is owed."""
        for owed in self.owed:
            owed.failed(error)
        return False


@final
class Done:
    """Deliveries to one recipient that were handled at the first attempt, and whose senders know."""

    __slots__ = ("_desk", "_recipient", "_rows")

    def __init__(self, desk: Desk, recipient: Recipient, rows: list[Owed]) -> None:
        self._desk = desk
        self._recipient = recipient
        self._rows = rows

    def committed(self) -> None:
        """Nothing is owed any more."""
        self._desk.at_once.settled(self._recipient, self._rows)

    def failed(self, error: JournalFailed | StaleEpoch) -> bool:  # noqa: ARG002  # the protocol's
        """It stays so: they were handled."""
        return True


@final
class Kept:
    """Any other change of a delivery, and what comes after it."""

    __slots__ = ("_then",)

    def __init__(self, then: Callable[[], object] | None) -> None:
        self._then = then

    def committed(self) -> None:
        """Go on."""
        if self._then is not None:
            self._then()

    def failed(self, error: JournalFailed | StaleEpoch) -> bool:  # noqa: ARG002  # the protocol's
        """It has to be written."""
        return True


def told(entries: Iterable[Pending]) -> int:
    """How many operations there are that somebody waits to be told of."""
    return sum(len(operations) for operations, unit, _ in entries if not isinstance(unit, Done))


def writes_for(operations: Sequence[Operation], error: StaleEpoch) -> bool:
    """Whether they are those of the incarnation that is stale."""
    stale = (error.name, error.epoch)
    return any(isinstance(one, SaveState | AppendEvent) and one.incarnation == stale for one in operations)


def size_of(operations: Sequence[Operation]) -> int:
    """Roughly how many bytes they have."""
    size = 0
    for operation in operations:
        if isinstance(operation, SaveState):
            size += len(operation.state.data)
        elif isinstance(operation, AppendEvent):
            size += len(operation.event.data)
        else:
            live = getattr(operation, "live", None)
            size += len(live.payload) if live is not None else 0
    return size
