"""Flow control: a producer that is never more than so many messages ahead of its consumer."""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType
from typing import TYPE_CHECKING, Generic, TypeVar, final

from typing_extensions import Unpack

from regrow.core.messages import CallMessage, CastMessage
from regrow.delivery.options import DEFAULTS, Options, SendOptions, options_of
from regrow.delivery.outbox import outbox_of
from regrow.delivery.parcel import Parcel
from regrow.delivery.recipients import recipient_of, seconds_of
from regrow.delivery.records import REACHED, Delivery
from regrow.delivery.sending import Sending
from regrow.errors import BadDeliveryOption, CallFromHandler, DeliveryTimeout, WaitTimeout
from regrow.runtime.pid import Address, Timeout

if TYPE_CHECKING:
    from typing import Self

__all__ = ("Credit",)

S = TypeVar("S")


@final
class Credit(Generic[S]):
    """A window of unhandled messages to one recipient: `send` waits while it is used up.

    ::

        async with rg.Credit(worker, window=64) as credit:
            for line in lines:
                await credit.send(Worker.index(line), timeout=5.0)

    Each message is a supervised send of its own, and gives its place in the window back when it is handled,
    or could not be delivered. A block that ends well waits for those that are still out. At
    `on_error="raise"` the first that could not be delivered raises its error at the next `send`, or at the
    end of the block.

    Args:
        to: A Pid, a Ref or a name.
        window: How many messages may be out at a time. Default 64.
        **options: Those of `rg.supervised_send`, for each message, but neither `ack` nor `durable`.

    Raises:
        BadDeliveryOption: The window is no whole number from 1, or another option can't be used.
        BadAddress: That is no recipient.
    """

    __slots__ = (
        "_engine",
        "_error",
        "_idle",
        "_options",
        "_out",
        "_to",
        "_waiting",
        "failed",
        "handled",
        "window",
    )

    def __init__(self, to: Address[S] | str, *, window: int = 64, **options: Unpack[SendOptions]) -> None:
        if type(window) is not int or window < 1:
            raise BadDeliveryOption("window", window, "it has to be a whole number, 1 or more")
        chosen: Options = options_of(options) if options else DEFAULTS
        if chosen.durable or chosen.ack != "handled":
            option = "durable" if chosen.durable else "ack"
            raise BadDeliveryOption(
                option, getattr(chosen, option), "a credit is given back by what is handled"
            )
        self._engine, self._to = recipient_of(to)
        self._options = chosen
        self._out = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._idle: asyncio.Future[None] | None = None
        self._error: BaseException | None = None
        self.window: int = window
        self.handled: int = 0
        """Messages that reached the recipient's handler and came to an end there."""
        self.failed: int = 0
        """Messages that could not be delivered."""

    @property
    def left(self) -> int:
        """How many messages may be sent before `send` waits."""
        return max(self.window - self._out, 0)

    async def send(self, message: CallMessage[S, object] | CastMessage[S], *, timeout: Timeout) -> None:
        """Wait for a place in the window and send. Returns without waiting for the handler.

        Args:
            message: A call or cast message.
            timeout: Seconds for both: the place in the window, and the delivery.

        Raises:
            DeliveryTimeout: No place came free in time; the message was not sent.
            Exception: What an earlier message failed with, at `on_error="raise"`; this one was not sent.
        """
        engine = self._engine
        if engine.handling is not None:
            raise CallFromHandler(engine.handling, message)
        engine.check_here("Credit.send")
        seconds = seconds_of(engine, self._to, message, timeout)
        began = engine.loop.time()
        self._raise()
        if self._waiting or self._out >= self.window:
            await self._turn(message, seconds)
            self._raise()
        outbox = outbox_of(engine)
        options = self._options
        left = max(seconds - (engine.loop.time() - began), 0.0)
        sending = Sending(Parcel(outbox, self._to, message, left, options), self._report)
        self._out += 1
        try:
            sending.start()
        except BaseException:
            self._give_back()
            raise

    async def drain(self, *, timeout: Timeout) -> None:
        """Wait until nothing is out.

        Args:
            timeout: Seconds, or a name from the timeout table.

        Raises:
            WaitTimeout: Something still was.
            Exception: What a message failed with, at `on_error="raise"`.
        """
        seconds = self._engine.timeouts.resolve(timeout)
        if self._out:
            try:
                async with asyncio.timeout(seconds):
                    await self._idle_again()
            except TimeoutError:
                raise WaitTimeout(self._to, "sync", seconds) from None
        self._raise()

    def _report(self, delivery: Delivery[object]) -> None:
        """A message has come to its end."""
        if delivery.status in REACHED:
            self.handled += 1
        else:
            self.failed += 1
            if delivery.status == "failed" and self._options.on_error != "log" and self._error is None:
                self._error = delivery.error
        self._give_back()

    def _give_back(self) -> None:
        self._out -= 1
        while self._waiting and self._out < self.window:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                break
        if not self._out and self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    async def _turn(self, message: object, seconds: float) -> None:
        """Stand in line for a place in the window."""
        engine = self._engine
        place: asyncio.Future[None] = engine.loop.create_future()
        self._waiting.append(place)
        timer = engine.timers.fail_after(
            seconds, place, lambda: DeliveryTimeout(self._to, message, seconds, started=False)
        )
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._out += 1
                self._give_back()  # it was given in the same moment: to the next one
            raise
        finally:
            timer.cancel()

    def _raise(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None and self._out:
            await self._idle_again()
        if error is None:
            self._raise()

    async def _idle_again(self) -> None:
        if self._idle is None or self._idle.done():
            self._idle = self._engine.loop.create_future()
        await asyncio.shield(self._idle)
