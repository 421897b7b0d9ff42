"""Waiting until a journal owes nothing any more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from regrow.errors import WaitTimeout

if TYPE_CHECKING:
    from regrow.delivery.owner import JournalOwner
    from regrow.runtime.pid import Timeout

__all__ = ("drained",)


async def drained(owner: JournalOwner, timeout: Timeout) -> None:
    """Return when nothing is owed.

    Raises:
        WaitTimeout: Something still was when the time was over.
        JournalNotRunning: The journal isn't open, or was closed meanwhile.
    """
    seconds = owner.opened.engine.timeouts.resolve(timeout)
    try:
        async with asyncio.timeout(seconds):
            # Looked at anew each time: with the last one, a persistent server may have sent the next.
            while (desk := owner.opened.desk).owed:
                emptied: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                desk.emptied.append(emptied)
                await emptied
    except TimeoutError:
        raise WaitTimeout(owner, "drained", seconds) from None
