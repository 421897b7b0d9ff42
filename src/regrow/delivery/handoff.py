"""Hand-off: an idle recipient's handler runs at once, on the sender's own stack."""

from __future__ import annotations

from sys import modules
from typing import TYPE_CHECKING, NamedTuple
from typing import cast as typed

from regrow.core.deliveries import CurrentDelivery
from regrow.core.delivery_events import DeliveryHandled, DeliveryStarted
from regrow.delivery.records import Delivery
from regrow.delivery.tracing import TRACE, traceparent
from regrow.runtime.delivering import FRESH
from regrow.runtime.process import IDLE, RUNNING, current_process

if TYPE_CHECKING:
    from regrow.delivery.options import Options
    from regrow.delivery.outbox import Outbox
    from regrow.delivery.recipients import Recipient
    from regrow.delivery.sending import Sending
    from regrow.resilience.breaker import Breaker
    from regrow.runtime.blueprint import Entry
    from regrow.runtime.engine import Engine
    from regrow.runtime.process import Process

__all__ = ("HandOff", "entry_for", "from_zombie", "go_on", "hand_off", "known_of", "tell_both", "used_up")


class HandOff(NamedTuple):
    """A hand-off that did not just return."""

    process: Process
    handler: Entry
    breaker: Breaker | None
    permit: int
    known: object
    result: object
    error: BaseException | None


def entry_for(process: Process, message: object) -> Entry | None:
    """The handler that could run at once, None if there is none, or its process is busy."""
    if process.status:
        return None
    blueprint, kind = process.blueprint, type(message)
    handler = blueprint.calls.get(kind) or blueprint.casts.get(kind) or blueprint.known(message)
    return handler if handler is not None and handler.hand_off else None


def from_zombie() -> bool:
    """Whether it is sent by a process that is over and won't end: the long way has the error."""
    sender = current_process.get(None)
    return sender is not None and sender.extras is not None and sender.extras.zombie


def hand_off(  # noqa: PLR0917  # as of a send
    outbox: Outbox, to: Recipient, process: Process, handler: Entry, message: object, options: Options
) -> Delivery[object] | HandOff | None:
    """Run the handler: what `send._send` does in one piece, for speed, and under the same conditions.

    Returns:
        None if the recipient's breaker has to be asked first; nothing has happened then.
    """
    engine = outbox.engine
    breaker = outbox.breaker_of(process.name or process) if options.breaker is None else None
    if breaker is None and options.breaker is not False:
        breaker = outbox.breakers.breaker_for(process.name or process, options.breaker)
    permit = 1 if breaker is None else breaker.permit
    if not permit:
        return None
    begun = outbox.time()
    if engine.attention:
        engine.threads.attend()
    known = known_of(outbox, options) if options.tagged or TRACE in modules else FRESH
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
    known = engine.delivery
    engine.delivery = None
    if error is not None or process.after is not None or process.current is not message:
        return HandOff(process, handler, breaker, permit, known, result, error)
    process.current = None
    if process.mailbox is None:
        process.status = IDLE
    else:
        engine.scheduler.requeue(process)
    engine.hand_offs_left -= 1
    now = outbox.time()
    if (now if outbox.one_clock else engine.monotonic()) > engine.turn_end or engine.hand_offs_left <= 0:
        used_up(engine, process, message)
    if breaker is not None:
        breaker.record(permit, now, True, now - begun)
    engine.counters.handed_off += 1
    made = outbox.id_maker if known is FRESH else typed("CurrentDelivery", known).id
    reply = result if type(message) in process.blueprint.calls else None
    delivery = Delivery("handled", to, process, 1, reply, None, now - begun, made)
    wanted = engine.hub.wanted
    if wanted and (DeliveryHandled in wanted or DeliveryStarted in wanted):
        tell_both(engine, delivery, message, begun)
    return delivery


def go_on(sending: Sending, ended: HandOff) -> None:
    """From here on it is like any other attempt."""
    parcel = sending.parcel
    if isinstance(ended.known, CurrentDelivery):
        parcel.set_id(ended.known.id)
    attempt = sending.adopt(ended.process, ended.permit, ended.breaker)
    request = attempt.make_request(parcel.message)
    calls = parcel.outbox.engine.calls
    calls.supervised_inline(ended.process, ended.handler, request, ended.result, ended.error)


def used_up(engine: Engine, process: Process, message: object) -> None:
    """The time or the hand-offs of this turn are used up."""
    engine.scheduler.exhausted()
    if engine.timing:
        engine.scheduler.check_slow(process, message, engine.begun)


def known_of(outbox: Outbox, options: Options) -> object:
    """What `current_delivery()` tells in a hand-off, if it is known beforehand."""
    trace = traceparent()
    if trace is None and options.metadata is None and options.idempotency_key is None:
        return FRESH
    id = outbox.new_id()
    key = options.idempotency_key or id
    return CurrentDelivery(id=id, idempotency_key=key, metadata=options.metadata or {}, traceparent=trace)


def tell_both(engine: Engine, delivery: Delivery[object], message: object, begun: float) -> None:
    """The events of a hand-off."""
    hub = engine.hub
    to = delivery.recipient
    if DeliveryStarted in hub.wanted:
        hub.emit(
            DeliveryStarted(at=begun, id=delivery.id, recipient=to, message=engine.reporter.show(message))
        )
    if DeliveryHandled in hub.wanted:
        at = begun + delivery.seconds
        hub.emit(DeliveryHandled(at=at, id=delivery.id, recipient=to, attempts=1, seconds=delivery.seconds))
