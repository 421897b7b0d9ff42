"""What became of supervised sends: one record for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Literal, TypeAlias, TypeVar, final

import msgspec
from typing_extensions import override

from regrow.runtime.pid import Pid

__all__ = ("REACHED", "BroadcastResult", "Delivery", "Status", "Strategy")

R_co = TypeVar("R_co", covariant=True)

Status: TypeAlias = Literal[
    "handled", "accepted", "buffered", "rejected", "dead_lettered", "outcome_unknown", "failed", "ignored"
]
"""How a supervised send ended.

- `handled`: its handler has returned.
- `accepted`: it is in a live process's mailbox (`ack="accepted"`), or in the journal.
- `buffered`: it goes out when the turn of the persistent server that sent it is committed.
- `rejected`: its handler answered with an exception that it declares; `error` is it.
- `dead_lettered`: it could not be delivered, and is among the dead letters.
- `outcome_unknown`: its handler is not repeatable, began, and nobody knows how far it came.
- `failed`: it could not be delivered; that was logged, or is for whoever reads a broadcast's result.
- `ignored`: it could not be delivered, and the sender wants to hear no more of it.
"""
Strategy: TypeAlias = Literal["best_effort", "at_least_one", "all_or_nothing"]

REACHED: frozenset[Status] = frozenset({"handled", "accepted", "buffered", "rejected"})
"""Statuses of a message that came to its recipient."""


@final
class Delivery(msgspec.Struct, Generic[R_co], frozen=True, eq=False):
    """What became of one supervised send.

    Attributes:
        status: How it ended: see `Status`.
        recipient: Who it was for: a name, or a Pid.
        pid: Who had it last, None if it came to nobody.
        attempts: How often it was tried.
        reply: What the handler of a call returned, else None.
        error: Why it did not end well, else None; for `rejected` the declared exception.
        seconds: How long it took, on the loop's clock.
        duplicate: A persistent server had handled its idempotency key before, and did not again.
    """

    status: Status
    recipient: str | Pid[object]
    pid: Pid[object] | None
    attempts: int
    reply: R_co | None
    error: BaseException | None
    seconds: float
    _id: str | bytes | Callable[[], str]
    duplicate: bool = False

    @property
    def id(self) -> str:
        """The message's own id: the hex of a UUIDv7, the same over all attempts and redrives."""
        made = self._id
        if not isinstance(made, str):
            made = made.hex() if isinstance(made, bytes) else made()
            msgspec.structs.force_setattr(self, "_id", made)
        return made

    @property
    def reached(self) -> bool:
        """Whether it came to its recipient: handled, accepted, buffered or rejected."""
        return self.status in REACHED

    def result(self) -> R_co | None:
        """The reply. Raises `error` if there is one: a declared exception, or why it failed."""
        if self.error is not None:
            raise self.error
        return self.reply

    @override
    def __repr__(self) -> str:
        error = f" {self.error!r}" if self.error is not None else ""
        return f"<Delivery {self.status} to {self.recipient} in {self.attempts} attempts{error}>"


@final
class BroadcastResult(msgspec.Struct, Generic[R_co], frozen=True, eq=False):
    """What became of a broadcast.

    Attributes:
        strategy: How it was sent.
        results: A record per recipient, in the order that they were given in.
        ok: Whether the strategy's promise was kept.
        seconds: How long it took, on the loop's clock.
    """

    strategy: Strategy
    results: tuple[Delivery[R_co], ...]
    ok: bool
    seconds: float

    @property
    def reached(self) -> tuple[Delivery[R_co], ...]:
        """Those that came to their recipients."""
        return tuple(one for one in self.results if one.status in REACHED)

    @property
    def failed(self) -> tuple[Delivery[R_co], ...]:
        """Those that did not."""
        return tuple(one for one in self.results if one.status not in REACHED)
