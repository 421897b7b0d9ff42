"""What a journal did and holds, in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import msgspec

if TYPE_CHECKING:
    from regrow.delivery.journal.opened import OpenJournal

__all__ = ("JournalStats", "stats_of")


@final
class JournalStats(msgspec.Struct, frozen=True, kw_only=True):
    """What a journal did since it was opened, and what it holds now.

    Attributes:
        live: Deliveries that are owed now.
        parked: Those of them that wait for their recipient: its name, a place in its mailbox, its breaker.
        out: Those that are in a mailbox or being handled.
        accepted, handled, rejected, dead, discarded, expired: Deliveries.
        retried: Failed attempts and crashes that another attempt followed.
        crashes: Recipients that died while they handled one.
        released: Hand-outs that ended with their process, for reasons of others.
        commits, operations: Transactions, and what was in them.
        waiting: Operations that are not committed yet.
        slowest_commit: In seconds.
        trouble: Why nothing can be written now, None if all is well.
    """

    live: int
    parked: int
    out: int
    accepted: int
    handled: int
    rejected: int
    dead: int
    discarded: int
    expired: int
    retried: int
    crashes: int
    released: int
    commits: int
    operations: int
    waiting: int
    slowest_commit: float
    trouble: str | None


def stats_of(journal: OpenJournal) -> JournalStats:
    """The numbers as they are now."""
    books, writer, desk = journal.books, journal.writer, journal.desk
    out = sum(recipient.out for recipient in desk.recipients.values())
    return JournalStats(
        live=len(desk.owed),
        parked=sum(recipient.ready for recipient in desk.recipients.values()),
        out=out,
        accepted=books.accepted,
        handled=books.handled,
        rejected=books.rejected,
        dead=books.dead,
        discarded=books.discarded,
        expired=books.expired,
        retried=books.retried,
        crashes=books.crashes,
        released=books.released,
        commits=writer.commits,
        operations=writer.operations,
        waiting=writer.waiting,
        slowest_commit=writer.slowest,
        trouble=None if writer.failure is None else str(writer.failure),
    )
