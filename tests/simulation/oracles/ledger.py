"""Durable messages: what their senders were told and their handlers wrote down, against what is promised.

It knows of the runtime what anybody can see: answers, `rg.current_delivery()`, rows on the disk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias

import msgspec

import regrow as rg
from regrow.core.address import Address

NEAR = 1e-4
"""Seconds: the journal counts in microseconds, and rounds each sum."""

End: TypeAlias = Literal["ok", "rejected", "crash", "lost", "stopped"]
Told: TypeAlias = Literal["nothing", "accepted", "refused"]

DONE = frozenset({"ok", "rejected", "stopped"})
"""Ends after which a message is settled, and never begun again."""


class Start(msgspec.Struct, eq=False):
    """One time that a handler began with a message."""

    boot: int
    process: Address
    at: float
    end: End | None = None
    over: float | None = None
    """When its handler was through, or was cancelled."""


class Sent(msgspec.Struct, eq=False):
    """One message, as its sender sees it and as its handlers do."""

    token: int
    dest: str
    options: dict[str, object]
    once: bool = False
    """Its handler is not repeatable."""
    tracked: bool = True
    """It is durable."""
    kept: bool = False
    """It is for a persistent server: what its handler did counts once it is committed."""
    sender: str = ""
    at: float = 0.0
    boot: int = 0
    told: Told = "nothing"
    id: str | None = None
    number: int | None = None
    """Its row on the disk."""
    opening: int = 0
    """Which opening of the journal accepted it: each has a clock of its own."""
    ends: list[str] = []
    """What its sender was told that became of it."""
    starts: list[Start] = []
    redrives: int = 0
    first_of_redrive: int = 0
    """Starts before its last redrive."""
    asked: list[bool | None] = []
    """What its reconcile hook said, since the last start."""
    gone: str = ""
    """How its row left the live ones, as the disk shows it."""

    def __str__(self) -> str:
        return f"message {self.token} to {self.dest} {self.options or ''}".rstrip()

    @property
    def key(self) -> object:
        return self.options.get("idempotency_key")

    @property
    def lane(self) -> object:
        return self.options.get("ordering_key")

    @property
    def done(self) -> bool:
        """Whether a handler was through with it since the last redrive."""
        return any(start.end in DONE for start in self.starts)


class Ledger:
    """All messages of a run, over all starts of the program.

    Args:
        now: The virtual time.
        violate: Told what is wrong.
        reason_of: The reason with which a process has ended, None if it hasn't.
        slack: Seconds that a handler may be held up before its first line.
    """

    def __init__(
        self,
        now: Callable[[], float],
        violate: Callable[[str, str], object],
        reason_of: Callable[[Address], object],
        *,
        slack: float = 0.0,
    ) -> None:
        self._now = now
        self._reason_of = reason_of
        self._slack = slack + NEAR
        self.exact = not slack
        """Whether every start is written down: no fault strikes a handler before its first line."""
        self.kills: Counter[str] = Counter()
        """How often the holder of a name was killed: perhaps between taking a message and its first line."""
        self.stopped_in: int = 0
        """The last start of the program that was stopped in order: as a kill, but nobody is to blame."""
        self.without_power: set[int] = set()
        """Starts of the program that a power cut has ended: nobody knows who was being handled then."""
        self._violate = violate
        self.look: Callable[[], object] = bool
        """Looks at the disk; else that is done after each step."""
        self.all: dict[int, Sent] = {}
        self.by_id: dict[str, Sent] = {}
        self.boot = 0
        self.rows: dict[int, Sent] = {}
        """What the disk has accepted, by number."""
        self.live: set[int] = set()
        """Numbers that are live on the disk, as last seen."""
        self.openings = 0
        """How often the journal was opened: at each start of the program, and after each of its own ends."""
        self.found_live: set[int] = set()
        """The same as this start of the journal found it."""

    def wrong(self, invariant: str, text: str) -> None:
        self._violate(invariant, text)

    def expect(self, holds: object, invariant: str, text: str) -> None:
        if not holds:
            self._violate(invariant, text)

    # -- senders -------------------------------------------------------------------------------

    def send(self, dest: str, options: dict[str, object], **more: object) -> Sent:
        """A sender is about to send one more."""
        token = len(self.all) + 1
        sent = Sent(token=token, dest=dest, options=options, at=self._now(), boot=self.boot, **more)  # type: ignore[arg-type]
        self.all[token] = sent
        return sent

    def accepted(self, sent: Sent, delivery: rg.Delivery[object]) -> None:
        """Its sender was told that it is accepted, or what became of it."""
        sent.told = "accepted"
        sent.ends.append(delivery.status)
        self.known_as(sent, delivery.id)
        status = delivery.status
        if status == "handled":
            told_so = sent.asked and sent.asked[-1] is True
            ended = {start.end for start in sent.starts}
            if delivery.duplicate:
                self.expect(self.same_key(sent), "G5", f"{sent} is told to be a duplicate, and is none")
            self.expect(
                ended & {"ok", "stopped"} or told_so or delivery.duplicate,
                "handled",
                f"{sent} is told to be handled, and is not",
            )
            if delivery.reply is not None:
                self.expect(delivery.reply == sent.token, "handled", f"{sent} was answered {delivery.reply}")
        elif status == "rejected":
            ended = {start.end for start in sent.starts}
            self.expect("rejected" in ended, "handled", f"{sent} is told to be rejected, and is not")

    def refused(self, sent: Sent, *, surely: bool) -> None:
        """Its sender got an error. `surely`: one that says that it was not accepted."""
        if surely:
            sent.told = "refused"
            self.expect(
                not sent.starts and sent.number is None, "G1", f"{sent} was refused, and accepted as well"
            )

    def all_killed(self) -> None:
        """Everybody is about to be killed: some perhaps between taking a message and its first line."""
        self.kills.update({sent.dest for sent in self.all.values()})

    def all_stopped(self) -> None:
        """Everybody is about to be stopped: some perhaps between taking a message and its first line."""
        self.stopped_in = self.boot

    def taken(self, sent: Sent) -> bool:
        """Whether it may have been taken by somebody who never came to its first line."""
        stopped = sent.boot <= self.stopped_in
        return stopped or bool(self.kills[sent.dest]) or not self.exact

    def known_as(self, sent: Sent, id: str) -> None:
        """Its id, which is the same for ever, and nobody else's."""
        if sent.id is None:
            sent.id = id
            other = self.by_id.setdefault(id, sent)
            self.expect(other is sent, "ids", f"{sent} and {other} have one id")
        self.expect(sent.id == id, "ids", f"{sent} had id {sent.id} and has {id} now")

    def same_key(self, sent: Sent) -> bool:
        """Whether another message with its key was handled."""
        return sent.key is not None and any(
            other is not sent and (other.dest, other.key) == (sent.dest, sent.key) and other.done
            for other in self.all.values()
        )

    # -- handlers ------------------------------------------------------------------------------

    def begun(self, token: int, process: Address, alive: Callable[[Address], bool]) -> Start:
        """A handler begins with it."""
        sent = self.all.get(token)
        delivery = rg.current_delivery()
        assert sent is not None, f"nobody sent {token}"
        assert delivery is not None, f"{sent} came as no delivery"
        self.known_as(sent, delivery.id)
        start = Start(self.boot, process, self._now())
        before = sent.starts
        sent.starts = [*before, start]
        key = sent.key if sent.key is not None else delivery.id
        self.expect(delivery.idempotency_key == key, "key", f"{sent} has key {delivery.idempotency_key}")
        if not sent.tracked:
            return start
        self.expect(sent.told != "refused", "G1", f"{sent} was refused, and is handled")
        if sent.number not in self.live:
            self.look()  # what a commit has let out is handled within the same step
        held_up = not self.exact and "attempt_timeout" in sent.options
        self.expect(
            sent.number in self.live or held_up,
            "G1",
            f"{sent} is handled, and is not live in the journal ({sent.gone})",
        )
        if held_up and delivery.redrives < sent.redrives:
            # Held up before its first line, given up and redriven meanwhile: it belongs to what was before.
            first = sent.first_of_redrive
            sent.starts = [*before[:first], start, *before[first:]]
            sent.first_of_redrive += 1
            return start
        self.expect(
            delivery.redrives == sent.redrives, "G9", f"{sent} says it was redriven {delivery.redrives}"
        )
        self._check_repeat(sent, before, alive)
        self._check_time(sent, start)
        self._check_lane(sent)
        failures = len(before) - sent.first_of_redrive + _timeouts(sent, before) + self.kills[sent.dest]
        self.expect(
            delivery.attempt <= 1 + failures or not self.exact,
            "G4",
            f"{sent} is at attempt {delivery.attempt}, after at most {failures} failures",
        )
        sent.asked = []
        return start

    def _check_repeat(self, sent: Sent, before: list[Start], alive: Callable[[Address], bool]) -> None:
        """G4 and G6: it may begin again only for a reason."""
        since = before[sent.first_of_redrive :]
        if not since:
            return
        last = since[-1]
        if last.boot == self.boot:
            if last.over is None and alive(last.process):
                self.wrong("G4", f"{sent} is begun twice at once in {last.process}")
            # Its answer goes out when it has stopped: who is killed on the way there has not answered.
            cut = last.end == "stopped" and self._reason_of(last.process) is rg.KILLED
            if last.end in DONE and not cut and not (sent.kept and not alive(last.process)):
                self.wrong("G4", f"{sent} was {last.end}, and begins again")
        elif sent.number not in self.found_live:
            self.wrong("G4", f"{sent} was settled before this start, and begins again")
        if sent.once and not self.without_power.intersection(range(last.boot, self.boot)):
            said_no = bool(sent.asked) and sent.asked[-1] is False
            self.expect(said_no, "G6", f"{sent} is not repeatable, and begins again (asked: {sent.asked})")

    def _check_time(self, sent: Sent, start: Start) -> None:
        """Not before its delay, not after its expiry, if one clock can tell."""
        if sent.opening != self.openings or sent.redrives:
            return
        delay = sent.options.get("delay")
        if isinstance(delay, float):
            self.expect(start.at >= sent.at + delay - NEAR, "delay", f"{sent} begins at {start.at:g}")
        expires = sent.options.get("expires_in")
        if isinstance(expires, float):
            self.expect(
                start.at <= sent.at + expires + self._slack, "expiry", f"{sent} begins at {start.at:g}"
            )

    def _check_lane(self, sent: Sent) -> None:
        """G7: whatever was accepted before it in its lane is over."""
        if sent.lane is None or sent.redrives:
            return
        self.look()  # the commit that ends the one before may let it begin within the same step
        assert sent.number is not None
        for number in self.live:
            other = self.rows[number]
            if (
                number < sent.number
                and (other.dest, other.lane) == (sent.dest, sent.lane)
                and not other.redrives
            ):
                self.wrong("G7", f"{sent} begins before {other} is over")
        for other in self.all.values():
            earlier = other.sender == sent.sender and other.token < sent.token and not other.starts
            same = (other.dest, other.lane, other.boot) == (sent.dest, sent.lane, sent.boot)
            if earlier and same and other.told == "accepted" and not other.redrives and not other.gone:
                self.wrong("G7", f"{sent} begins before {other}, which {sent.sender} sent first")

    # -- the disk ------------------------------------------------------------------------------

    def on_disk(self, number: int, token: int, id: str) -> None:
        """A row was accepted."""
        sent = self.all.get(token)
        assert sent is not None, f"nobody sent {token}, which is in the journal"
        self.expect(sent.number is None, "G3", f"{sent} was accepted twice: {sent.number}, {number}")
        self.expect(sent.told != "refused", "G1", f"{sent} was refused, and is in the journal")
        sent.number = number
        sent.opening = self.openings
        self.rows[number] = sent
        self.known_as(sent, id)

    def booted(self, live: Iterable[int]) -> None:
        """A start of the journal begins with these."""
        self.openings += 1
        self.live = set(live)
        self.found_live = set(self.live)


def _timeouts(sent: Sent, before: list[Start]) -> int:
    """Failed attempts beside the starts: one that took too long counts while it runs."""
    limit = sent.options.get("attempt_timeout")
    if not isinstance(limit, float):
        return 0
    since = before[sent.first_of_redrive :]
    return sum(1 for one in since if one.over is None or one.over - one.at >= limit - NEAR)
