"""Units of a transaction: who is told of its commit. What the desk has written must not be lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias, final

from regrow.delivery.journal.owed import End, Owed

if TYPE_CHECKING:
    from regrow.delivery.journal.desk import Desk
    from regrow.errors import JournalFailed, StaleEpoch

__all__ = ("Handled", "Kept", "Settled", "Submitted", "Unit")

Handled: TypeAlias = "tuple[Owed, End, object, BaseException | None]"


class Unit(Protocol):
    """Operations that belong together, and who wants to know of their commit. Both are called on the loop."""

    def committed(self) -> None:
        """They are in the journal."""
        ...

    def failed(self, error: JournalFailed | StaleEpoch) -> bool:
        """They are not. True asks for another try, before anything that came later."""
        ...


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
