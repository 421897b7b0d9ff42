"""Handing one delivery to its recipient: its bytes as a message, the message into the mailbox."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Final, cast, final

import msgspec

from regrow.core.codec import codec
from regrow.delivery.journal.aliases import renamed
from regrow.delivery.journal.owed import BEGUN, OUT, OVER, Owed
from regrow.delivery.journal.rows import INFO
from regrow.errors import (
    CodecError,
    HandOutLost,
    NotAMessage,
    ProcessExited,
    UnknownCall,
    WrongKind,
    WrongServer,
)
from regrow.errors.messages import HandlerGone
from regrow.runtime.items import Info, Receipt, Request, Tracked

if TYPE_CHECKING:
    from regrow.core.messages import Message
    from regrow.core.reasons import ExitReason
    from regrow.delivery.journal.desk import Desk
    from regrow.runtime.process import Process

__all__ = ("Handing",)

UNREADABLE: Final = (CodecError, UnknownCall, WrongKind, WrongServer, NotAMessage, msgspec.MsgspecError)
"""What a message raises that its recipient's class can't take (any more)."""


@final
class Handing:
    """Makes messages of rows, and puts them into mailboxes.

    Args:
        desk: Whose part it is.
        aliases: What a handler is called now, by what it was called: `module:Class.handler`.
    """

    __slots__ = ("_aliases", "_desk", "_engine")

    def __init__(self, desk: Desk, aliases: Mapping[str, str]) -> None:
        self._desk = desk
        self._engine = desk.engine
        self._aliases = aliases

    def hand(self, owed: Owed, process: Process) -> None:
        """Put it into the mailbox of `process`, or in line for a place; or bury it if nobody can read it."""
        try:
            message = self._message(owed, process)
        except UNREADABLE as error:
            self._desk.outcomes.unreadable(owed, error)
            return
        if owed.unknown:
            self._desk.outcomes.ask(owed, cast("Message", message))
            return
        owed.target = process
        owed.state = OUT
        assert owed.recipient is not None
        owed.recipient.out += 1
        pacer = self._desk.pacers.known(process)
        if pacer is not None:
            pacer.busy.add(owed.recipient)
            if owed.live.crashes:
                pacer.suspect = owed
        if owed.live.kind == INFO:
            self._info(owed, process, message)
            return
        request = owed.item = Request(message, owed.as_future(), process, None, inf, inf, delivery=owed)
        if not self._engine.plain and not self._let_through(owed, process, request, message):
            return
        if process.has_room():
            self._engine.scheduler.enqueue(process, request)
        else:
            owed.recipient.in_line = owed
            self._engine.sends.wait_for_place(process, request)

    # -- the message ---------------------------------------------------------------------------

    def _message(self, owed: Owed, process: Process) -> object:
        live = owed.live
        if live.kind == INFO:
            return msgspec.msgpack.decode(live.payload)
        blueprint = process.blueprint
        if blueprint.server is None:
            raise WrongServer(type(process), live.type, "call")
        message = self._decode(blueprint.server, live.payload)
        blueprint.entry(message)
        handler = message.__handler__
        owed.repeatable = handler.repeatable
        owed.reconcile = handler.reconcile
        return message

    def _decode(self, server: type, payload: bytes) -> Message:
        try:
            return codec(server).decode(payload)
        except HandlerGone:
            now = renamed(payload, self._aliases)
            if now is None:
                raise
            return codec(server).decode(now)

    # -- the mailbox ---------------------------------------------------------------------------

    def _let_through(self, owed: Owed, process: Process, item: object, message: object) -> bool:
        """What the mailbox hook says: a message that it drops is lost on the way, and tried again."""
        engine = self._engine
        if engine.tracer is not None:
            engine.tracer.message(None, process, item, message)
        if engine.transit is None:
            return True
        passed = engine.transit.passes(None, process, item, message, partial(self._late, owed, process, item))
        if passed is False:
            self._desk.ended(owed, None, HandOutLost(owed.live.dest))
        return passed is True

    def _late(self, owed: Owed, process: Process, item: object) -> None:
        if owed.state == OUT:
            engine = self._engine
            if not process.alive:
                self._desk.ended(owed, None, HandOutLost(owed.live.dest))
            elif process.has_room() or not isinstance(item, Request):
                engine.scheduler.enqueue(process, item)
            else:
                engine.sends.wait_for_place(process, item)

    def _info(self, owed: Owed, process: Process, message: object) -> None:
        receipt = Receipt(partial(owed.set_result, None), partial(_lost, owed), delivery=owed)
        owed.item = receipt
        item = Tracked(Info(message), receipt)
        if not self._engine.plain and not self._let_through(owed, process, item, message):
            return
        if process.has_room():
            self._engine.scheduler.enqueue(process, item)
        else:
            assert owed.recipient is not None
            owed.recipient.in_line = owed
            place = Place(owed, process, item)
            self._engine.sends.wait_for_place(process, cast("asyncio.Future[None]", place))


class Place(msgspec.Struct, eq=False):
    """An info that stands in line for a place: the future of a reservation, as the runtime sees it."""

    owed: Owed
    process: Process
    item: Tracked

    def done(self) -> bool:
        """Whether nobody waits any more."""
        return self.owed.state == OVER

    def set_result(self, _: None) -> None:
        """There is a place: fill it."""
        self.process.room += 1
        self.process.engine.scheduler.enqueue(self.process, self.item)

    def set_exception(self, error: BaseException) -> None:
        """The process has ended."""
        self.owed.set_exception(error)


def _lost(owed: Owed, reason: ExitReason) -> None:
    if isinstance(reason, str) and owed.state != BEGUN:
        owed.set_exception(HandOutLost(owed.live.dest))
    else:
        assert owed.target is not None
        owed.set_exception(ProcessExited(reason, owed.target))
