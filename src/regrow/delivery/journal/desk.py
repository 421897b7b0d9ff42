"""The desk: takes what the journal owes to its recipients, one queue for each name."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, final

from regrow.delivery.journal.at_once import AtOnce
from regrow.delivery.journal.gate import Gate
from regrow.delivery.journal.handing import Handing
from regrow.delivery.journal.outcomes import Outcomes
from regrow.delivery.journal.owed import BEGUN, OVER, WAITING, Owed
from regrow.delivery.journal.pacing import Pacers
from regrow.delivery.journal.recipients import Recipient
from regrow.resilience.breakers import breakers_of
from regrow.resilience.retry import ExponentialBackoff
from regrow.runtime.process import DEAD, STOPPING

if TYPE_CHECKING:
    from regrow.delivery.journal.books import Books
    from regrow.delivery.journal.clock import JournalClock
    from regrow.delivery.journal.rows import Live
    from regrow.delivery.journal.slots import Slots
    from regrow.delivery.journal.writer import Writer
    from regrow.resilience.breakers import BreakerTable
    from regrow.resilience.breakers import Recipient as Guarded
    from regrow.runtime.engine import Engine
    from regrow.runtime.timers import Timer

__all__ = ("Desk",)

PER_TURN: Final = 256
"""Hand-outs after which everything else on the loop gets its turn."""


@final
class Desk:
    """Hands out what is owed, as fast as recipients take it, and has their answers written down.

    It runs in callbacks of the loop, each short. Nothing is polled: names tell when they are taken,
    hand-outs when they end, breakers when they change, and one heap of timers knows what is due.
    """

    __slots__ = (
        "_armed",
        "_crash",
        "_dirty",
        "_ended",
        "at_once",
        "backoff",
        "books",
        "breakers",
        "clock",
        "concurrency",
        "emptied",
        "engine",
        "gate",
        "handing",
        "next_id",
        "outcomes",
        "owed",
        "pacers",
        "recipients",
        "slots",
        "stopped",
        "writer",
    )

    def __init__(
        self,
        *,
        engine: Engine,
        writer: Writer,
        clock: JournalClock,
        slots: Slots,
        books: Books,
        concurrency: int,
        aliases: Mapping[str, str],
        next_id: Callable[[], int],
        crash: Callable[[BaseException], object],
    ) -> None:
        self._crash = crash
        self.engine: Engine = engine
        self.writer: Writer = writer
        self.clock: JournalClock = clock
        self.slots: Slots = slots
        self.books: Books = books
        self.concurrency: int = concurrency
        self.next_id: Callable[[], int] = next_id
        self.backoff: ExponentialBackoff = ExponentialBackoff()
        self.pacers: Pacers = Pacers()
        self.breakers: BreakerTable = breakers_of(engine)
        self.recipients: dict[str, Recipient] = {}
        self.owed: dict[int, Owed] = {}
        """What is live and known here, by number."""
        self.emptied: list[asyncio.Future[None]] = []
        """Who wants to know when nothing is owed, or never will be settled here."""
        self.gate: Gate = Gate(self)
        self.at_once: AtOnce = AtOnce(self)
        self.handing: Handing = Handing(self, aliases)
        self.outcomes: Outcomes = Outcomes(self)
        self._dirty: deque[Recipient] = deque()
        self._ended: deque[tuple[Owed, object, BaseException | None]] = deque()
        self._armed = False
        self.stopped: bool = False
        """Whether it hands out nothing any more."""
        engine.registry.listeners.append(self._named)
        self.breakers.watch(self._breaker_changed)

    # -- taking in -----------------------------------------------------------------------------

    def accepted(self, live: Live) -> None:
        """A delivery is in the journal: it was accepted by other means than a send, or revived."""
        if live.id not in self.owed:
            self.take(Owed(live=live, place=self.next_id(), desk=self))

    def take(self, owed: Owed) -> None:
        """A delivery is in the journal: from now on it is owed."""
        live = owed.live
        recipient = self.recipient_of(live.dest)
        owed.recipient = recipient
        recipient.owed += 1
        self.owed[live.id] = owed
        self.books.taken(owed)
        if live.expires_us is not None:
            owed.expiry = self._at(live.expires_us, lambda: self.outcomes.expired(live.id))
        if live.lane is None or recipient.enter(owed):
            self.put(owed)

    def recipient_of(self, name: str) -> Recipient:
        """The recipient with this name, made if nothing was owed to it."""
        found = self.recipients.get(name)
        if found is None:
            found = self.recipients[name] = Recipient(name)
        return found

    def refused(self) -> None:
        """An acceptance couldn't be written."""
        self.books.refused()

    def put(self, owed: Owed) -> None:
        """Its turn in its lane has come: into the queue, or put off until it is due."""
        live = owed.live
        recipient = owed.recipient
        assert recipient is not None
        if live.due_us > live.created_us and live.due_us > self.clock.now_us():
            owed.timer = self._at(live.due_us, lambda: self.due(owed))
            return
        recipient.push(owed)
        if not recipient.dirty:
            self.look_at(recipient)

    def again(self, old: Owed, live: Live, *, unknown: bool = False) -> None:
        """The same delivery once more, with the row as it is now, unless it was settled meanwhile."""
        if live.id not in self.owed:
            return
        owed = old.again(live, unknown=unknown)
        if not unknown:
            self.free_slot(old)
        self.owed[live.id] = owed
        recipient = owed.recipient
        assert recipient is not None
        recipient.replace(old, owed)
        self.put(owed)

    def forget(self, owed: Owed) -> None:
        """It is owed no more: settled, buried or discarded, and that is committed."""
        self.owed.pop(owed.live.id, None)
        if self.emptied and not self.owed:
            self._tell_emptied()
        if owed.expiry is not None:
            owed.expiry.cancel()
        if owed.timer is not None:
            owed.timer.cancel()
        if owed.state != BEGUN:
            self.free_slot(owed)
        recipient = owed.recipient
        assert recipient is not None
        recipient.owed -= 1
        if owed.live.lane is not None:
            following = recipient.leave(owed)
            if following is not None:
                self.put(following)
        if not recipient.owed and not recipient.dirty:
            self._drop(recipient)

    def all_settled(self, recipient: Recipient, count: int) -> None:
        """So many of a recipient's are gone from `owed`."""
        recipient.owed -= count
        if self.emptied and not self.owed:
            self._tell_emptied()
        if not recipient.owed and not recipient.dirty:
            self._drop(recipient)

    def _tell_emptied(self) -> None:
        for waiting in self.emptied:
            if not waiting.done():
                waiting.set_result(None)
        self.emptied.clear()

    def _drop(self, recipient: Recipient) -> None:
        """Nothing is owed to it: names come and go."""
        if self.recipients.get(recipient.name) is recipient:
            del self.recipients[recipient.name]

    # -- what makes it look --------------------------------------------------------------------

    def look_at(self, recipient: Recipient) -> None:
        """Something may have become possible for this recipient."""
        if not recipient.dirty:
            recipient.dirty = True
            self._dirty.append(recipient)
            self.arm()

    def look_at_all(self) -> None:
        """Something may have become possible for everybody."""
        for recipient in self.recipients.values():
            if recipient.ready:
                self.look_at(recipient)

    def arm(self) -> None:
        """See to it that a turn comes."""
        if not self._armed and not self.stopped:
            self._armed = True
            self.engine.scheduler.soon(self._turn)

    def ended(self, owed: Owed, result: object, error: BaseException | None) -> None:
        """A hand-out has ended; on somebody's stack, so it is only noted."""
        owed.state = OVER
        if error is None:
            self.unslot(owed)
        decided = owed.settled or owed.given_up
        if error is None and owed.wait is not None and not decided and owed.live.id in self.owed:
            # Handled is handled: its sender need not wait for the commit that settles it.
            owed.wait.tell("handled", owed.live.attempts + owed.live.crashes + 1, result)
        self._ended.append((owed, result, error))
        if not self._armed:
            self.arm()

    def unslot(self, owed: Owed) -> None:
        """Its handler has ended. What is not repeatable keeps its slot until that is committed.

        So does what killed its process: the blame outlives the program.
        """
        if owed.repeatable:
            self.free_slot(owed)

    def free_slot(self, owed: Owed) -> None:
        """It is known, and committed, how it ended."""
        if owed.slot >= 0:
            self.slots.end(owed.slot)
            owed.slot = -1

    def begun(self, owed: Owed) -> None:
        """A handler is about to run."""
        recipient = owed.recipient
        if recipient is not None and recipient.in_line is owed:
            recipient.in_line = None
            self.look_at(recipient)
        owed.begun_at = self.engine.loop.time()
        if owed.slot < 0:
            live = owed.live
            owed.slot = self.slots.begin(live.id, live.crashes, repeatable=owed.repeatable)
        if owed.live.attempt_timeout is not None:
            owed.timer = self.engine.timers.internal(
                owed.live.attempt_timeout, lambda: self.outcomes.timed_out(owed)
            )

    def settled_elsewhere(self, id: int) -> None:
        """A persistent server's turn has committed the `Settle` of this delivery with its own state."""
        owed = self.owed.get(id)
        if owed is not None:
            self.forget(owed)
            self.outcomes.settled(owed)

    def _named(self, name: str) -> None:
        recipient = self.recipients.get(name)
        if recipient is not None and recipient.ready:
            self.look_at(recipient)

    def _breaker_changed(self, guarded: Guarded) -> None:
        if isinstance(guarded, str):
            self._named(guarded)

    def due(self, owed: Owed) -> None:
        """What was put off may go now."""
        owed.timer = None
        recipient = owed.recipient
        if owed.state == WAITING and recipient is not None:
            recipient.push(owed)
            self.look_at(recipient)

    def _at(self, us: int, call: Callable[[], object]) -> Timer:
        return self.engine.timers.internal(self.clock.loop_time(us) - self.engine.loop.time(), call)

    # -- a turn --------------------------------------------------------------------------------

    def turn_now(self) -> None:
        """Have the turn that is due at once; the callback that was to bring it finds nothing to do."""
        if self._armed:
            self._turn()

    def _turn(self) -> None:
        self._armed = False
        try:
            if not self.stopped:
                self._work()
        except Exception as error:  # noqa: BLE001  # whatever it is, the journal's process has crashed
            self._crash(error)

    def _work(self) -> None:
        if self._ended:
            self.outcomes.write(self._ended)
        left = PER_TURN
        dirty = self._dirty
        while dirty and left > 0:
            recipient = dirty.popleft()
            recipient.dirty = False
            if not recipient.owed:
                self._drop(recipient)
            left -= self._hand_out(recipient, left)
        if dirty:
            self.arm()

    def _hand_out(self, recipient: Recipient, limit: int) -> int:
        """Hand out what this recipient can take now. Returns how much that was."""
        process = self.engine.names.get(recipient.name)
        if process is None or process.status in (DEAD, STOPPING) or self.writer.failure is not None:
            return 0
        count = self.at_once.run(recipient, process, limit)
        if count and (recipient.dirty or process.status in (DEAD, STOPPING)):
            return count
        while recipient.out < self.concurrency and recipient.in_line is None:
            owed = recipient.first()
            if owed is None:
                break
            if count >= limit:
                self.look_at(recipient)
                break
            expires_us = owed.live.expires_us
            if expires_us is not None and not owed.unknown and expires_us <= self.clock.now_us():
                # Its timer went off while it was being handled, or does so in this pass of the loop.
                recipient.pop()
                self.outcomes.expired(owed.live.id)
                continue
            if owed.live.crashes and not self.gate.suspect_may_go(owed, process, recipient):
                continue
            if not self.gate.may_go(owed, process, recipient):
                break
            recipient.pop()
            self.handing.hand(owed, process)
            count += 1
        return count

    # -- the end -------------------------------------------------------------------------------

    def stop(self) -> None:
        """Hand out nothing more, and write nothing more."""
        self.stopped = True
        self._tell_emptied()
        self.breakers.unwatch(self._breaker_changed)
        if self._named in self.engine.registry.listeners:
            self.engine.registry.listeners.remove(self._named)
        for owed in self.owed.values():
            for timer in (owed.expiry, owed.timer):
                if timer is not None:
                    timer.cancel()

    def part(self) -> None:
        """Nobody here will say any more how anything ends: for those who wait for that it is accepted."""
        self.stopped = True
        for owed in self.owed.values():
            if owed.wait is not None:
                owed.wait.part()

    def unslot_all(self) -> None:
        """The journal ends in order: who runs is to no blame, but for a crash that isn't written down yet.

        What has to be asked for at the next start stays named.
        """
        for owed in self.owed.values():
            if owed.state != OVER and not owed.unknown:
                self.unslot(owed)
