"""What the end of a hand-out means for its delivery, and the operation that writes it down."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias, final

from msgspec.structs import replace

from regrow.core.reasons import KILLED, NORMAL, SHUTDOWN, ExitReason, Shutdown
from regrow.core.texts import writable
from regrow.delivery.journal.causes import Cause, cause_of_error, cause_of_exit
from regrow.delivery.journal.clock import micros
from regrow.delivery.journal.operations import Bury, Discard, Operation, Retry, Settle
from regrow.delivery.journal.owed import BEGUN, OUT, OVER, WAITING, Owed
from regrow.delivery.journal.rows import Attempt, Live, Outcome, Reason
from regrow.delivery.journal.units import Kept, Settled
from regrow.delivery.journal.waits import End
from regrow.delivery.reconcile import reconciled
from regrow.errors import CallTimeout, HandOutLost, NoProcess, ProcessExited, ReplyLost
from regrow.runtime.items import Receipt, Request
from regrow.runtime.process import DEAD

if TYPE_CHECKING:
    from regrow.core.messages import Message
    from regrow.delivery.journal.desk import Desk
    from regrow.delivery.journal.recipients import Recipient

__all__ = ("Outcomes",)

CUT_SHORT: Final = "its handler was cut short, and nobody knows how far it came"
Ended: TypeAlias = "tuple[Owed, object, BaseException | None]"


@final
class Outcomes:
    """Reads the ends of hand-outs. What must not be lost is written again after a failed commit."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    # -- ends, in the order they came ----------------------------------------------------------

    def write(self, ended: deque[Ended]) -> None:
        """Write down all of these; those that were handled in one unit."""
        desk = self._desk
        now = desk.engine.loop.time()
        settled: list[tuple[Owed, End, object, BaseException | None]] = []
        while ended:
            owed, result, error = ended.popleft()
            recipient = owed.recipient
            assert recipient is not None
            self._out_no_more(owed, recipient)
            if not recipient.dirty:
                desk.look_at(recipient)
            if owed.timer is not None:
                owed.timer.cancel()
                owed.timer = None
            if owed.given_up and desk.owed.get(owed.live.id) is owed:
                self._record(owed, now, ok=False)  # its burial is still to be committed, and tells its sender
            elif owed.settled or desk.owed.get(owed.live.id) is not owed:
                # Settled elsewhere, or buried while its handler still ran, and perhaps redriven since.
                self._record(owed, now, ok=owed.settled)
                self._tell(owed, result, error)
            elif error is None:
                self._record(owed, now, ok=True)
                settled.append((owed, "handled", result, None))
            else:
                self._failed(owed, error, now, settled)
        if settled:
            operations = [Settle(owed.live.id, _has_history(owed.live)) for owed, _, _, _ in settled]
            desk.writer.add(operations, Settled(desk, settled))

    def _out_no_more(self, owed: Owed, recipient: Recipient) -> None:
        recipient.out -= 1
        if recipient.in_line is owed:
            recipient.in_line = None
        if not recipient.out and owed.target is not None:
            pacer = self._desk.pacers.known(owed.target)
            if pacer is not None:
                pacer.busy.discard(recipient)

    def _tell(self, owed: Owed, result: object, error: BaseException | None) -> None:
        """A persistent server has settled it; its answer has come now."""
        self._desk.free_slot(owed)
        if owed.wait is None:
            return
        attempts = owed.live.attempts + owed.live.crashes + 1
        owed.wait.duplicate = isinstance(owed.item, Request) and owed.item.duplicate
        if error is None or isinstance(error, ProcessExited):
            owed.wait.tell("handled", attempts, result)
        else:
            owed.wait.tell("rejected", attempts, None, error)

    def _record(self, owed: Owed, now: float, *, ok: bool) -> None:
        """Tell breaker and pacer of a handler that has ended."""
        desk = self._desk
        if owed.permit:
            breaker = desk.breakers.get(owed.live.dest)
            if breaker is not None:
                breaker.record(owed.permit, now, ok, now - owed.begun_at if owed.has_begun else 0.0)
        if owed.live.crashes:
            self._free_suspects(owed)

    def _free_suspects(self, owed: Owed) -> None:
        assert owed.target is not None
        for other in self._desk.pacers.of(owed.target).ended(owed):
            if other.state == WAITING and other.recipient is not None:
                other.recipient.push(other)
                self._desk.look_at(other.recipient)

    def _failed(
        self,
        owed: Owed,
        error: BaseException,
        now: float,
        settled: list[tuple[Owed, End, object, BaseException | None]],
    ) -> None:
        target = owed.target
        assert target is not None
        crashed = False
        if isinstance(error, ProcessExited) and error.target is target and target.status == DEAD:
            if not owed.has_begun or owed.returned or _put_down(owed, error.reason):
                self._released(owed, now)
            elif error.reason is NORMAL or (isinstance(owed.item, Request) and owed.item.handled):
                self._record(owed, now, ok=True)
                settled.append((owed, "handled", None, None))
            else:
                crashed = True
                self._crashed(owed, error, now)
        elif isinstance(error, NoProcess) and target.status == DEAD:
            self._released(owed, now)
        elif isinstance(error, HandOutLost | ReplyLost):
            self._record(owed, now, ok=False)
            cause = cause_of_error(error)
            if owed.has_begun and not owed.repeatable:
                self._unknown(owed, cause, self._attempt(owed, "error", cause))
            else:
                self._attempted(owed, "error", cause, error)
        else:
            self._record(owed, now, ok=not self._counts(owed, error))
            settled.append((owed, "rejected", None, error))
        if not crashed:
            self._desk.unslot(owed)

    def _counts(self, owed: Owed, error: BaseException) -> bool:
        """Whether a declared exception counts as a failure for the breaker."""
        breaker = self._desk.breakers.get(owed.live.dest)
        kinds = None if breaker is None else breaker.settings.failures
        return kinds is not None and isinstance(error, kinds)

    def _released(self, owed: Owed, now: float) -> None:
        """Its process ended without it, or for reasons of others: back to its place, nothing is counted."""
        desk = self._desk
        if owed.permit:
            breaker = desk.breakers.get(owed.live.dest)
            if breaker is not None:
                breaker.release(owed.permit, now)
        if owed.live.crashes:
            self._free_suspects(owed)
        if owed.has_begun and not owed.repeatable:
            self._unknown(owed, Cause(error="its process was stopped before it had handled it"), None)
            return
        desk.books.let_go(owed.live)
        desk.again(owed, owed.live)

    # -- failures ------------------------------------------------------------------------------

    def timed_out(self, owed: Owed) -> None:
        """`attempt_timeout` is over and its handler still runs: noted now, its end is waited for."""
        owed.timer = None
        if owed.state != BEGUN:
            return
        live = owed.live
        target = owed.target
        assert target is not None
        assert live.attempt_timeout is not None
        item = owed.item
        message = item.message if isinstance(item, Request) else live.type
        error = CallTimeout(target, message, live.attempt_timeout)
        now = self._desk.engine.loop.time()
        self._record(owed, now, ok=False)
        owed.permit = 0
        cause = Cause(error_type=type(error).__qualname__, error=writable(str(error)))
        attempts = live.attempts + 1
        owed.noted = True
        # What is dead may be tried again: not what must not run twice, and runs.
        if attempts >= live.max_attempts and owed.repeatable:
            owed.live = replace(live, attempts=attempts)
            owed.given_up = True
            self._over(owed, "max_attempts", cause, self._attempt(owed, "timeout", cause), error)
            return
        attempt = self._attempt(owed, "timeout", cause)
        owed.live = replace(live, attempts=attempts)
        self._retry(owed.live, attempt, None)

    def _attempted(self, owed: Owed, outcome: Outcome, cause: Cause, error: BaseException) -> None:
        live = owed.live
        attempts = live.attempts + 1
        delay = owed.pause(attempts, self._desk.engine.ports.random("backoff"))
        attempt = self._attempt(owed, outcome, cause, delay)
        if attempts >= live.max_attempts:
            owed.live = replace(live, attempts=attempts)
            self._over(owed, "max_attempts", cause, attempt, error)
            return
        desk = self._desk
        due_us = desk.clock.now_us() + micros(delay)
        live = replace(live, attempts=attempts, due_us=due_us)
        desk.books.again(live, delay, cause)
        self._again(owed, live, attempt)

    def _crashed(self, owed: Owed, error: ProcessExited, now: float) -> None:
        """Its handler, or what it left behind, killed the process."""
        desk = self._desk
        cause = cause_of_exit(error.reason)
        live = owed.live
        assert owed.target is not None
        self._record(owed, now, ok=False)
        at = desk.gate.pacer_of(owed.target).crashed(now)
        crashes = live.crashes + 1
        attempt = self._attempt(owed, "crash", cause, at - now)
        owed.live = replace(live, crashes=crashes)
        desk.books.crashed(owed.live, cause)
        if not owed.repeatable:
            self._unknown(owed, cause, attempt)
        elif crashes >= live.max_crashes:
            self._over(owed, "crash_loop", cause, attempt, error)
        else:
            desk.books.again(owed.live, at - now, cause)
            self._again(owed, replace(owed.live, due_us=desk.clock.at_us(at)), attempt)

    def expired(self, id: int) -> None:
        """Nobody wants it any more, unless its handler runs already, or has run and nobody knows how far."""
        owed = self._desk.owed.get(id)
        if owed is None or owed.state == BEGUN or owed.unknown:
            return
        owed.expiry = None
        was_out = owed.state not in (WAITING, OVER)
        if owed.state == OVER:
            return  # its next hand-out, if there is one, is looked at when it is taken in
        owed.state = OVER
        recipient = owed.recipient
        if was_out and recipient is not None:
            self._out_no_more(owed, recipient)
            if isinstance(owed.item, Receipt):
                owed.item.withdrawn = True
            if owed.live.crashes:
                self._free_suspects(owed)
            self._desk.look_at(recipient)
        self._over(owed, "expired", Cause(error="its expires_in was over before it was handled"), None, None)

    def unreadable(self, owed: Owed, error: BaseException) -> None:
        """Its recipient's class can't read it (any more): the bytes are kept."""
        owed.state = OVER
        self._over(owed, "decode_error", cause_of_error(error), None, error)

    def _unknown(self, owed: Owed, cause: Cause, attempt: Attempt | None) -> None:
        """A handler that must not run twice began, and nobody knows how far it came: ask, or give it up."""
        if owed.reconcile is None:
            self._over(owed, "outcome_unknown", cause, attempt, None)
        else:
            self._retry(owed.live, attempt, partial(self._desk.again, owed, owed.live, unknown=True))

    def ask(self, owed: Owed, message: Message) -> None:
        """Its handling was cut short in an earlier process: ask its `reconcile` what became of it."""
        owed.state = OUT
        if owed.reconcile is None:
            owed.state = OVER
            self._over(owed, "outcome_unknown", Cause(error=CUT_SHORT), None, None)
            return
        assert owed.recipient is not None
        owed.recipient.out += 1
        verdict = partial(self._answered, owed)
        reconciled(self._desk.engine, owed.reconcile, owed.current(), message, verdict)

    def _answered(self, owed: Owed, answer: bool | None) -> None:  # noqa: FBT001  # what the hook said
        desk = self._desk
        owed.state = OVER
        assert owed.recipient is not None
        owed.recipient.out -= 1
        desk.look_at(owed.recipient)
        if owed.live.id not in desk.owed:
            return
        if answer is None:
            self._over(owed, "outcome_unknown", Cause(error=CUT_SHORT), None, None)
        elif answer:
            history = _has_history(owed.live)
            settled = Settled(desk, [(owed, "handled", None, None)])
            desk.writer.add((Settle(owed.live.id, history),), settled)
        elif owed.live.crashes >= owed.live.max_crashes:
            self._over(owed, "crash_loop", Cause(error=CUT_SHORT), None, None)
        else:
            desk.again(owed, owed.live)

    # -- what is written -----------------------------------------------------------------------

    def settled(self, owed: Owed) -> None:
        """Its `Settle` was committed elsewhere."""
        self._desk.books.done(owed, "handled", None)
        owed.settled = True
        if owed.state not in (OUT, BEGUN):  # its process has ended meanwhile: no answer will come
            owed.state = OVER
            self._tell(owed, None, None)

    def _again(self, owed: Owed, live: Live, attempt: Attempt) -> None:
        """Written down first, then tried again: a failure that nobody remembers doesn't count."""
        self._retry(live, attempt, partial(self._desk.again, owed, live))

    def _retry(self, live: Live, attempt: Attempt | None, then: partial[None] | None) -> None:
        operation = Retry(live.id, live.due_us, live.attempts, live.crashes, attempt)
        self._desk.writer.add((operation,), Kept(then))

    def _over(
        self,
        owed: Owed,
        reason: Reason,
        cause: Cause,
        attempt: Attempt | None,
        error: BaseException | None,
    ) -> None:
        """It will not be tried again: a dead letter, or a counted discard where the sender wanted that."""
        desk = self._desk
        live = owed.live
        operation: Operation
        if live.discard and reason != "outcome_unknown":
            operation = Discard(live.id)
            end: End = "ignored"
        else:
            burial = desk.books.burial(live, reason, cause)
            operation = Bury(live.id, live.attempts, live.crashes, burial, attempt)
            end = "outcome_unknown" if reason == "outcome_unknown" else "dead_lettered"
        desk.writer.add((operation,), Kept(partial(self._buried, owed, end, reason, cause, error)))

    def _buried(
        self, owed: Owed, end: End, reason: Reason, cause: Cause, error: BaseException | None
    ) -> None:
        desk = self._desk
        current = desk.owed.get(owed.live.id)
        if current is None:
            return  # settled meanwhile, with the turn of a persistent server
        desk.forget(current)
        desk.books.over(owed, end, reason, cause)
        if owed.wait is not None:
            owed.wait.tell(end, owed.live.attempts + owed.live.crashes, None, error)

    def _attempt(self, owed: Owed, outcome: Outcome, cause: Cause, delay: float = 0.0) -> Attempt:
        desk = self._desk
        now_us = desk.clock.now_us()
        return Attempt(
            boot=desk.books.boot,
            started_us=desk.clock.at_us(owed.begun_at) if owed.has_begun else now_us,
            ended_us=now_us,
            outcome=outcome,
            error_type=cause.error_type,
            error=cause.error,
            trace=cause.trace,
            delay_us=micros(delay),
        )


def _has_history(live: Live) -> bool:
    return bool(live.attempts or live.crashes or live.redrives)


def _put_down(owed: Owed, reason: ExitReason) -> bool:
    """Whether its process was stopped from above, and not because of it."""
    if reason is SHUTDOWN or isinstance(reason, Shutdown):
        return True
    extras = owed.target.extras if owed.target is not None else None
    return reason is KILLED and extras is not None and extras.put_down
