"""Where the parts of `delivery` find the journal of a System."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from regrow.errors import NoJournal, NoSuchService

if TYPE_CHECKING:
    from regrow.delivery.journal.opened import OpenJournal
    from regrow.delivery.owner import JournalOwner
    from regrow.runtime.engine import Engine

__all__ = ("SERVICE", "journal_of", "opened_in", "opened_of", "owner_of")

SERVICE: Final = "journal"
"""The name that a journal is offered by, as a service of its System."""


def owner_of(service: object) -> JournalOwner | None:
    """What stands behind an `rg.Journal`; None if it is no journal."""
    return getattr(service, "_owner", None)


def journal_of(engine: Engine, option: str) -> JournalOwner:
    """The journal of a System.

    Raises:
        NoJournal: It has none; `option` says what needs one.
    """
    system = engine.system
    assert system is not None
    try:
        owner = owner_of(system.service(SERVICE))
    except NoSuchService:
        owner = None
    if owner is None:
        raise NoJournal(engine.name, option)
    return owner


def opened_in(engine: Engine) -> OpenJournal | None:
    """The parts of a System's journal, None if it was never open; they may be over."""
    found: OpenJournal | None = engine.extensions.get(opened_in)  # type: ignore[assignment]
    return found


def opened_of(engine: Engine, option: str) -> OpenJournal:
    """The parts of a System's journal.

    Raises:
        NoJournal: It has none; `option` says what needs one.
        JournalNotRunning: It isn't open at this moment.
    """
    found = opened_in(engine)
    if found is not None and found.running:
        return found
    return journal_of(engine, option).opened
