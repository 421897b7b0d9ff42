"""A supervised send under way: attempts, back-off, what follows from each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias, final

from regrow.core.messages import CallMessage, Message
from regrow.core.reasons import NORMAL
from regrow.delivery.attempt import Attempt
from regrow.delivery.ends import Ends, Report
from regrow.delivery.parcel import Parcel
from regrow.delivery.reconcile import handler_of, reconciled
from regrow.delivery.telling import tell_accepted, tell_retried, tell_started
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
from regrow.runtime.process import DEAD, Process

if TYPE_CHECKING:
    from regrow.core.handler import Handler
    from regrow.delivery.journal.rows import Outcome
    from regrow.resilience.breaker import Breaker
    from regrow.runtime.engine import Engine
    from regrow.runtime.timers import Timer

__all__ = ("Sending",)

Stage: TypeAlias = Literal["new", "trying", "resting", "reconciling", "over"]
BETWEEN_LOOKS = 0.05
"""Seconds between two looks whether the name of an accepted message has somebody again."""


@final
class Sending(Ends):
    """One message on its way to one recipient. It has no task: it goes on when it is told something.

    The sender is told once: of the end, or, at `ack="accepted"`, when the message is in a mailbox. What
    comes after that is its own affair.
    """

    __slots__ = (
        "_attempt",
        "_breaker",
        "_engine",
        "_last",
        "_permit",
        "_retries_left",
        "_stage",
        "_timed_elsewhere",
        "_timer",
        "own",
    )

    def __init__(self, parcel: Parcel, report: Report, *, timed_elsewhere: bool = False) -> None:
        super().__init__(parcel, report)
        self._timed_elsewhere = timed_elsewhere
        self.own: Process | None = None
        """The sender, if its own task waits."""
        self._engine: Engine = parcel.outbox.engine
        self._attempt: Attempt | None = None
        self._breaker: Breaker | None = None
        self._permit: int = 0
        self._last: tuple[Outcome, BaseException] | None = None
        self._retries_left: int = parcel.options.retries
        self._stage: Stage = "new"
        self._timer: Timer | None = None

    # -- begin ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Make the first attempt, or wait for the delay to be over.

        Raises:
            WrongServer, UnknownCall, WrongKind, NotAMessage: The recipient can't handle it.
            CallToSelf, CallCycle: It would wait for itself.
            ZombieProcess: The sender has ended.
        """
        self._begin()
        delay = self.parcel.options.delay
        if delay:
            self._rest(delay)
            return
        try:
            self._try()
        except BaseException:
            self._leave()
            self._engine.counters.failed += 1
            raise

    def adopt(self, process: Process, permit: int, breaker: Breaker | None) -> Attempt:
        """A hand-off was its first attempt, and did not just return."""
        self._begin()
        self.attempts: int = 1
        self.pid: Process | None = process
        self._breaker, self._permit = breaker, permit
        self._stage = "trying"
        self._attempt = attempt = Attempt(self, process, 1, self.tried_at, begun=True, placed=True)
        self._time_attempt(attempt)
        self._wait_for(process)
        return attempt

    def refuse(self, error: RegrowError) -> None:
        """It is not sent at all."""
        self._begin()
        self._end("error", error)

    def _begin(self) -> None:
        caller = self.parcel.source
        if caller is not None:
            if caller.extras is not None and caller.extras.zombie:
                raise ZombieProcess(caller)
            waits = self.parcel.options.ack == "handled"
            if waits and caller.task is not None and asyncio.current_task() is caller.task:
                self.own = caller
        self._engine.counters.sent += 1
        tell_started(self)

    # -- an attempt ----------------------------------------------------------------------------

    def _try(self) -> None:
        self._stage = "trying"
        self.attempts += 1
        to = self.parcel.to
        process = self._engine.names.get(to) if isinstance(to, str) else to
        self.tried_at: float = self._engine.loop.time()
        if process is None or process.status == DEAD:
            self._failed("no_process", NoProcess(to))
            return
        if isinstance(self.parcel.message, Message):
            process.blueprint.entry(self.parcel.message)
        self._wait_for(process)
        if not self._admitted(process, self.tried_at):
            return
        self.pid = process
        self._attempt = attempt = Attempt(self, process, self.attempts, self.tried_at)
        self._time_attempt(attempt)
        attempt.put()

    def _try_again(self) -> None:
        """The same, with nobody on the stack."""
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
            raise CallToSelf(process, self.parcel.message)
        self._engine.calls.check_cycle(own, process)
        own.waiting = process

    def refusal(self, process: Process) -> CircuitOpen | None:
        """Why its breaker would let nothing through now, None if it would."""
        breaker = self.parcel.outbox.breaker_of(process.name or process)
        if self.parcel.options.breaker is False or breaker is None or breaker.permit:
            return None
        now = self._engine.loop.time()
        return breaker.refusal(str(self.parcel.to), now) if now < breaker.retry_at else None

    def _admitted(self, process: Process, now: float) -> bool:
        settings = self.parcel.options.breaker
        if settings is False:
            return True
        breaker = self.parcel.outbox.breakers.breaker_for(process.name or process, settings)
        permit = breaker.permit or breaker.acquire(now)
        if not permit:
            self._end("circuit_open", breaker.refusal(str(self.parcel.to), now))
            return False
        self._breaker, self._permit = breaker, permit
        return True

    def _time_attempt(self, attempt: Attempt) -> None:
        limit = self.parcel.options.attempt_timeout
        until = self.parcel.until if limit is None else min(self.parcel.until, attempt.began + limit)
        if not self._timed_elsewhere or until < self.parcel.deadline:
            self._set_timer(until, self.late)

    def _set_timer(self, at: float, call: Callable[[], object]) -> None:
        self._clear_timer()
        self._timer = self._engine.timers.internal(at - self._engine.loop.time(), call)

    def _clear_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # -- what an attempt tells -----------------------------------------------------------------

    def entered(self) -> None:
        """It is in the mailbox."""
        if self.parcel.options.ack != "accepted" or self.reported:
            return
        self._clear_timer()
        if self.parcel.expires_at is not None:
            self._set_timer(self.parcel.expires_at, self.late)
        tell_accepted(self)
        self.tell("accepted", None, None)

    def answered(self, attempt: Attempt, result: object) -> None:
        """The handler has returned."""
        if attempt is self._attempt:
            self._attempt_over(ok=True)
            self._leave()
            reply = result if isinstance(self.parcel.message, CallMessage) else None
            self.handled(reply, duplicate=attempt.request is not None and attempt.request.duplicate)

    def ended(self, attempt: Attempt, error: BaseException) -> None:
        """The handler has answered with an exception, or the process has ended."""
        if attempt is not self._attempt:
            return
        about_target = getattr(error, "target", None) is attempt.target
        if isinstance(error, ProcessExited) and about_target:
            if attempt.was_handled(error.reason is NORMAL):
                self.answered(attempt, None)
            else:
                self._broken("crash", error, begun=attempt.begun)
        elif isinstance(error, NoProcess) and about_target:
            self._broken("no_process", error, begun=False)
        elif isinstance(error, ReplyLost):
            self._broken("error", error, begun=True)
        elif not attempt.begun:
            self._broken("mailbox_full", error, begun=False)
        else:
            self._answered_by(error)

    def late(self) -> None:
        """The time of the attempt is over, or nobody wants the message any more."""
        self._timer = None
        attempt = self._attempt
        if attempt is None or attempt.over:
            return
        parcel = self.parcel
        target = attempt.target
        now = self._engine.loop.time()
        if attempt.begun and (self.reported or now < parcel.deadline):
            if not self.reported:
                self._set_timer(parcel.deadline, self.late)
            return  # it may still run: wait for it
        attempt.withdraw()
        if parcel.expires_at is not None and now >= parcel.expires_at and not attempt.begun:
            self._attempt_over(ok=False)
            expired = DeliveryExpired(target, parcel.message, parcel.options.expires_in or 0.0)
            self._end("timeout", expired, expired=True)
        elif not attempt.placed:
            self._broken(
                "mailbox_full", MailboxStayedFull(target, target.room, now - attempt.began), begun=False
            )
        else:
            error = DeliveryTimeout(target, parcel.message, now - attempt.began, started=attempt.begun)
            self._broken("timeout", error, begun=attempt.begun)

    def _attempt_over(self, *, ok: bool, counts: bool = True) -> None:
        """It tells the breaker, and nobody waits for its process any more."""
        self._clear_timer()
        attempt, self._attempt = self._attempt, None
        breaker, self._breaker = self._breaker, None
        if breaker is not None:
            now = self._engine.loop.time()
            if counts:
                breaker.record(self._permit, now, ok, now - attempt.began if attempt is not None else 0.0)
            else:
                breaker.release(self._permit, now)
        if self.own is not None:
            self.own.waiting = None

    # -- what follows from it ------------------------------------------------------------------

    def _answered_by(self, error: BaseException) -> None:
        """The handler has raised what it declares: an answer, and a failure only where that is said."""
        named = self._breaker.settings.failures if self._breaker is not None else None
        self._attempt_over(ok=named is None or not isinstance(error, named))
        self._leave()
        self.rejected(error)

    def _broken(self, outcome: Outcome, error: BaseException, *, begun: bool) -> None:
        """An attempt came to nothing, or nobody knows to what."""
        self._attempt_over(ok=False)
        handler = handler_of(self.parcel.message, self.pid) if begun else None
        if handler is not None and not handler.repeatable:
            self._unclear(handler, outcome, error)
        elif self.reported and not begun:
            self._pass_on(outcome, error)
        else:
            self._failed(outcome, error)

    def _failed(self, outcome: Outcome, error: BaseException) -> None:
        self._last = (outcome, error)
        parcel = self.parcel
        gone = isinstance(parcel.to, Process) and parcel.to.status == DEAD
        if self._retries_left <= 0 or gone or parcel.outbox.stopping:
            self._end(outcome, error)
            return
        now = self._engine.loop.time()
        if self.reported:
            parcel.deadline = max(parcel.deadline, now + parcel.seconds)
        delay = parcel.options.backoff.delay(self.attempts, self._engine.ports.random("delivery.backoff"))
        if now + delay >= parcel.until:
            self._end(outcome, error)
            return
        self._retries_left -= 1
        self.note(outcome, error, delay)
        self._engine.counters.retried += 1
        tell_retried(self, delay, error)
        self._rest(delay)

    def _pass_on(self, outcome: Outcome, error: BaseException) -> None:
        """An accepted message was not begun: it is for the next incarnation, if there is going to be one."""
        parcel = self.parcel
        now = self._engine.loop.time()
        if outcome == "crash":
            parcel.deadline = now + parcel.seconds
        if not isinstance(parcel.to, str) or parcel.outbox.stopping or now >= parcel.until:
            self._end(outcome, error)
        elif parcel.to in self._engine.names:
            self._try_again()
        else:
            self._last = (outcome, error)
            self._rest(BETWEEN_LOOKS)

    def _unclear(self, handler: Handler, outcome: Outcome, error: BaseException) -> None:
        """A handler that may not be repeated was cut short."""
        self._last = (outcome, error)
        if self.reported:
            self.parcel.deadline = self._engine.loop.time() + self.parcel.seconds
        if handler.reconcile is None or self._engine.loop.time() >= self.parcel.deadline:
            self._end("outcome_unknown", error)
            return
        self._stage = "reconciling"
        self._set_timer(self.parcel.deadline, partial(self._reconciled, None))
        delivery = self.parcel.current(self.attempts)
        reconciled(self._engine, handler.reconcile, delivery, self.parcel.message, self._reconciled)

    def _reconciled(self, verdict: bool | None) -> None:  # noqa: FBT001  # an answer
        if self._stage != "reconciling" or self._last is None:
            return
        self._clear_timer()
        outcome, error = self._last
        if verdict is None:
            self._end("outcome_unknown", error)
        elif verdict:
            self._leave()
            self.handled(None)
        else:
            self._failed(outcome, error)

    def _rest(self, seconds: float) -> None:
        self._stage = "resting"
        self.parcel.outbox.resting[self] = None
        self._set_timer(self._engine.loop.time() + seconds, self._rested)

    def _rested(self) -> None:
        self._timer = None
        to = self.parcel.to
        self.parcel.outbox.resting.pop(self, None)
        if self.reported and isinstance(to, str) and to not in self._engine.names:
            outcome, error = self._last or ("no_process", NoProcess(to))
            self._pass_on("no_process" if outcome == "crash" else outcome, error)
        else:
            self._try_again()

    def give_up(self) -> None:
        """The System stops, and this one rests: there will be no other attempt."""
        self._end(*(self._last or ("no_process", NoProcess(self.parcel.to))))

    def cancel(self) -> None:
        """The sender waits no more: what has not begun is withdrawn."""
        if self._stage == "over":
            return
        self.forget_sender()
        if self._attempt is not None:
            self._attempt.withdraw()
            self._attempt_over(ok=False, counts=False)
        self._leave()

    def _end(self, outcome: Outcome, error: BaseException, *, expired: bool = False) -> None:
        self._leave()
        self.failed(outcome, error, expired=expired)

    def _leave(self) -> None:
        self._stage = "over"
        self._clear_timer()
        self.parcel.outbox.resting.pop(self, None)
        if self.own is not None:
            self.own.waiting = None
