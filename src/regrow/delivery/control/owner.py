"""A journal that runs in a System, as commands see it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, final

from regrow.delivery.deadletters.tree import DeadLetterTree

if TYPE_CHECKING:
    from regrow.delivery.deadletters.letters import DeadLetters
    from regrow.delivery.deadletters.queue import DeadLetterQueue

__all__ = ("OwnerGround", "Tended")


class Tended(Protocol):
    """What commands need of a running journal beside its dead letters."""

    @property
    def path(self) -> str:
        """Its file."""
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
class OwnerGround:
    """A running journal and its dead letters."""

    __slots__ = ("_journal", "letters", "queue", "running")

    def __init__(self, journal: Tended, tree: DeadLetterTree) -> None:
        self._journal = journal
        self.queue: DeadLetterQueue = tree.queue
        self.letters: DeadLetters = tree.letters
        self.running: bool = True

    @property
    def path(self) -> str:
        """Its file."""
        return self._journal.path

    async def check(self) -> list[str]:
        """What is wrong with it."""
        return await self._journal.check()

    async def backup(self, path: Path) -> None:
        """Write a copy."""
        await self._journal.backup(path)

    async def vacuum(self) -> None:
        """Give unused space back."""
        await self._journal.vacuum()
