"""The sends of one broadcast: begun and ended in slices, so that no turn of the loop is held for long."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from sys import exception as exception_in_flight
from typing import TYPE_CHECKING, Final, final

from regrow.core.messages import Message
from regrow.delivery.handoff import HandOff, entry_for, go_on, hand_off
from regrow.delivery.lookup import journal_of
from regrow.delivery.parcel import Parcel
from regrow.delivery.records import Delivery
from regrow.delivery.sending import Sending
from regrow.errors import CallToSelf
from regrow.runtime.process import DEAD, Process, current_process

if TYPE_CHECKING:
    from regrow.delivery.options import Options
    from regrow.delivery.outbox import Outbox
    from regrow.delivery.recipients import Recipient
    from regrow.runtime.blueprint import Blueprint
    from regrow.runtime.timers import Timer

__all__ = ("Casting", "Slices")

SLICE: Final = 0.005
"""Seconds that the loop is held at a time, as in a turn of the System's own."""
UNSEEN: Final = 64
"""Short steps between two looks at the clock."""


@final
class Slices:
    """Tells when everything else on the loop has to get its turn."""

    __slots__ = ("_engine", "_until")

    def __init__(self, outbox: Outbox) -> None:
        self._engine = outbox.engine
        self._until = 0.0
        self.begin()

    def begin(self) -> None:
        """A new one begins."""
        self._until = self._engine.monotonic() + SLICE

    @property
    def over(self) -> bool:
        """Whether this one has lasted long enough."""
        return self._engine.monotonic() > self._until

    async def next(self) -> None:
        """Let everything else have its turn."""
        await asyncio.sleep(0)
        self.begin()


@final
class Casting:
    """The sends of one broadcast, and the task that waits for them.

    A recipient that is idle handles the message at once, as in any send, and costs no more than its record.
    """

    __slots__ = (
        "_ends",
        "_future",
        "_left",
        "_outbox",
        "_timer",
        "addresses",
        "began",
        "deadline",
        "message",
        "options",
        "seconds",
        "slices",
    )

    def __init__(
        self, outbox: Outbox, addresses: list[Recipient], message: object, seconds: float, options: Options
    ) -> None:
        self._outbox = outbox
        self.addresses: list[Recipient] = addresses
        self.message: object = message
        self.seconds: float = seconds
        self.options: Options = options
        self.slices: Slices = Slices(outbox)
        self.began: float = outbox.engine.loop.time()
        self.deadline: float = self.began + seconds
        self._left = len(addresses)
        self._ends: list[Delivery[object] | Sending] = []
        self._future: asyncio.Future[None] = outbox.engine.loop.create_future()
        self._timer: Timer | None = None

    @property
    def sendings(self) -> list[Sending]:
        """Those that were made and didn't just end in a hand-off."""
        return [one for one in self._ends if isinstance(one, Sending)]

    # -- begin ---------------------------------------------------------------------------------

    async def check(self) -> None:
        """Raise now what would be raised of any of them, before anybody has the message.

        Raises:
            WrongServer, UnknownCall, WrongKind, NotAMessage: A recipient can't handle it.
            CallToSelf, CallCycle: It would wait for itself.
            NoJournal: It is to become a dead letter if it fails, and there are none.
        """
        if self.options.on_error == "dead_letter":
            journal_of(self._outbox.engine, 'on_error="dead_letter"')
        engine = self._outbox.engine
        known: set[Blueprint] = set()
        own = self._waiting_process()
        for place, to in enumerate(self.addresses):
            process = engine.names.get(to) if isinstance(to, str) else to
            if process is None or process.status == DEAD:
                continue
            if process.blueprint not in known and isinstance(self.message, Message):
                process.blueprint.entry(self.message)
                known.add(process.blueprint)
            if own is not None:
                if own is process:
                    raise CallToSelf(process, self.message)
                engine.calls.check_cycle(own, process)
            if place % UNSEEN == 0 and self.slices.over:
                await self.slices.next()

    def _waiting_process(self) -> Process | None:
        """The process whose own task waits for the broadcast."""
        caller = current_process.get(None)
        if caller is None or caller.task is None or self.options.ack != "handled":
            return None
        return caller if asyncio.current_task() is caller.task else None

    async def start(self) -> None:
        """Send to everybody."""
        engine = self._outbox.engine
        slices = self.slices
        self._set_timer()
        try:
            for to in self.addresses:
                if slices.over or (engine.hand_offs_left <= 0 < engine.hand_offs):
                    await slices.next()
                self._ends.append(self._handed_off(to) or self._sent(to))
        except BaseException:
            self._cancel()
            raise

    async def prepare(self) -> None:
        """Make the sends without starting them."""
        for to in self.addresses:
            self._ends.append(self._sending(to))
            if len(self._ends) % UNSEEN == 0 and self.slices.over:
                await self.slices.next()

    def commit(self) -> None:
        """Start all that were prepared, in one step."""
        self._set_timer()
        try:
            for sending in self.sendings:
                sending.start()
        except BaseException:
            self._cancel()
            raise

    def _handed_off(self, to: Recipient) -> Delivery[object] | Sending | None:
        engine = self._outbox.engine
        if not self.options.plain or engine.hand_offs_left <= 0 or exception_in_flight() is not None:
            return None
        process = engine.names.get(to) if isinstance(to, str) else to
        handler = None if process is None else entry_for(process, self.message)
        caller = current_process.get(None)
        if handler is None or (caller is not None and caller.extras is not None and caller.extras.zombie):
            return None
        assert process is not None
        ended = hand_off(self._outbox, to, process, handler, self.message, self.options)
        if isinstance(ended, HandOff):
            sending = self._sending(to)
            go_on(sending, ended)
            return sending
        if ended is not None:
            self._left -= 1
        return ended

    def _sending(self, to: Recipient) -> Sending:
        parcel = Parcel(self._outbox, to, self.message, self.seconds, self.options, self.began)
        return Sending(parcel, self._report, timed_elsewhere=True)

    def _sent(self, to: Recipient) -> Sending:
        sending = self._sending(to)
        sending.start()
        if self._timer is None and sending.record is None:
            sending.late()  # the deadline came while the first ones were started
        return sending

    # -- end -----------------------------------------------------------------------------------

    async def wait(self) -> tuple[Delivery[object], ...]:
        """All results, in order."""
        try:
            if self._left:
                await self._future
        except asyncio.CancelledError:
            self._cancel()
            raise
        finally:
            self._clear_timer()
        ends = self._ends
        results: list[Delivery[object]] = []
        ends.reverse()  # and what has ended is let go on the way
        self.slices.begin()
        while ends:
            one = ends.pop()
            record = one.record if isinstance(one, Sending) else one
            assert record is not None
            results.append(record)
            if len(results) % UNSEEN == 0 and self.slices.over:
                await self.slices.next()
        return tuple(results)

    def _report(self, _: Delivery[object]) -> None:
        self._left -= 1
        if not self._left and not self._future.done():
            self._future.set_result(None)

    def _set_timer(self) -> None:
        """The deadline of all: one timer instead of thousands."""
        engine = self._outbox.engine
        self._timer = engine.timers.internal(self.deadline - engine.loop.time(), self._late)

    def _clear_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _late(self) -> None:
        self._timer = None
        self._end_late(iter(tuple(self._ends)))

    def _end_late(self, ends: Iterator[Delivery[object] | Sending]) -> None:
        self.slices.begin()
        for one in ends:
            if isinstance(one, Sending) and one.record is None:
                one.late()
                if self.slices.over:
                    engine = self._outbox.engine
                    engine.loop.call_soon(self._end_late, ends, context=engine.contexts.base)
                    return

    def _cancel(self) -> None:
        self._clear_timer()
        for sending in self.sendings:
            sending.cancel()
