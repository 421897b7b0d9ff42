"""Supervised sends: one outcome each, in time, and true; no attempt beside another or after the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import msgspec

import regrow as rg
from regrow import events
from tests.simulation.oracles.who import Who

NEAR = 1e-9
How: TypeAlias = Literal["done", "stop", "declared", "crash", "cut", "lost"]
"""How a run of a handler ended.

"stop": it was done and had its process stop, whose answer goes out when that has ended in order; "lost": it
dropped its reply handle.
"""


class Run(msgspec.Struct, eq=False):
    """One run of its handler."""

    pid: Who
    attempt: int
    began: float
    how: How | None = None
    ended: float = 0.0


class Sent(msgspec.Struct, eq=False):
    """One send, as its sender and its handlers see it."""

    token: int
    began: float
    until: float
    retries: int
    accepted: bool
    """Its sender waits only until it is in a mailbox."""
    repeatable: bool
    """Its handler may be run again."""
    may_be_unknown: bool
    """Nobody may know what became of it."""
    expires_at: float | None
    runs: list[Run]
    ids: set[str]
    outcome: object = None
    over: float | None = None
    happened: bool = False
    """It was found out that it had happened all the same."""

    def how_often(self, how: How) -> int:
        return sum(run.how == how for run in self.runs)

    def __str__(self) -> str:
        runs = ", ".join(f"{run.how} by {run.pid} {run.began:g}-{run.ended:g}" for run in self.runs)
        return f"send {self.token} ({self.began:g} until {self.until:g}; runs: {runs or 'none'})"


class Sends:
    """All sends of one run.

    Args:
        now: The virtual time.
        violate: Told what is wrong.
        faulty: Whether a handler may be struck before its first line.
    """

    def __init__(
        self, now: Callable[[], float], violate: Callable[[str, str], object], *, faulty: bool
    ) -> None:
        self._now = now
        self._violate = violate
        self._faulty = faulty
        self.all: list[Sent] = []
        self._started: Counter[str] = Counter()
        self._over: Counter[str] = Counter()

    # -- the sender ----------------------------------------------------------------------------

    def send(
        self,
        timeout: float,
        *,
        retries: int = 0,
        accepted: bool = False,
        repeatable: bool = True,
        may_be_unknown: bool = False,
        expires_in: float | None = None,
    ) -> Sent:
        """A send begins."""
        now = self._now()
        sent = Sent(
            len(self.all),
            now,
            now + timeout,
            retries,
            accepted,
            repeatable,
            may_be_unknown,
            None if expires_in is None else now + expires_in,
            [],
            set(),
        )
        self.all.append(sent)
        return sent

    def got(self, sent: Sent, delivery: rg.Delivery[object]) -> None:
        """It has returned a record."""
        self._ended(sent, delivery.status)
        sent.ids.add(delivery.id)
        status = delivery.status
        if len(sent.ids) > 1:
            self._violate("one id", f"{sent} has ids {sent.ids}")
        if status == "handled" and not sent.happened:
            done = sent.how_often("done") + sum(run.how == "stop" for run in sent.runs[-1:])
            self._expect(done == 1, "handled is true", f"{sent} is said to be handled")
            if delivery.reply is not None:
                self._expect(delivery.reply == sent.token, "right answer", f"{sent} got {delivery.reply!r}")
        elif status == "rejected":
            self._expect(
                sent.how_often("declared") == 1 and sent.how_often("done") == 0,
                "rejected is true",
                f"{sent} is said to be rejected: {delivery.error!r}",
            )
        elif status == "outcome_unknown":
            self._expect(sent.may_be_unknown, "unknown is true", f"{sent} is said to be unknown")
        elif status == "accepted":
            self._expect(sent.accepted, "status", f"{sent} is said to be accepted")
        elif delivery.error is not None:
            self._failed(sent, delivery.error)
        if status != "accepted" and delivery.attempts > sent.retries + 1 and not sent.accepted:
            self._violate("retries", f"{sent} was tried {delivery.attempts} times")

    def raised(self, sent: Sent, error: BaseException) -> None:
        """It has raised why it failed."""
        self._ended(sent, error)
        self._failed(sent, error)

    def cancelled(self, sent: Sent) -> None:
        """Its sender waits no more."""
        sent.outcome, sent.over = "cancelled", self._now()

    def _ended(self, sent: Sent, outcome: object) -> None:
        now = self._now()
        self._expect(sent.over is None, "one outcome", f"{sent} was {sent.outcome} and is {outcome}")
        self._expect(now <= sent.until + NEAR, "deadline", f"{sent} ended at {now:g}")
        sent.outcome, sent.over = outcome, now

    def _failed(self, sent: Sent, error: BaseException) -> None:
        done = sent.how_often("done")
        if isinstance(error, rg.errors.DeliveryTimeout):
            in_time = sum(run.how == "done" and run.ended < sent.until - NEAR for run in sent.runs)
            self._expect(not in_time, "failed is true", f"{sent} timed out, and was handled in time")
        elif isinstance(error, rg.errors.NoProcess | rg.errors.ProcessExited | rg.errors.ReplyLost):
            self._expect(done == 0, "failed is true", f"{sent} failed with {error!r}, and was handled")
        elif not isinstance(
            error, rg.errors.CircuitOpen | rg.errors.MailboxStayedFull | rg.errors.DeliveryExpired
        ):
            self._violate("error", f"{sent} failed with {error!r}")
        last = sent.runs[-1] if sent.runs else None
        if last is not None and last.how is None and not isinstance(error, rg.errors.DeliveryTimeout):
            self._violate("failed is true", f"{sent} failed with {error!r} while it ran")

    # -- the handler ---------------------------------------------------------------------------

    def begun(self, token: int, pid: Who, delivery: rg.CurrentDelivery) -> Run:
        """A run of its handler begins."""
        sent = self.all[token]
        sent.ids.add(delivery.id)
        if any(run.how is None for run in sent.runs):
            self._violate("not beside itself", f"{sent} begins again")
        if sent.how_often("done") or sent.how_often("declared"):
            self._violate("handled once", f"{sent} begins again")
        if sent.runs and not sent.repeatable:
            self._violate("not repeatable", f"{sent} begins again")
        if sent.over is not None and not sent.accepted and not self._faulty:
            self._violate("withdrawn", f"{sent} begins after its end: {sent.outcome}")
        if sent.expires_at is not None and self._now() > sent.expires_at + NEAR and not self._faulty:
            self._violate("expired", f"{sent} begins at {self._now():g}")
        if sent.runs and delivery.attempt <= sent.runs[-1].attempt:
            self._violate("attempt", f"{sent} begins as attempt {delivery.attempt} again")
        run = Run(pid, delivery.attempt, self._now())
        sent.runs.append(run)
        return run

    def ended(self, run: Run, how: How) -> None:
        """A run ends."""
        run.how, run.ended = how, self._now()

    # -- the events ----------------------------------------------------------------------------

    def heard(self, event: events.Event) -> None:
        """Of each message that began exactly one end is told."""
        if isinstance(event, events.DeliveryStarted):
            self._started[event.id] += 1
        elif isinstance(event, events.DeliveryHandled | events.DeliveryRejected | events.DeliveryFailed):
            self._over[event.id] += 1

    def under_way(self) -> int:
        """How many may be without an end."""
        return sum(
            sent.outcome == "cancelled"
            or (sent.outcome == "accepted" and not any(self._over[one] for one in sent.ids))
            for sent in self.all
        )

    def check(self, ended: Mapping[Who, object]) -> None:
        """Nothing is under way any more; `ended` are the exit reasons of those who have ended."""
        cancelled = set[str]()
        for sent in self.all:
            self._check_stops(sent, ended)
            if sent.over is None:
                self._violate("one outcome", f"{sent} has none")
            if sent.outcome == "cancelled":
                cancelled |= sent.ids
            if sent.outcome == "accepted":
                ends = self._over[next(iter(sent.ids))]
                self._expect(ends == 1, "accepted comes to an end", f"{sent} was told {ends} ends")
        known = {one for sent in self.all for one in sent.ids}
        for one, ends in self._over.items():
            if ends > 1 or not self._started[one]:
                self._violate("one outcome", f"{one} was told {ends} ends, {self._started[one]} starts")
        silent = [one for one in self._started if not self._over[one] and one in known - cancelled]
        self._expect(not silent, "one outcome", f"no end was told of {silent}")

    def _check_stops(self, sent: Sent, ended: Mapping[Who, object]) -> None:
        """Whoever handles a message and then ends in order has handled it."""
        for run in sent.runs:
            again = run is not sent.runs[-1] or not (
                sent.accepted or sent.outcome in ("handled", "cancelled")
            )
            if (
                run.how == "stop"
                and again
                and ended.get(run.pid) is rg.NORMAL
                and run.ended < sent.until - NEAR
            ):
                self._violate("handled is true", f"{sent} was handled by one that ended normally")

    def _expect(self, holds: object, invariant: str, text: str) -> None:
        if not holds:
            self._violate(invariant, text)
