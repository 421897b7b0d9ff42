"""One attempt of a supervised send: one message in one mailbox."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, cast, final

from regrow.core.deliveries import CurrentDelivery, HandedOut
from regrow.core.messages import Message
from regrow.core.reasons import NOPROC, ExitReason
from regrow.errors import MailboxFull, NoProcess, ProcessExited, RegrowError
from regrow.runtime.items import Receipt, Request

if TYPE_CHECKING:
    from regrow.delivery.sending import Sending
    from regrow.runtime.process import Process

__all__ = ("Attempt",)


@final
class Attempt(HandedOut, eq=False):
    """To the runtime it is the future of a request, its delivery, and a waiter in line for a place.

    No real future: whoever ends it stands on a process's stack, so what it says is that it is over,
    and nobody else's code runs there.
    """

    sending: Sending
    target: Process
    number: int
    began: float
    begun: bool = False
    over: bool = False
    placed: bool = False
    request: Request | None = None
    receipt: Receipt | None = None

    # -- into the mailbox ----------------------------------------------------------------------

    def put(self) -> None:
        """Into the mailbox, or in line for a place."""
        message = self.sending.parcel.message
        if isinstance(message, Message):
            self.make_request(message)
        else:
            self.receipt = Receipt(self._told_handled, self._told_lost, self)
        if self.target.has_room():
            self.enter()
        else:
            self.target.engine.sends.wait_for_place(self.target, self._as_waiter())

    def make_request(self, message: object) -> Request:
        """What stands in the mailbox, or would if it weren't handed off."""
        sending = self.sending
        parcel = sending.parcel
        # What an accepted message's handler calls is bound by no deadline: nobody waits for it.
        deadline = parcel.deadline if parcel.options.ack == "handled" else inf
        self.request = Request(
            message, self._as_future(), self.target, sending.own, deadline, parcel.seconds, delivery=self
        )
        return self.request

    def enter(self) -> None:
        """There is a place: take it."""
        self.placed = True
        target = self.target
        engine = target.engine
        request = self.request
        if request is None:
            assert self.receipt is not None
            engine.sends.tracked(target, self.sending.parcel.message, self.receipt, info=True)
        elif engine.plain or engine.sends.admit(target, request):
            engine.scheduler.enqueue(target, request)
        else:
            return  # held back or dropped on its way: the timeout tells
        self.sending.entered()

    def withdraw(self) -> None:
        """Nobody waits any more. What has not begun never will."""
        self.over = True
        if not self.placed:
            self.target.engine.sends.wait_no_more(self.target, self._as_waiter())
        if self.receipt is not None:
            self.receipt.withdrawn = True

    def was_handled(self, ended_normally: bool) -> bool:  # noqa: FBT001  # the question
        """Whether the process ended after it had handled it: by its handler's own wish."""
        request = self.request
        if request is not None and request.handled:
            return True
        return ended_normally and self.begun and not (request is not None and request.deferred)

    # -- the delivery --------------------------------------------------------------------------

    def started(self) -> None:
        """Its handler is about to run."""
        self.begun = True

    def current(self) -> CurrentDelivery:
        """What `rg.current_delivery()` gives in its handler."""
        return self.sending.parcel.current(self.number)

    # -- the future, and the waiter in line ----------------------------------------------------

    def done(self) -> bool:
        """Whether it is over."""
        return self.over

    def set_result(self, result: object) -> None:
        """A place has come free; or the handler has returned."""
        if self.over:
            return
        if self.placed:
            self.over = True
            self._before_answer()
            self.sending.answered(self, result)
        else:
            self.target.room += 1
            self.enter()

    def set_exception(self, error: BaseException) -> None:
        """It was answered with an exception, or its process has ended."""
        if not self.over:
            self.over = True
            self._before_answer()
            engine = self.target.engine
            engine.loop.call_soon(self.sending.ended, self, error, context=engine.contexts.base)

    def _before_answer(self) -> None:
        """What the recipient has sent the sender comes before its answer."""
        transit = self.target.engine.transit
        if transit is not None and self.sending.own is not None:
            transit.flush(self.target, self.sending.own)

    def add_done_callback(self, callback: Callable[[object], object]) -> None:
        """For a request that was held up on its way: it leaves the line by itself."""

    def _as_waiter(self) -> asyncio.Future[None]:
        return cast("asyncio.Future[None]", self)

    def _as_future(self) -> asyncio.Future[object]:
        return cast("asyncio.Future[object]", self)

    def _told_handled(self) -> None:
        self.set_result(None)

    def _told_lost(self, reason: ExitReason) -> None:
        if self.over or reason == "hook":
            return  # lost on its way: the timeout tells
        if reason == "drop_newest":
            error: RegrowError = MailboxFull(self.target, self.target.room)
        else:
            error = NoProcess(self.target) if reason is NOPROC else ProcessExited(reason, self.target)
        self.over = True
        self.sending.ended(self, error)
