"""`rg.supervised_send`, and the short way that most of its messages take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import cache
from sys import exception as exception_in_flight
from sys import modules
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, overload
from typing import cast as typed

from typing_extensions import Unpack

from regrow.core.delivery_events import DeliveryHandled, DeliveryStarted
from regrow.core.messages import CallMessage, CastMessage, Message
from regrow.core.timeouts import MAX_TIMEOUT
from regrow.delivery.handoff import HandOff, from_zombie, go_on, known_of, tell_both, used_up
from regrow.delivery.lookup import journal_of
from regrow.delivery.options import DEFAULTS, Options, SendOptions, options_of
from regrow.delivery.outbox import Outbox, outbox_of
from regrow.delivery.parcel import Parcel
from regrow.delivery.persistence.buffered import Done
from regrow.delivery.recipients import Recipient, recipient_of, seconds_of
from regrow.delivery.records import Delivery
from regrow.delivery.sending import Sending
from regrow.delivery.tracing import TRACE
from regrow.errors import BadDeliveryOption, CallFromHandler, WrongServer
from regrow.runtime.delivering import FRESH
from regrow.runtime.pid import Address, Ref, Timeout
from regrow.runtime.plain import current
from regrow.runtime.process import IDLE, RUNNING, Process

if TYPE_CHECKING:
    from typing import Never

    from regrow.core.deliveries import CurrentDelivery
    from regrow.runtime.engine import Engine

__all__ = ("send_to_self", "supervised_send", "supervised_send_from_thread")

S = TypeVar("S")
R = TypeVar("R")
DurableWay: TypeAlias = (
    "Callable[[Engine, Recipient, object, Timeout, Options], Coroutine[object, Never, Delivery[Any]]]"
)
LEFT_OUT: Final = typed("Timeout", None)
"""A timeout that is left out ends as a `BadTimeout`, which says what to do; type checkers require it."""


@overload
def supervised_send(  # type: ignore[overload-overlap]
    to: Address[S], message: CallMessage[S, R], *, timeout: Timeout, **options: Unpack[SendOptions]
) -> Coroutine[object, Never, Delivery[R]]: ...
@overload
def supervised_send(  # type: ignore[overload-overlap]
    to: Address[S], message: CastMessage[S], *, timeout: Timeout, **options: Unpack[SendOptions]
) -> Coroutine[object, Never, Delivery[None]]: ...
@overload
def supervised_send(  # type: ignore[overload-overlap]  # no handler for it: to await this is the error
    to: Address[object], message: Message, *, timeout: Timeout, **options: Unpack[SendOptions]
) -> WrongServer: ...
@overload
def supervised_send(
    to: Address[object] | str, message: object, *, timeout: Timeout, **options: Unpack[SendOptions]
) -> Coroutine[object, Never, Delivery[object]]: ...
def supervised_send(  # type: ignore[misc]  # never a WrongServer: it raises it
    to: Address[object] | str,
    message: object,
    *,
    timeout: Timeout = LEFT_OUT,
    **options: Unpack[SendOptions],
) -> Coroutine[object, Never, Delivery[object]]:
    """Send a message and see to it that it arrives: never lost in silence.

    Returns when it is handled (at `ack="accepted"`: when it is in a live process's mailbox), with a record.
    An exception that the handler declares is an answer, `rejected`. A receiver that handles the message
    and then ends normally has handled it. A full mailbox makes it wait for a place.

    Delivery is at least once: an attempt that was cut short by a crash is made again if there are
    `retries`. An attempt that may still run is never made a second time beside itself: one that timed out
    before it began is withdrawn, one that runs is waited for. `rg.current_delivery()` gives the handler the
    id to tell repetitions by.

    Args:
        to: A Pid, a Ref, or a name, which is looked up anew for each attempt. A Pid is one incarnation:
            when that is dead nothing more is tried.
        message: A call or cast message, or anything else, as an info.
        timeout: Seconds for everything, retries and waits between them included; or a name from the
            timeout table.
        **options: The others, all by keyword:

            - `attempt_timeout`: Seconds that one attempt may take to begin. Default None: the timeout.
            - `retries`: Attempts after the first. Default 0.
            - `backoff`: Waits between them. Default `rg.ExponentialBackoff(base=0.05, cap=5.0)`.
            - `on_error`: What becomes of it if it can't be delivered: `"raise"` raises the reason, the
              default; `"log"`, `"ignore"`; `"dead_letter"` keeps it in the System's journal.
            - `ack`: `"handled"`, the default, or `"accepted"`: if the process dies before it begins, the
              message goes to the next incarnation of the name, which has `timeout` seconds to come up; it is
              dead-lettered or logged if none does, or if it was for a Pid.
            - `durable`: Whether it stands in the journal before this returns. Default False.
            - `metadata`: A mapping for the handler, by `rg.current_delivery()`.
            - `idempotency_key`: What the handler tells repetitions by. Default: the delivery's id.
            - `ordering_key`: Durable messages with the same one are handled in order.
            - `expires_in`: Seconds after which it isn't begun any more. Default: never.
            - `delay`: Seconds to wait before the first attempt, within the timeout. Default 0.
            - `breaker`: `rg.BreakerSettings` of the recipient's circuit breaker, False for none. Default
              None: as it is, or the default settings.

    Raises:
        NoProcess: Nobody has the name, or the Pid is dead.
        ProcessExited: The recipient died over it.
        DeliveryTimeout: It was not handled in time.
        MailboxStayedFull: No place came free in the mailbox in time.
        DeliveryExpired: `expires_in` was over before it began.
        CircuitOpen: The recipient's breaker lets nothing through now.
        NoJournal: `on_error="dead_letter"` or `durable=True`, and the System has no journal.
        BadDeliveryOption, BadTimeout, BadAddress: It can't be sent like this.
        WrongServer, UnknownCall, WrongKind: The recipient has no handler for it.
        CallToSelf, CallCycle, CallFromHandler: It would wait for itself.
    """
    chosen = options_of(options) if options else DEFAULTS
    process: Process | None
    if type(to) is Process:
        engine = to.engine
        key: Recipient = to
        process = to
    elif type(to) is Ref:
        engine = to._engine  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # ours
        key = to.name
        if chosen.durable and engine.handling is None:
            return _durable_way()(engine, key, message, timeout, chosen)
        process = engine.names.get(key)
    else:
        engine, key = recipient_of(to)
        process = engine.names.get(key) if isinstance(key, str) else key
    if engine.handling is not None:
        if chosen.durable:
            from regrow.delivery.durable import buffer_durable  # noqa: PLC0415  # without a journal never needed

            seconds_of(engine, key, message, timeout)  # for what it refuses: nothing waits so long here
            buffered = buffer_durable(engine, key, message, chosen)
            if buffered is not None:
                return Done(buffered)
        raise CallFromHandler(engine.handling, message)
    if chosen.durable:
        return _durable_way()(engine, key, message, timeout, chosen)
    return _send(engine, key, process, message, timeout, chosen)


async def _send(  # noqa: C901, PLR0912, PLR0915, PLR0917  # in one piece: a call more per hand-off is measurable
    engine: Engine,
    to: Recipient,
    process: Process | None,
    message: object,
    timeout: Timeout,
    options: Options,
) -> Delivery[object]:
    if process is not None:
        blueprint = process.blueprint
        kind = type(message)
        handler = blueprint.calls.get(kind)
        replies = handler is not None
        if handler is None:
            handler = blueprint.casts.get(kind) or blueprint.known(message)
            replies = kind in blueprint.calls
        if (
            handler is not None
            and handler.hand_off
            and not process.status
            and options.plain
            and engine.hand_offs_left > 0
            and exception_in_flight() is None
            and get_ident() == engine.thread
            and engine.loop.is_running()  # get_running_loop() asks the kernel for our pid on Python 3.11
            and type(timeout) is float
            and 0.0 < timeout <= MAX_TIMEOUT
        ):
            outbox: Outbox = engine.extensions.get(Outbox) or outbox_of(engine)  # type: ignore[assignment]
            breaker = outbox.breaker_of(process.name or process) if options.breaker is None else None
            if breaker is None and options.breaker is not False:
                breaker = outbox.breakers.breaker_for(process.name or process, options.breaker)
            permit = 1 if breaker is None else breaker.permit
            if permit and (engine.plain or not from_zombie()):
                begun = outbox.time()
                if engine.attention:
                    engine.threads.attend()
                known = known_of(outbox, options) if options.tagged or TRACE in modules else FRESH
                if options.on_error == "dead_letter":
                    journal_of(engine, 'on_error="dead_letter"')
                process.status = RUNNING
                process.current = message
                engine.handling = process
                engine.delivery = known
                error: BaseException | None = None
                result: object = None
                try:
                    result = (process.context or engine.contexts.make(process)).run(
                        handler.invoke, process.instance, message
                    )
                except BaseException as raised:  # noqa: BLE001  # whatever it is, the process has crashed
                    error = raised
                engine.handling = None
                known, engine.delivery = engine.delivery, None
                if error is None and process.after is None and process.current is message:
                    process.current = None
                    if process.mailbox is None:
                        process.status = IDLE
                    else:
                        engine.scheduler.requeue(process)
                    engine.hand_offs_left -= 1
                    now = outbox.time()
                    real = now if outbox.one_clock else engine.monotonic()
                    if real > engine.turn_end or engine.hand_offs_left <= 0:
                        used_up(engine, process, message)
                    seconds = now - begun
                    if breaker is not None:
                        breaker.record(permit, now, True, seconds)
                    engine.counters.handed_off += 1
                    made = outbox.id_maker if known is FRESH else typed("CurrentDelivery", known).id
                    reply = result if replies else None
                    delivery = Delivery("handled", to, process, 1, reply, None, seconds, made)
                    wanted = engine.hub.wanted
                    if wanted and (DeliveryHandled in wanted or DeliveryStarted in wanted):
                        tell_both(engine, delivery, message, begun)
                    return delivery
                ended = HandOff(process, handler, breaker, permit, known, result, error)
                error = result = None  # a traceback would have this frame
                return await _go_on(Parcel(outbox, to, message, timeout, options), ended)
    return await _take_the_long_way(engine, to, message, timeout, options)


async def _go_on(parcel: Parcel, ended: HandOff) -> Delivery[object]:
    waiter = _Waiter(parcel)
    go_on(waiter.sending, ended)
    del ended  # with its error
    return await waiter.wait()


async def _take_the_long_way(
    engine: Engine, to: Recipient, message: object, timeout: Timeout, options: Options
) -> Delivery[object]:
    if get_ident() != engine.thread or not engine.loop.is_running() or not engine.running:
        engine.check_here("supervised_send")
    if type(timeout) is float and 0.0 < timeout <= MAX_TIMEOUT:
        seconds = timeout
    else:
        seconds = seconds_of(engine, to, message, timeout)
    if options.delay is not None and options.delay >= seconds:
        raise BadDeliveryOption("delay", options.delay, f"it has to be below the timeout, {seconds:g} s")
    waiter = _Waiter(Parcel(outbox_of(engine), to, message, seconds, options))
    waiter.sending.start()
    return await waiter.wait()


@cache
def _durable_way() -> DurableWay:
    from regrow.delivery.durable import send_durable  # noqa: PLC0415  # with it comes the journal

    return send_durable


class _Waiter:
    """The task that waits for a send."""

    __slots__ = ("_future", "sending")

    def __init__(self, parcel: Parcel) -> None:
        self._future: asyncio.Future[Delivery[object]] = asyncio.Future(loop=parcel.outbox.engine.loop)
        self.sending = Sending(parcel, self._report)

    def _report(self, delivery: Delivery[object]) -> None:
        if not self._future.done():
            self._future.set_result(delivery)

    async def wait(self) -> Delivery[object]:
        """The end, or the error that the sender wants raised."""
        try:
            delivery = await self._future
        except asyncio.CancelledError:
            self.sending.cancel()
            raise
        if (
            delivery.status == "failed"
            and self.sending.parcel.options.on_error != "log"
            and delivery.error is not None
        ):
            raise delivery.error
        return delivery


@overload
def supervised_send_from_thread(
    to: Address[S], message: CallMessage[S, R], *, timeout: Timeout, **options: Unpack[SendOptions]
) -> Delivery[R]: ...
@overload
def supervised_send_from_thread(
    to: Address[S], message: CastMessage[S], *, timeout: Timeout, **options: Unpack[SendOptions]
) -> Delivery[None]: ...
@overload
def supervised_send_from_thread(
    to: Address[object] | str, message: object, *, timeout: Timeout, **options: Unpack[SendOptions]
) -> Delivery[object]: ...
def supervised_send_from_thread(
    to: Address[object] | str, message: object, *, timeout: Timeout, **options: Unpack[SendOptions]
) -> Delivery[object]:
    """`rg.supervised_send` from another thread than the loop's: block until it is handled.

    Args:
        to: A Pid or a Ref; inside a `blocking` handler also a name.
        message: As of `rg.supervised_send`.
        timeout: As there.
        **options: As there.

    Raises:
        LoopThread: This is the loop's own thread; use `await rg.supervised_send(...)`.
        NotStarted: The System or its loop has stopped.
        Exception: Whatever `rg.supervised_send` raises.
    """
    engine, key = recipient_of(to, anywhere=True)
    reference: Address[object] = Ref(engine, key, object) if isinstance(key, str) else key
    return reference.from_thread.run(
        "supervised_send_from_thread", lambda: supervised_send(reference, message, timeout=timeout, **options)
    )


def send_to_self(message: object) -> None:
    """Send a message to the process that this code runs in: a cast, or anything else as an info.

    It is handled after what stands in the mailbox already, and nothing is waited for.

    Raises:
        NotAProcess: Outside a process.
        MailboxFull: The mailbox is full.
        WrongServer, WrongKind: It is no cast for this server.
    """
    me = current()
    if isinstance(message, CastMessage):
        me.cast(typed("CastMessage[object]", message))
    else:
        me.send(message)
