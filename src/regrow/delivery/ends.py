"""What a supervised send ends in, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from regrow.delivery.bury import attempt_row, bury
from regrow.delivery.outbox import log
from regrow.delivery.parcel import Parcel
from regrow.delivery.records import Delivery, Status
from regrow.delivery.telling import tell_failed, tell_handled, tell_rejected
from regrow.errors import JournalNotRunning

if TYPE_CHECKING:
    from regrow.delivery.journal.rows import Attempt, Outcome
    from regrow.runtime.process import Process

__all__ = ("Ends", "Report")

Report: TypeAlias = Callable[[Delivery[object]], object]


class Ends:
    """The half of a send that knows what is to be done when it is over."""

    __slots__ = ("_report", "attempts", "history", "parcel", "pid", "record", "tried_at")

    def __init__(self, parcel: Parcel, report: Report) -> None:
        self._report: Report | None = report
        self.parcel: Parcel = parcel
        self.attempts: int = 0
        self.history: tuple[Attempt, ...] = ()
        """Failed attempts, for a dead letter."""
        self.record: Delivery[object] | None = None
        """What the sender was told."""
        self.pid: Process | None = None
        """Who had it last."""
        self.tried_at: float = parcel.began
        """When the last attempt began."""

    @property
    def reported(self) -> bool:
        """Whether the sender has been told, and nobody waits any more."""
        return self._report is None

    # -- ends ----------------------------------------------------------------------------------

    def handled(self, reply: object, *, duplicate: bool = False) -> None:
        """Its handler has returned; or, if it is a `duplicate`, had before."""
        self.parcel.outbox.engine.counters.delivered += 1
        tell_handled(self)
        self.tell("handled", reply, None, duplicate=duplicate)

    def rejected(self, error: BaseException) -> None:
        """Its handler answered with an exception that it declares."""
        self.parcel.outbox.engine.counters.delivered += 1
        tell_rejected(self, error)
        self.tell("rejected", None, error)

    def failed(self, outcome: Outcome, error: BaseException, *, expired: bool) -> None:
        """It could not be delivered: do what the sender wants done then."""
        parcel = self.parcel
        parcel.outbox.engine.counters.failed += 1
        on_error = parcel.options.on_error
        if parcel.journal is not None:
            self.note(outcome, error, 0.0)
            bury(self, parcel.journal, outcome, error, expired=expired)
            return
        if on_error == "log" or (on_error == "raise" and self.reported):
            self._log(error)
        if outcome == "outcome_unknown":
            self._failed_as("outcome_unknown", error)
        else:
            self._failed_as("ignored" if on_error == "ignore" else "failed", error)

    def note(self, outcome: Outcome, error: BaseException, delay: float) -> None:
        """One more attempt for the history that a dead letter would have."""
        parcel = self.parcel
        if parcel.journal is not None:
            ago = parcel.outbox.engine.loop.time() - self.tried_at
            # Without the journal there will be no dead letter either, and its sender is told so.
            with suppress(JournalNotRunning):
                self.history = (*self.history, attempt_row(parcel.journal, ago, outcome, error, delay))

    def buried(self, error: BaseException) -> None:
        """It is among the dead letters."""
        self._failed_as("dead_lettered", error)

    def unburied(self, problem: BaseException) -> None:
        """It could not be made a dead letter: whoever waits gets that as an exception."""
        self._log(problem)
        self._failed_as("failed", problem)

    def _log(self, error: BaseException) -> None:
        parcel = self.parcel
        shown = parcel.outbox.engine.reporter.show(parcel.message)
        log.error(
            "delivery %s of %s to %s failed (%d attempts): %s",
            parcel.id,
            shown,
            parcel.to,
            self.attempts,
            error,
        )

    def _failed_as(self, status: Status, error: BaseException) -> None:
        tell_failed(self, status, error)
        self.tell(status, None, error)

    # -- the sender ----------------------------------------------------------------------------

    def tell(
        self, status: Status, reply: object, error: BaseException | None, *, duplicate: bool = False
    ) -> None:
        """Tell the sender, once."""
        report, self._report = self._report, None
        if report is not None:
            parcel = self.parcel
            seconds = parcel.outbox.engine.loop.time() - parcel.began
            to, made = parcel.to, parcel.id_maker
            self.record = Delivery(
                status, to, self.pid, self.attempts, reply, error, seconds, made, duplicate
            )
            report(self.record)

    def forget_sender(self) -> None:
        """The sender waits no more."""
        self._report = None
