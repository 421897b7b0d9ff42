"""A supervised send under way: attempts, back-off, what it ends in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, final

from regrow.core.deliveries import NO_METADATA, CurrentDelivery
from regrow.core.messages import CallMessage, Message
from regrow.core.reasons import NORMAL
from regrow.delivery.attempt import Attempt
from regrow.delivery.bury import attempt_row, bury
from regrow.delivery.outbox import log
from regrow.delivery.reconcile import handler_of, reconciled
from regrow.delivery.records import Delivery, Status
from regrow.delivery.telling import (
    tell_accepted,
    tell_failed,
    tell_handled,
    tell_rejected,
    tell_retried,
    tell_started,
)
from regrow.delivery.tracing import traceparent
from regrow.errors import (
    CallToSelf,
    CircuitOpen,
    DeliveryExpired,
    DeliveryTimeout,
    MailboxStayedFull,
    NoProcess,
    ProcessExited,
    RegrowError,
    ReplyLost,
    ZombieProcess,
)
from regrow.runtime.process import DEAD, Process, current_process

if TYPE_CHECKING:
    from regrow.core.handler import Handler
    from regrow.delivery.bury import Journal
    from regrow.delivery.journal.rows import Attempt as JournalAttempt
    from regrow.delivery.journal.rows import Outcome
    from regrow.delivery.options import Options
    from regrow.delivery.outbox import Outbox
    from regrow.resilience.breaker import Breaker
    from regrow.runtime.timers import Timer

__all__ = ("Report", "Sending")

Report = Callable[[Delivery[object]], object]
Stage = Literal["new", "trying", "resting", "reconciling", "over"]


@final
class Sending:
    """One message on its way to one recipient. It has no task: it goes on when it is told something.

    `report` is called once: with the end, or, at `ack="accepted"`, when the message is in a mailbox. What
    comes after that is its own affair.
    """

    __slots__ = (
        "_attempt",
        "_breaker",
        "_expires_at",
        "_journal",
        "_last",
        "_made_id",
        "_permit",
        "_report",
        "_retries_left",
        "_stage",
        "_timer",
        "_traceparent",
        "_tried_at",
        "attempts",
        "began",
        "deadline",
        "duplicate",
        "history",
        "message",
        "options",
        "outbox",
        "own",
        "pid",
        "seconds",
        "source",
        "to",
    )

    def __init__(
        self,
        outbox: Outbox,
        to: str | Process,
        message: object,
        seconds: float,
        options: Options,
        report: Report,
        journal: Journal | None,
    ) -> None:
        now = outbox.engine.loop.time()
        self.outbox: Outbox = outbox
        self.to: str | Process = to
        self.message: object = message
        self.seconds: float = seconds
        self.options: Options = options
        self.began: float = now
        self.deadline: float = now + seconds
        self.attempts: int = 0
        self.duplicate: bool = False
        self.pid: Process | None = None
        caller = current_process.get(None)
        self.source: Process | None = caller
        self.own: Process | None = None
        self._made_id: str | None = None
        self._report: Report | None = report
        self._journal = journal
        self.history: tuple[JournalAttempt, ...] = ()
        self._traceparent = traceparent()
        self._attempt: Attempt | None = None
        self._breaker: Breaker | None = None
        self._permit: int = 0
        self._expires_at: float | None = None if options.expires_in is None else now + options.expires_in
        self._retries_left = options.retries
        self._last: tuple[Outcome, BaseException] | None = None
        self._stage: Stage = "new"
        self._timer: Timer | None = None
        self._tried_at = now

    # -- what others ask -----------------------------------------------------------------------

    @property
    def id(self) -> str:
        """The id of the delivery, made when it is first asked for."""
        if self._made_id is None:
            self._made_id = self.outbox.new_id()
        return self._made_id

    def set_id(self, id: str) -> None:
        """It has an id already."""
        self._made_id = id

    @property
    def traceparent(self) -> str | None:
        """The trace that the sender is in."""
        return self._traceparent

    @property
    def expires_at(self) -> float | None:
        """From when on nobody wants it, on the loop's clock."""
        return self._expires_at

    @property
    def binding(self) -> float:
        """The deadline of what its handler calls: none once nobody waits for it."""
        return self.deadline if self.options.ack == "handled" else float("inf")

    @property
    def reported(self) -> bool:
        """Whether the sender has been told, and nobody waits any more."""
        return self._report is None

    def current(self, attempt: int) -> CurrentDelivery:
        """What `rg.current_delivery()` gives in the handler of this attempt."""
        options = self.options
        metadata = NO_METADATA if options.metadata is None else options.metadata
        return CurrentDelivery(
            id=self.id,
            idempotency_key=options.idempotency_key or self.id,
            attempt=attempt,
            metadata=metadata,
            traceparent=self._traceparent,
        )

    # -- begin ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Make the first attempt, or wait for the delay to be over.

        Raises:
            WrongServer, UnknownCall, WrongKind, NotAMessage: The recipient can't handle it.
            CallToSelf, CallCycle: It would wait for itself.
            ZombieProcess: The sender has ended.
        """
        self._check_sender()
        self._announce()
        delay = self.options.delay
        if delay:
            self._rest(delay)
        else:
            self._try()

    def adopt(self, process: Process, permit: int, breaker: Breaker | None) -> Attempt:
        """A hand-off was its first attempt, and did not just return."""
        self._check_sender()
        self._announce()
        self.attempts = 1
        self.pid = process
        self._breaker, self._permit = breaker, permit
        self._stage = "trying"
        self._attempt = attempt = Attempt(self, process, 1, self.began, begun=True, placed=True)
        self._time_attempt(attempt)
        self._wait_for(process)
        return attempt

    def _check_sender(self) -> None:
        caller = self.source
        if caller is None:
            return
        if caller.extras is not None and caller.extras.zombie:
            raise ZombieProcess(caller)
        waits = self.options.ack == "handled"
        if waits and caller.task is not None and asyncio.current_task() is caller.task:
            self.own = caller

    def _announce(self) -> None:
        self.outbox.engine.counters.sent += 1
        tell_started(self)

    # -- an attempt ----------------------------------------------------------------------------

    def _try(self) -> None:
        engine = self.outbox.engine
        self._stage = "trying"
        self.attempts += 1
        to = self.to
        process = engine.names.get(to) if isinstance(to, str) else to
        now = self._tried_at = engine.loop.time()
        if process is None or process.status == DEAD:
            self._failed("no_process", NoProcess(to))
            return
        if isinstance(self.message, Message):
            process.blueprint.entry(self.message)
        self._wait_for(process)
        if not self._admitted(process, now):
            return
        self.pid = process
        self._attempt = attempt = Attempt(self, process, self.attempts, now)
        self._time_attempt(attempt)
        attempt.put()

    def refusal(self, process: Process) -> CircuitOpen | None:
        """Why its breaker would let nothing through now, None if it would."""
        breaker = self.outbox.breaker_of(process.name or process)
        now = self.outbox.engine.loop.time()
        if self.options.breaker is False or breaker is None or breaker.permit or now >= breaker.retry_at:
            return None
        return breaker.refusal(str(self.to), now)

    def refuse(self, error: RegrowError) -> None:
        """It is not sent at all."""
        self._announce()
        self._end("error", error)

    def _try_again(self) -> None:
        """The same, with nobody on the stack who could be told of what the recipient can't handle."""
        try:
            self._try()
        except RegrowError as error:
            self._end("error", error)

    def _wait_for(self, process: Process) -> None:
        own = self.own
        if own is None:
            return
        if own is process:
            self.own = None
            raise CallToSelf(process, self.message)
        self.outbox.engine.calls.check_cycle(own, process)
        own.waiting = process

    def _admitted(self, process: Process, now: float) -> bool:
        settings = self.options.breaker
        if settings is False:
            return True
        breaker = self.outbox.breakers.breaker_for(process.name or process, settings)
        permit = breaker.permit or breaker.acquire(now)
        if not permit:
            self._end("circuit_open", breaker.refusal(str(self.to), now))
            return False
        self._breaker, self._permit = breaker, permit
        return True

    def _time_attempt(self, attempt: Attempt) -> None:
        until = self.deadline
        if self.options.attempt_timeout is not None:
            until = min(until, attempt.began + self.options.attempt_timeout)
        if self._expires_at is not None:
            until = min(until, self._expires_at)
        self._set_timer(until, self._late)

    def _set_timer(self, at: float, call: Callable[[], object]) -> None:
        engine = self.outbox.engine
        self._clear_timer()
        self._timer = engine.timers.internal(at - engine.loop.time(), call)

    def _clear_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # -- what an attempt tells -----------------------------------------------------------------

    def entered(self, attempt: Attempt) -> None:
        """It is in the mailbox."""
        if self.options.ack == "accepted" and self._report is not None:
            self._clear_timer()
            if self._expires_at is not None:
                self._set_timer(self._expires_at, self._late)
            tell_accepted(self)
            self._tell("accepted", None, None)

    def answered(self, attempt: Attempt, result: object) -> None:
        """The handler has returned."""
        if attempt is not self._attempt:
            return
        self._attempt_over(ok=True)
        self.duplicate = attempt.request is not None and attempt.request.duplicate
        self._handled(result if isinstance(self.message, CallMessage) else None)

    def ended(self, attempt: Attempt, error: BaseException) -> None:
        """The handler has answered with an exception, or the process has ended."""
        if attempt is not self._attempt:
            return
        target = attempt.target
        request = attempt.request
        if isinstance(error, ProcessExited) and error.target is target:
            handled = request is not None and request.handled
            if handled or (error.reason is NORMAL and attempt.begun and not (request and request.deferred)):
                self._attempt_over(ok=True)
                self._handled(None)
            else:
                self._broken("crash", error, begun=attempt.begun)
        elif isinstance(error, NoProcess) and error.target is target:
            self._broken("no_process", error, begun=False)
        elif isinstance(error, ReplyLost):
            self._broken("error", error, begun=True)
        elif not attempt.begun:
            self._broken("mailbox_full", error, begun=False)
        else:
            self._rejected(error)

    def _late(self) -> None:
        """The time of the attempt is over, or nobody wants the message any more."""
        self._timer = None
        attempt = self._attempt
        if attempt is None or attempt.over:
            return
        target = attempt.target
        now = self.outbox.engine.loop.time()
        if attempt.begun and (self.reported or now < self.deadline):
            if not self.reported:
                self._set_timer(self.deadline, self._late)
            return  # it may still run: wait for it
        attempt.withdraw()
        error: RegrowError
        if self._expires_at is not None and now >= self._expires_at and not attempt.begun:
            expires_in = self.options.expires_in or 0.0
            self._attempt_over(ok=False)
            self._end("timeout", DeliveryExpired(target, self.message, expires_in), reason="expired")
        elif not attempt.placed:
            error = MailboxStayedFull(target, target.room, now - attempt.began)
            self._broken("mailbox_full", error, begun=False)
        else:
            error = DeliveryTimeout(target, self.message, now - attempt.began, started=attempt.begun)
            self._broken("timeout", error, begun=attempt.begun)

    def _attempt_over(self, *, ok: bool, counts: bool = True) -> None:
        """It tells the breaker, and nobody waits for its process any more."""
        self._clear_timer()
        attempt, self._attempt = self._attempt, None
        breaker, self._breaker = self._breaker, None
        if breaker is not None:
            now = self.outbox.engine.loop.time()
            if counts:
                breaker.record(self._permit, now, ok, now - attempt.began if attempt is not None else 0.0)
            else:
                breaker.release(self._permit, now)
        if self.own is not None:
            self.own.waiting = None

    # -- what follows from it ------------------------------------------------------------------

    def _handled(self, reply: object) -> None:
        self.outbox.engine.counters.delivered += 1
        tell_handled(self)
        self._over("handled", reply, None)

    def _rejected(self, error: BaseException) -> None:
        settings = self.options.breaker or (self._breaker.settings if self._breaker is not None else None)
        named = settings.failures if settings else None
        self._attempt_over(ok=named is None or not isinstance(error, named))
        self.outbox.engine.counters.delivered += 1
        tell_rejected(self, error)
        self._over("rejected", None, error)

    def _broken(self, outcome: Outcome, error: RegrowError | BaseException, *, begun: bool) -> None:
        """An attempt came to nothing, or nobody knows to what."""
        self._attempt_over(ok=False)
        handler = handler_of(self.message, self.pid) if begun else None
        if handler is not None and not handler.repeatable:
            self._unclear(handler, outcome, error)
        elif self.reported and not begun:
            self._resume(outcome, error)
        else:
            self._failed(outcome, error)

    def _failed(self, outcome: Outcome, error: BaseException) -> None:
        self._last = (outcome, error)
        to = self.to
        gone = isinstance(to, Process) and to.status == DEAD
        if self._retries_left <= 0 or gone or self.outbox.stopping:
            self._end(outcome, error)
            return
        engine = self.outbox.engine
        if self.reported:
            self.deadline = max(self.deadline, engine.loop.time() + self.seconds)
        delay = self.options.backoff.delay(self.attempts, engine.ports.random("delivery.backoff"))
        if engine.loop.time() + delay >= self._until():
            self._end(outcome, error)
            return
        self._retries_left -= 1
        self._note(outcome, error, delay)
        engine.counters.retried += 1
        tell_retried(self, delay, error)
        self._rest(delay)

    def _until(self) -> float:
        return self.deadline if self._expires_at is None else min(self.deadline, self._expires_at)

    def _resume(self, outcome: Outcome, error: BaseException) -> None:
        """An accepted message was not begun: it is for the next incarnation, if there is going to be one."""
        engine = self.outbox.engine
        now = engine.loop.time()
        if outcome == "crash":
            self.deadline = now + self.seconds
        if not isinstance(self.to, str) or self.outbox.stopping or now >= self._until():
            self._end(outcome, error)
        elif self.to in engine.names:
            self._try_again()
        else:
            self._last = (outcome, error)
            self._rest(min(0.05, max(self._until() - now, 0.0)))

    def _unclear(self, handler: Handler, outcome: Outcome, error: BaseException) -> None:
        """A handler that may not be repeated was cut short."""
        self._last = (outcome, error)
        engine = self.outbox.engine
        if handler.reconcile is None or engine.loop.time() >= self.deadline:
            self._end("outcome_unknown", error)
            return
        self._stage = "reconciling"
        self._set_timer(self.deadline, self._not_reconciled)
        reconciled(engine, handler.reconcile, self.current(self.attempts), self.message, self._reconciled)

    def _reconciled(self, verdict: bool | None) -> None:  # noqa: FBT001  # an answer
        if self._stage != "reconciling" or self._last is None:
            return
        self._clear_timer()
        outcome, error = self._last
        if verdict is None:
            self._end("outcome_unknown", error)
        elif verdict:
            self._handled(None)
        else:
            self._failed(outcome, error)

    def _not_reconciled(self) -> None:
        self._timer = None
        self._reconciled(None)

    # -- between attempts ----------------------------------------------------------------------

    def _rest(self, seconds: float) -> None:
        self._stage = "resting"
        self.outbox.resting[self] = None
        self._set_timer(self.outbox.engine.loop.time() + seconds, self._rested)

    def _rested(self) -> None:
        self._timer = None
        self.outbox.resting.pop(self, None)
        if self.reported and isinstance(self.to, str) and self.to not in self.outbox.engine.names:
            outcome, error = self._last or ("no_process", NoProcess(self.to))
            self._resume("no_process" if outcome == "crash" else outcome, error)
        else:
            self._try_again()

    def give_up(self) -> None:
        """The System stops, and this one rests: there will be no other attempt."""
        outcome, error = self._last or ("no_process", NoProcess(self.to))
        self._end(outcome, error)

    def cancel(self) -> None:
        """The sender waits no more: what has not begun is withdrawn."""
        if self._stage == "over":
            return
        self._report = None
        attempt = self._attempt
        if attempt is not None:
            attempt.withdraw()
            self._attempt_over(ok=False, counts=False)
        self._leave()

    # -- the end -------------------------------------------------------------------------------

    def _end(self, outcome: Outcome, error: BaseException, *, reason: str | None = None) -> None:
        """It could not be delivered: do what the sender wants done then."""
        self._leave()
        self.outbox.engine.counters.failed += 1
        on_error = self.options.on_error
        if self._journal is not None:
            self._note(outcome, error, 0.0)
            bury(self, self._journal, outcome, error, reason)
            return
        if on_error == "log" or (on_error == "raise" and self.reported):
            self._log(error)
        if outcome == "outcome_unknown":
            self._failed_as("outcome_unknown", error)
        else:
            self._failed_as("ignored" if on_error == "ignore" else "failed", error)

    def _note(self, outcome: Outcome, error: BaseException, delay: float) -> None:
        """One more attempt for the history that a dead letter would have."""
        if self._journal is not None:
            ago = self.outbox.engine.loop.time() - self._tried_at
            self.history = (*self.history, attempt_row(self._journal, ago, outcome, error, delay))

    def buried(self, error: BaseException) -> None:
        """It is among the dead letters."""
        self._failed_as("dead_lettered", error)

    def unburied(self, problem: BaseException) -> None:
        """It could not be made a dead letter: whoever waits gets that as an exception."""
        self._log(problem)
        self._failed_as("failed", problem)

    def _log(self, error: BaseException) -> None:
        shown = self.outbox.engine.reporter.show(self.message)
        log.error(
            "delivery %s of %s to %s failed (%d attempts): %s", self.id, shown, self.to, self.attempts, error
        )

    def _failed_as(self, status: Status, error: BaseException) -> None:
        tell_failed(self, status, error)
        self._tell(status, None, error)

    def _over(self, status: Status, reply: object, error: BaseException | None) -> None:
        self._leave()
        self._tell(status, reply, error)

    def _leave(self) -> None:
        self._stage = "over"
        self._clear_timer()
        self.outbox.resting.pop(self, None)
        if self.own is not None:
            self.own.waiting = None

    def _tell(self, status: Status, reply: object, error: BaseException | None) -> None:
        report, self._report = self._report, None
        if report is not None:
            report(self.record(status, reply, error))

    def record(self, status: Status, reply: object, error: BaseException | None) -> Delivery[object]:
        """What the sender gets."""
        seconds = self.outbox.engine.loop.time() - self.began
        made = self._made_id or self._late_id
        return Delivery(status, self.to, self.pid, self.attempts, reply, error, seconds, made, self.duplicate)

    def _late_id(self) -> str:
        return self.id
