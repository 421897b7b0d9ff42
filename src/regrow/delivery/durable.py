"""Durable sends: in the journal before the sender is told, and then delivered whatever happens."""

from __future__ import annotations

import asyncio
from asyncio import current_task
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from regrow.core.deliveries import uuid7
from regrow.delivery.envelope import envelope_of, headers_of
from regrow.delivery.journal.clock import micros
from regrow.delivery.journal.operations import Accept
from regrow.delivery.journal.owed import Owed, Wait
from regrow.delivery.journal.rows import INFO, Live
from regrow.delivery.lookup import opened_of
from regrow.delivery.persistence.keeper import open_keeper
from regrow.delivery.records import Delivery
from regrow.delivery.tracing import traceparent
from regrow.errors import BadAddress, CallToSelf, EncodeFailed, NotAcceptedInTime
from regrow.runtime.pid import Ref
from regrow.runtime.process import Process, current_process

if TYPE_CHECKING:
    from regrow.delivery.journal.opened import OpenJournal
    from regrow.delivery.options import Options
    from regrow.runtime.engine import Engine

__all__ = ("buffer_durable", "new_live", "send_durable")

R = TypeVar("R")
OPTION: Final = "durable=True"


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
        mid=uuid7(now_us / 1_000_000, opened.random),
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
    return Delivery("buffered", live.dest, None, 0, None, None, 0.0, live.mid.hex())


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


async def send_durable(
    engine: Engine, to: object, message: object, timeout: float, options: Options
) -> Delivery[Any]:
    """Write the message to the journal; return when it is there, or when it is handled.

    Args:
        engine: Of the System.
        to: A name, a Ref, or the Pid of a process with a name.
        message: What is sent.
        timeout: Seconds to wait: they bound the wait, not the delivery.
        options: Checked.

    Raises:
        NoJournal, JournalFull, JournalFailed, JournalNotRunning: It was not accepted.
        BadAddress: The recipient has no name.
        CallToSelf: With `ack="handled"` it would wait for itself.
        EncodeFailed, NoCodec: The message can't be written.
        NotAcceptedInTime: It was not accepted in time; it may be accepted yet.
    """
    caller = current_process.get(None)
    if caller is not None:
        buffered = buffer_durable(engine, to, message, options)
        if buffered is not None:
            return buffered
        own = caller.engine is engine and caller.name == name_of(to)
        if options.ack == "handled" and own and caller.task is current_task():
            raise CallToSelf(caller, message)
    opened = opened_of(engine, OPTION)
    live = new_live(opened, to, message, options)
    loop = engine.loop
    begun = loop.time()
    wait = Wait(asyncio.Future(loop=loop), begun + timeout, options.ack == "handled")
    owed = _owed(opened, live, options, wait)
    opened.writer.add((Accept(live),), owed, len(live.payload))
    engine.timers.deadline(wait)
    try:
        await wait.future
    except TimeoutError:
        raise NotAcceptedInTime(to, message, timeout) from None
    return Delivery(
        wait.end,
        live.dest,
        None,
        wait.attempts,
        wait.reply,
        wait.error,
        loop.time() - begun,
        live.mid.hex(),
        wait.duplicate,
    )


def _check_info(message: object, payload: bytes) -> None:
    if msgspec.msgpack.decode(payload) != message:
        raise EncodeFailed(
            message, "a durable info is made of None, bool, int, float, str, bytes, list and dict"
        )
