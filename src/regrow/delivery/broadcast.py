"""`rg.broadcast`: one message to many recipients, at once, under one deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, TypeVar, overload

from typing_extensions import Unpack

from regrow.core.messages import CallMessage, CastMessage, Message
from regrow.delivery.options import DEFAULTS, Options, SendOptions, options_of
from regrow.delivery.outbox import Outbox, outbox_of
from regrow.delivery.parcel import Parcel
from regrow.delivery.recipients import Recipient, recipient_of
from regrow.delivery.records import REACHED, BroadcastResult, Delivery, Strategy
from regrow.delivery.send import LEFT_OUT, seconds_of
from regrow.delivery.sending import Sending
from regrow.errors import (
    BadAddress,
    BadDeliveryOption,
    BroadcastFailed,
    CallFromHandler,
    MailboxStayedFull,
    NoProcess,
    NotSent,
    OtherSystem,
    PlaceTimeout,
    ProcessExited,
    RegrowError,
)
from regrow.runtime.pid import Address, Timeout
from regrow.runtime.process import DEAD, Process
from regrow.runtime.reservations import Reservation, reserve

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine
    from regrow.runtime.timers import Timer

__all__ = ("broadcast",)

S = TypeVar("S")
R = TypeVar("R")
STRATEGIES: Final = ("best_effort", "at_least_one", "all_or_nothing")


@overload
async def broadcast(
    recipients: Iterable[Address[S]],
    message: CallMessage[S, R],
    *,
    timeout: Timeout,
    strategy: Strategy = "best_effort",
    **options: Unpack[SendOptions],
) -> BroadcastResult[R]: ...
@overload
async def broadcast(
    recipients: Iterable[Address[S]],
    message: CastMessage[S],
    *,
    timeout: Timeout,
    strategy: Strategy = "best_effort",
    **options: Unpack[SendOptions],
) -> BroadcastResult[None]: ...
@overload
async def broadcast(
    recipients: Iterable[Address[object] | str],
    message: object,
    *,
    timeout: Timeout,
    strategy: Strategy = "best_effort",
    **options: Unpack[SendOptions],
) -> BroadcastResult[object]: ...
async def broadcast(
    recipients: Iterable[Address[object] | str],
    message: object,
    *,
    timeout: Timeout = LEFT_OUT,
    strategy: Strategy = "best_effort",
    **options: Unpack[SendOptions],
) -> BroadcastResult[object]:
    """Send a message to many recipients at the same time, under one deadline.

    - `best_effort`: each for itself. Always keeps its promise, also to nobody.
    - `at_least_one`: the same, and it has failed if it reached none; so it has with an empty list.
    - `all_or_nothing`: either everybody gets the message, or nobody does. It waits, holding no place
      anywhere, until all recipients live, their breakers let it through and all their mailboxes have a
      place; then it puts the message into all of them in one step in which nothing else runs. If that
      moment doesn't come before the deadline, or a recipient is gone, nobody gets it, and each result
      says so.

      What it promises ends with that step: every recipient was alive and had the message in its mailbox.
      One that dies after that, before it handled the message, has not handled it: its result says so,
      the others handle theirs all the same, and nothing is taken back. With `retries` such a message
      goes to the next incarnation of a name, as in any supervised send. Nobody is everybody: an empty
      list keeps the promise.

    Args:
        recipients: Pids, Refs or names; who stands there twice gets it twice.
        message: As of `rg.supervised_send`.
        timeout: Seconds for everything, or a name from the timeout table.
        strategy: See above. Default `"best_effort"`.
        **options: Those of `rg.supervised_send`, for each recipient, but not `durable`. At
            `on_error="raise"`, the default, what could not be delivered is in the results, and only a
            broken promise is raised.

    Returns:
        A record per recipient, in the order given.

    Raises:
        BroadcastFailed: The strategy's promise could not be kept, and `on_error` is `"raise"`.
        BadDeliveryOption, BadTimeout, BadAddress, OtherSystem: It can't be sent like this.
        NoJournal, WrongServer, CallToSelf, CallCycle: As of `rg.supervised_send`, for any of them.
    """
    chosen = options_of(options) if options else DEFAULTS
    if strategy not in STRATEGIES:
        raise BadDeliveryOption("strategy", strategy, f"allowed are {', '.join(map(repr, STRATEGIES))}")
    if chosen.durable or (chosen.delay and strategy == "all_or_nothing"):
        option = "durable" if chosen.durable else "delay"
        raise BadDeliveryOption(option, getattr(chosen, option), "a broadcast can't have it; send to each")
    if isinstance(recipients, str):
        raise BadAddress(recipients, "a list of Pids, Refs and names")
    engine, addresses = _addresses(recipients)
    if engine is None:
        return _result(strategy, (), 0.0, chosen)
    if engine.handling is not None:
        raise CallFromHandler(engine.handling, message)
    engine.check_here("broadcast")
    seconds = seconds_of(engine, addresses[0], message, timeout)
    casting = _Casting(outbox_of(engine), addresses, message, seconds, chosen)
    if strategy == "all_or_nothing":
        await casting.reach_all()
    else:
        casting.start()
    results = await casting.wait()
    return _result(strategy, results, engine.loop.time() - casting.began, chosen)


def _addresses(recipients: Iterable[object]) -> tuple[Engine | None, list[Recipient]]:
    found: Engine | None = None
    addresses: list[Recipient] = []
    for one in recipients:
        engine, address = recipient_of(one)
        if found is None:
            found = engine
        elif engine is not found:
            raise OtherSystem(one, found.name)
        addresses.append(address)
    return found, addresses


def _result(
    strategy: Strategy, results: tuple[Delivery[object], ...], seconds: float, options: Options
) -> BroadcastResult[object]:
    reached = sum(one.status in REACHED for one in results)
    ok = True
    if strategy == "at_least_one":
        ok = reached > 0
    elif strategy == "all_or_nothing":
        ok = not any(isinstance(one.error, NotSent) for one in results)
    result = BroadcastResult(strategy, results, ok, seconds)
    if not ok and strategy != "best_effort" and options.on_error == "raise":
        raise BroadcastFailed(strategy, result, reached, len(results))
    return result


class _Casting:
    """The sends of one broadcast, and the task that waits for them."""

    __slots__ = ("_future", "_left", "_outbox", "_sendings", "_timer", "began", "message")

    def __init__(
        self, outbox: Outbox, addresses: list[Recipient], message: object, seconds: float, options: Options
    ) -> None:
        self._outbox = outbox
        self.message: object = message
        self.began: float = outbox.engine.loop.time()
        self._left = len(addresses)
        self._future: asyncio.Future[None] = outbox.engine.loop.create_future()
        self._sendings = [
            Sending(Parcel(outbox, to, message, seconds, options), self._report, timed_elsewhere=True)
            for to in addresses
        ]
        # By the last one's clock, so that none is left without.
        left = self._sendings[-1].parcel.deadline - outbox.engine.loop.time()
        self._timer: Timer = outbox.engine.timers.internal(left, self._late)

    def start(self) -> None:
        """Send to everybody. What is wrong with one is raised, and the others are taken back."""
        try:
            for sending in self._sendings:
                sending.start()
        except BaseException:
            self._cancel()
            raise

    async def wait(self) -> tuple[Delivery[object], ...]:
        """All results, in order."""
        try:
            if self._left:
                await self._future
        except asyncio.CancelledError:
            self._cancel()
            raise
        finally:
            self._timer.cancel()
        return tuple(one.record for one in self._sendings if one.record is not None)

    def _late(self) -> None:
        """The deadline of all: one timer instead of thousands."""
        for sending in self._sendings:
            if sending.record is None:
                sending.late()

    def _cancel(self) -> None:
        self._timer.cancel()
        for sending in self._sendings:
            sending.cancel()

    def _report(self, _: Delivery[object]) -> None:
        self._left -= 1
        if not self._left and not self._future.done():
            self._future.set_result(None)

    # -- all or nothing ------------------------------------------------------------------------

    async def reach_all(self) -> None:
        """Wait until all can be reached in one step, and make it; or let all fail."""
        held: Reservation[object] | None = None
        try:
            while True:
                processes = self._processes()
                if processes is None:
                    return
                mine = held.target if held is not None and held.held else None
                places = self._places(processes)
                full = next(((one, n) for one, n in places if not _has_places(one, n - (one is mine))), None)
                if full is None:
                    if held is not None:
                        held.use()
                    self.start()
                    return
                if held is not None:
                    held.release()
                    held = None
                held = await self._place(*full)
                if held is None:
                    return
        finally:
            if held is not None:
                held.release()

    def _processes(self) -> list[Process] | None:
        """Everybody, if all are there and may be sent to; else all fail."""
        engine = self._outbox.engine
        found: list[Process] = []
        for sending in self._sendings:
            to = sending.parcel.to
            process = engine.names.get(to) if isinstance(to, str) else to
            if process is None or process.status == DEAD:
                self._fail(sending, NoProcess(to))
                return None
            refusal = sending.refusal(process)
            if refusal is not None:
                self._fail(sending, refusal)
                return None
            if isinstance(self.message, Message):
                process.blueprint.entry(self.message)
            found.append(process)
        return found

    def _places(self, processes: list[Process]) -> list[tuple[Process, int]]:
        """How many places are needed where, in the one order in which everybody waits for them."""
        wanted: dict[Process, int] = {}
        for process in processes:
            wanted[process] = wanted.get(process, 0) + 1
        return sorted(wanted.items(), key=_by_serial)

    async def _place(self, process: Process, wanted: int) -> Reservation[object] | None:
        """Stand in line for a place with `process`; None if that failed, and with it everything."""
        guilty = next(one for one in self._sendings if one.parcel.to in (process, process.name))
        engine = self._outbox.engine
        left = guilty.parcel.deadline - engine.loop.time()
        possible = wanted <= (process.blueprint.capacity or engine.settings.mailbox_capacity)
        try:
            if left > 0 and possible:
                return await reserve(process, left, in_line=True)
            self._fail(guilty, MailboxStayedFull(process, process.room, guilty.parcel.seconds))
        except PlaceTimeout:
            self._fail(guilty, MailboxStayedFull(process, process.room, guilty.parcel.seconds))
        except (ProcessExited, NoProcess) as error:
            self._fail(guilty, error)
        return None

    def _fail(self, guilty: Sending, error: RegrowError) -> None:
        for sending in self._sendings:
            sending.refuse(NotSent(guilty.parcel.to, error))


def _by_serial(entry: tuple[Process, int]) -> int:
    return entry[0].serial


def _has_places(process: Process, wanted: int) -> bool:
    return (len(process.mailbox) if process.mailbox else 0) + wanted <= process.room
