"""What people decide about a state that was set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regrow.delivery.lookup import journal_of
from regrow.delivery.persistence.restore import forget, put_back
from regrow.errors.persistence import NothingSetAside, StillRunning
from regrow.runtime.extensions import engine_of

if TYPE_CHECKING:
    from regrow.delivery.persistence.keeper import KeptIn
    from regrow.runtime.system import System

__all__ = ("forget_state", "restore_state")


async def restore_state(system: System, name: str, kept: str) -> None:
    """Put back the state of a persistent server that was set aside, once its class can read it.

    Args:
        system: Runs, with the journal; the server doesn't.
        name: Of the server.
        kept: Where `StateSetAside` says that its state is.

    Raises:
        StillRunning: The server runs.
        NothingSetAside: Nothing stands there.
        JournalFailed: It couldn't be written; nothing was changed.
    """
    journal = _journal(system, name)
    reader = journal.loop_reader
    if reader.state(kept) is None and not reader.events(kept, after=0):
        raise NothingSetAside(name, kept)
    await journal.submit(put_back(name, kept, reader, journal.claim(name), journal.now_us()))


async def forget_state(system: System, name: str) -> None:
    """Have a persistent server begin with its type's defaults. What was set aside stays where it is.

    Args:
        system: Runs, with the journal; the server doesn't.
        name: Of the server.

    Raises:
        StillRunning: The server runs.
        JournalFailed: It couldn't be written; nothing was changed.
    """
    journal = _journal(system, name)
    await journal.submit(forget(name, journal.claim(name), journal.now_us()))


def _journal(system: System, name: str) -> KeptIn:
    engine = engine_of(system)
    if name in engine.names:
        raise StillRunning(name)
    return journal_of(engine, f"{name}, a persistent server,")
