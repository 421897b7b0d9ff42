"""What the desk has written: it must not be lost, so a failed commit is tried again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, final

from regrow.delivery.journal.owed import End, Owed

if TYPE_CHECKING:
    from regrow.delivery.journal.desk import Desk
    from regrow.errors import JournalFailed, StaleEpoch

__all__ = ("Handled", "Kept", "Settled")

Handled: TypeAlias = "tuple[Owed, End, object, BaseException | None]"


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
