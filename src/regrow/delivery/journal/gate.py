"""Whether a delivery may go to its recipient now: breaker and restart budget have a say."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from regrow.delivery.journal.desk import Desk
    from regrow.delivery.journal.owed import Owed
    from regrow.delivery.journal.pacing import Pacer
    from regrow.delivery.journal.recipients import Recipient
    from regrow.runtime.process import Process

__all__ = ("Gate",)


@final
class Gate:
    """Holds deliveries back, uses up no attempt of theirs, and sees to it that they are looked at again."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def pacer_of(self, process: Process) -> Pacer:
        """What keeps deliveries from using up the restart budget above `process`."""
        desk = self._desk
        pacer = desk.pacers.known(process)
        if pacer is None:
            pacer = desk.pacers.of(process)
            for recipient in desk.recipients.values():
                other = desk.engine.names.get(recipient.name)
                if recipient.out and other is not None and other.parent is process.parent:
                    pacer.busy.add(recipient)
        return pacer

    def suspect_may_go(self, owed: Owed, process: Process, recipient: Recipient) -> bool:
        """A delivery that killed its process: if it has to wait, the others don't wait for it."""
        desk = self._desk
        pacer = self.pacer_of(process)
        until = pacer.suspect_held_until(recipient, desk.engine.loop.time())
        if until is None:
            return True
        recipient.pop()
        if until == inf:
            pacer.waiting.append(owed)
        else:
            delay = until - desk.engine.loop.time()
            owed.timer = desk.engine.timers.internal(delay, lambda: desk.due(owed))
        return False

    def may_go(self, owed: Owed, process: Process, recipient: Recipient) -> bool:
        """Whether breaker and budget let it through; if not, the recipient is looked at again in time."""
        desk = self._desk
        now = desk.engine.loop.time()
        pacer = desk.pacers.known(process)
        if pacer is not None and not owed.live.crashes:
            until = pacer.held_until(recipient, now)
            if until is not None:
                self._wake(recipient, until)
                return False
        if not owed.guarded:
            return True
        breaker = desk.breakers.get(recipient.name) or desk.breakers.breaker_for(recipient.name)
        owed.permit = breaker.permit or breaker.acquire(now)
        if owed.permit:
            return True
        if breaker.retry_at != inf:
            self._wake(recipient, breaker.retry_at)
        return False

    def _wake(self, recipient: Recipient, at: float) -> None:
        """Look at `recipient` again at this loop time."""
        desk = self._desk
        if recipient.wake is not None:
            if recipient.wake.at <= at:
                return
            recipient.wake.cancel()
        delay = max(0.0, at - desk.engine.loop.time())

        def wake() -> None:
            recipient.wake = None
            desk.look_at(recipient)

        recipient.wake = desk.engine.timers.internal(delay, wake)
