"""The process that a journal belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from regrow.core.reasons import ExitReason
from regrow.runtime.genserver import GenServer

if TYPE_CHECKING:
    from regrow.delivery.deadletters.tree import DeadLetterTree
    from regrow.delivery.owner import JournalOwner

__all__ = ("JournalServer",)


@final
class JournalServer(GenServer):
    """The process that a journal belongs to: it opens it and closes it; the work is done in callbacks."""

    _journal: JournalOwner

    async def init(self, journal: JournalOwner, tree: DeadLetterTree) -> None:
        """Open the file, or take up what another incarnation left."""
        self._journal = journal
        await journal.start(self._process, tree)

    async def terminate(self, reason: ExitReason) -> None:  # noqa: ARG002
        """Close it in order."""
        await self._journal.stop()

    def format_state(self) -> object:
        """The journal, for crash reports."""
        return {"journal": repr(self._journal)}
