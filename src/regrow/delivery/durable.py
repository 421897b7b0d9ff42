"""Durable sends: in the journal before the sender is told, and then delivered whatever happens."""

from __future__ import annotations

from asyncio import current_task
from sys import modules
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from regrow.core.deliveries import uuid7
from regrow.core.messages import Message
from regrow.core.timeouts import MAX_TIMEOUT
from regrow.delivery.envelope import envelope_of, headers_of, known_of
from regrow.delivery.journal.clock import micros
from regrow.delivery.journal.forms import Form
from regrow.delivery.journal.owed import Owed
from regrow.delivery.journal.rows import INFO, Live
from regrow.delivery.journal.waits import Wait
from regrow.delivery.lookup import opened_in, opened_of
from regrow.delivery.persistence.keeper import open_keeper
from regrow.delivery.recipients import seconds_of
from regrow.delivery.records import Delivery
from regrow.delivery.tracing import TRACE, traceparent
from regrow.errors import BadAddress, CallToSelf, EncodeFailed, NotAcceptedInTime
from regrow.runtime.pid import Ref
from regrow.runtime.process import DEAD, Process, current_process

if TYPE_CHECKING:
    from regrow.delivery.journal.forms import FormKey
    from regrow.delivery.journal.opened import OpenJournal
    from regrow.delivery.options import Options
    from regrow.delivery.recipients import Recipient
    from regrow.runtime.engine import Engine
    from regrow.runtime.pid import Timeout

__all__ = ("buffer_durable", "new_live", "send_durable")

R = TypeVar("R")
OPTION: Final = "durable=True"
KEPT_BYTES: Final = 1024
"""A longer message is kept as bytes alone while it is owed."""


def name_of(to: object) -> str:
    """The name that a durable message is stored for.

    Raises:
        BadAddress: A process without a name: it can't be found again after a crash.
    """
    if type(to) is str:
        return to
    if isinstance(to, Ref):
        return to.name
    if isinstance(to, Process) and to.name is not None:
        return to.name
    raise BadAddress(
        to, "a name, a Ref or the Pid of a process with a name: durable messages are stored by name"
    )


def new_live(opened: OpenJournal, to: object, message: object, options: Options) -> Live:
    """The row for one more delivery; nothing is written yet.

    Raises:
        BadAddress: The recipient has no name.
        EncodeFailed, NoCodec: The message can't be written.
        JournalFull: There is no room.
        JournalNotRunning: The journal isn't open.
    """
    dest = name_of(to)
    opened.check_room()
    now_us = opened.clock.now_us()
    kind, type_name, payload = envelope_of(message)
    if kind == INFO:
        _check_info(message, payload)
    sender = current_process.get(None)
    delay = options.delay
    return Live(
        id=opened.next_id(),
        mid=uuid7(now_us, opened.random),
        dest=dest,
        kind=kind,
        type=type_name,
        payload=payload,
        key=options.idempotency_key,
        lane=options.ordering_key,
        source=sender.name if sender is not None else None,
        headers=headers_of(options.metadata),
        traceparent=traceparent(),
        created_us=now_us,
        expires_us=None if options.expires_in is None else now_us + micros(options.expires_in),
        due_us=now_us if not delay else now_us + micros(delay),
        max_attempts=options.retries + 1,
        max_crashes=opened.max_crashes,
        discard=options.on_error == "ignore",
        attempt_timeout=options.attempt_timeout,
    )


def _accept_bare(  # noqa: PLR0917  # as of a send
    opened: OpenJournal, form: Form, message: Message, options: Options, source: str | None, wait: Wait
) -> Owed:
    """Have a send accepted that asks for nothing special, as most do, with the least that it takes."""
    writer = opened.writer
    if writer.waiting >= writer.room:
        opened.look_for_room()
    encode, next_id = form.encode, opened.next_id
    payload, as_it_is = encode(message)
    number = next_id()
    now_us = opened.clock.at_us(wait.begun)
    trace = traceparent() if TRACE in modules else None
    live = Live(
        number,
        uuid7(now_us, opened.random),
        form.dest,
        form.kind,
        form.type,
        payload,
        now_us,
        now_us,
        source,
        trace,
        form.max_attempts,
        form.max_crashes,
        form.discard,
        form.key,
        None,
        form.headers,
    )
    if as_it_is and form.repeatable and len(payload) <= KEPT_BYTES:
        owed = Owed(live, number, opened.desk, wait, options.backoff, form, message)
        writer.accept(owed, form.like if trace is None else None)
    else:
        owed = Owed(live, number, opened.desk, wait, options.backoff)
        writer.accept(owed)
    return owed


def _new_form(opened: OpenJournal, key: FormKey, options: Options) -> Form | None:
    """The form of a send with this key; None if its options aren't bare, or it is no call or cast message."""
    dest, kind, source, _ = key
    if not options.bare or not issubclass(kind, Message):
        return None
    known = known_of(kind)
    attempts, discard = options.retries + 1, options.on_error == "ignore"
    like = None
    if not options.tagged:
        like = opened.forms.like((dest, known.type_name, known.kind, source, attempts, discard))
    form = Form(
        options=options,  # kept, so that nothing else gets its identity
        like=like,
        repeatable=known.repeatable,
        encode=known.encode,
        dest=dest,
        kind=known.kind,
        type=known.type_name,
        max_attempts=attempts,
        max_crashes=opened.max_crashes,
        discard=discard,
        key=options.idempotency_key,
        headers=headers_of(options.metadata),
    )
    if not options.tagged:  # somebody may change metadata, and a key is for one send
        opened.forms.keep(key, form)
    return form


def buffer_durable(engine: Engine, to: object, message: object, options: Options) -> Delivery[Any] | None:
    """In a handler of a persistent server: the message is accepted with the commit of what the handler does.

    Returns:
        None anywhere else; nothing is sent then.

    Raises:
        JournalFull, JournalNotRunning, BadAddress, EncodeFailed, NoCodec: As `send_durable`.
    """
    keeper = open_keeper()
    if keeper is None or keeper.engine is not engine:
        return None
    opened = opened_of(engine, OPTION)
    live = new_live(opened, to, message, options)
    keeper.send(_owed(opened, live, options, None))
    return Delivery("buffered", live.dest, None, 0, None, None, 0.0, live.mid)


def _owed(opened: OpenJournal, live: Live, options: Options, wait: Wait | None) -> Owed:
    desk = opened.desk
    if options.breaker:
        desk.breakers.breaker_for(live.dest, options.breaker)
    return Owed(
        live=live,
        place=live.id,
        desk=desk,
        wait=wait,
        backoff=options.backoff,
        guarded=options.breaker is not False,
    )


async def send_durable(  # in one piece: most of its branches are for what is rare
    engine: Engine, to: Recipient, message: object, timeout: Timeout, options: Options
) -> Delivery[Any]:
    """Write the message to the journal; return when it is there, or when it is handled.

    Args:
        engine: Of the System.
        to: A name, a Ref, or the Pid of a process with a name.
        message: What is sent.
        timeout: Seconds to wait, or a name from the timeout table: they bound the wait, not the delivery.
        options: Checked.

    Raises:
        NoJournal, JournalFull, JournalFailed, JournalNotRunning: It was not accepted.
        BadAddress: The recipient has no name.
        CallToSelf: With `ack="handled"` it would wait for itself.
        EncodeFailed, NoCodec: The message can't be written.
        NotAcceptedInTime: It was not accepted in time; it may be accepted yet.
        BadTimeout, UnknownTimeout: The timeout is none.
    """
    if get_ident() != engine.thread or not engine.loop.is_running() or not engine.running:
        engine.check_here("supervised_send")
    if type(timeout) is not float or not 0.0 < timeout <= MAX_TIMEOUT:
        timeout = seconds_of(engine, to, message, timeout)
    dest = to if type(to) is str else name_of(to)
    caller = current_process.get(None)
    source = None
    if caller is not None:
        if (buffered := buffer_durable(engine, to, message, options)) is not None:
            return buffered
        source = caller.name
        to_itself = caller.engine is engine and source == dest
        if options.handled and to_itself and caller.task is current_task():
            raise CallToSelf(caller, message)
    opened: OpenJournal | None = engine.extensions.get(opened_in)  # type: ignore[assignment]
    if opened is None or opened.over or opened.process.status == DEAD:
        opened = opened_of(engine, OPTION)
    time = opened.clock.time
    wait = Wait(engine.loop, time(), timeout, options.handled)
    key = dest, type(message), source, id(options)
    form = opened.forms.kept.get(key) or _new_form(opened, key, options)
    if form is not None:
        owed = _accept_bare(opened, form, message, options, source, wait)  # type: ignore[arg-type]
    else:
        owed = _owed(opened, new_live(opened, to, message, options), options, wait)
        opened.writer.accept(owed)
    line = opened.waits.lines.get(timeout)
    if line is not None and line.live:
        line.waits.append(wait)
    else:
        opened.waits.begin(line, wait)
    try:
        await wait
        reply, error = wait.reply, wait.error
    except TimeoutError:
        raise NotAcceptedInTime(to, message, timeout) from None
    finally:
        wait.reply = wait.error = None  # it stands in line until its deadline
    seconds, live = time() - wait.begun, owed.live
    return Delivery(wait.end, live.dest, None, wait.attempts, reply, error, seconds, live.mid, wait.duplicate)


def _check_info(message: object, payload: bytes) -> None:
    if msgspec.msgpack.decode(payload) != message:
        raise EncodeFailed(
            message, "a durable info is made of None, bool, int, float, str, bytes, list and dict"
        )
