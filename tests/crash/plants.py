"""Bugs to plant into the child, by patching the library from outside: it has no hooks for that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

from regrow.delivery.journal.operations import Accept, Operation, Processed, Settle
from regrow.delivery.journal.outcomes import Outcomes
from regrow.delivery.journal.owed import Owed
from regrow.delivery.journal.writer import Writer
from regrow.delivery.owner import JournalOwner
from regrow.delivery.persistence.keeper import Keeper


def plant(name: str) -> None:
    """Plant the bug with this name."""
    _BUGS[name]()


def _ack_before_commit() -> None:
    """A sender is told `accepted` when its message stands in line for the journal."""
    accept = Writer.accept

    def early(self: Writer, owed: Owed, like: object = None) -> None:
        accept(self, owed, like)
        wait = owed.wait
        if wait is not None and not wait.handled:
            wait.accepted = True
            wait.part()

    _replace(Writer, "accept", early)


def _settle_outside_transaction() -> None:
    """A persistent server's message is settled after the transaction of its state, not in it."""
    submit = JournalOwner.submit

    async def one_after_the_other(journal: JournalOwner, ops: Sequence[Operation]) -> None:
        late = [op for op in ops if isinstance(op, Settle | Processed)]
        await submit(journal, [op for op in ops if op not in late])
        await submit(journal, late)

    def split(self: JournalOwner, ops: Sequence[Operation]) -> asyncio.Future[None]:
        if any(isinstance(op, Settle) for op in ops):
            return asyncio.ensure_future(one_after_the_other(self, ops))
        return submit(self, ops)

    _replace(JournalOwner, "submit", split)


def _effects_before_commit() -> None:
    """What a persistent server sends is accepted at once, not with its turn."""

    def at_once(self: Keeper, owed: Owed) -> None:
        owed.desk.writer.add((Accept(owed.live),), owed)

    _replace(Keeper, "send", at_once)


def _claim_not_released() -> None:
    """A delivery that failed is written down and stays handed out."""

    def written_only(self: Any, owed: Owed, live: Any, attempt: Any) -> None:
        self._retry(live, attempt, None)

    _replace(Outcomes, "_again", written_only)


def _replace(owner: type, name: str, function: Callable[..., object]) -> None:
    assert hasattr(owner, name), f"{owner.__qualname__} has no {name} any more: plant this bug elsewhere"
    setattr(owner, name, function)


_BUGS: Final[dict[str, Callable[[], None]]] = {
    "ack_before_commit": _ack_before_commit,
    "settle_outside_transaction": _settle_outside_transaction,
    "effects_before_commit": _effects_before_commit,
    "claim_not_released": _claim_not_released,
}
PLANTS: Final = tuple(_BUGS)
