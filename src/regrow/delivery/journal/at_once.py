"""Hand-off of durable deliveries: the `def` handlers of an idle process run here, one after the other.

What a mailbox and a scheduler's slice would do for each message is done once for all of them. The least
thing out of the ordinary takes the long way, by `Handing`.
"""

from __future__ import annotations

from collections import deque
from itertools import groupby
from math import inf
from operator import attrgetter
from typing import TYPE_CHECKING, Final, final

from regrow.delivery.journal.operations import Settle
from regrow.delivery.journal.owed import BEGUN, OVER, WAITING, Owed
from regrow.delivery.journal.recipients import Recipient
from regrow.delivery.journal.units import Done
from regrow.delivery.journal.waits import Wait, wake_all
from regrow.runtime.items import Request
from regrow.runtime.process import IDLE, RUNNING

if TYPE_CHECKING:
    from regrow.delivery.journal.desk import Desk
    from regrow.resilience.breaker import Breaker
    from regrow.runtime.blueprint import Entry
    from regrow.runtime.process import Process

__all__ = ("AtOnce",)

SECONDS: Final = 0.001
"""How long it goes on before everything else gets its turn."""
_bare: Final = attrgetter("bare")


@final
class AtOnce:
    """Takes in what is sent, and runs handlers of idle processes on the desk's own stack.

    Args:
        desk: Whose part it is.
    """

    __slots__ = ("_desk", "_engine", "_time")

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._engine = desk.engine
        self._time = desk.clock.time

    def take_in(self, batch: list[Owed]) -> None:
        """Sends are in the journal: accepted, and owed from now on."""
        first = batch[0].bare
        # Nearly always all are alike, and to see that is quicker than to put them in groups.
        if first is not None and not [owed for owed in batch if owed.bare is not first]:
            self._take_alike(first.dest, batch)
            return
        for form, some in groupby(batch, _bare):
            if form is None:
                for owed in some:
                    owed.committed()
            else:
                self._take_alike(form.dest, list(some))

    def _take_alike(self, dest: str, batch: list[Owed]) -> None:
        """Those of one recipient, for which a queue is all there is to do."""
        desk = self._desk
        recipient = desk.recipient_of(dest)
        desk.look_at(recipient)
        recipient.owed += len(batch)
        recipient.push_all(batch)
        known, stopped = desk.owed, desk.stopped
        told: list[Wait] = []
        for owed in batch:
            known[owed.place] = owed
            owed.recipient = recipient
            wait = owed.wait
            assert wait is not None
            wait.accepted = True
            if (not wait.handled or stopped) and wait.parted():
                told.append(wait)
        if told:
            wake_all(self._engine.loop, told)
        desk.books.taken_in(batch)

    def settled(self, recipient: Recipient, rows: list[Owed]) -> None:
        """They are handled, and that is committed: all that `forget` would do for each."""
        desk = self._desk
        known = desk.owed
        for owed in rows:
            del known[owed.place]
        desk.books.all_done(rows)
        desk.all_settled(recipient, len(rows))

    def run(self, recipient: Recipient, process: Process, limit: int) -> int:
        """Hand off what is first in line, as far as it can be. Returns how many were handled."""
        engine, desk = self._engine, self._desk
        ready = recipient.in_order()
        if (
            not ready
            or ready[0].bare is None
            or process.status != IDLE
            or recipient.out
            or not engine.plain
            or not engine.hand_offs
            or engine.timing
            or engine.looks
            or engine.handling is not None
            or desk.pacers.known(process) is not None
        ):
            return 0
        breaker = desk.breakers.get(recipient.name) or desk.breakers.breaker_for(recipient.name)
        if not breaker.permit:
            return 0
        if engine.attention:
            engine.threads.attend()
        done: list[Owed] = []
        permit = breaker.permit
        told: list[Wait] = []
        context = process.context or engine.contexts.make(process)
        try:
            odd = context.run(self._slice, process, breaker, ready, limit, done, told)
        finally:
            if told:
                wake_all(engine.loop, told)
        engine.scheduler.steps += 1
        if done:
            if breaker.settings.slow_seconds is None:
                breaker.record_good(permit, self._time(), len(done))
            desk.writer.add([Settle(owed.place) for owed in done], Done(desk, recipient, done))
        if odd is None:
            if process.mailbox is None:
                process.status = IDLE
            else:
                engine.scheduler.requeue(process)
            if ready:
                desk.look_at(recipient)
        else:
            recipient.out += 1
            engine.calls.supervised_inline(process, *odd)
        return len(done)

    def _slice(  # noqa: PLR0917  # in one piece, for speed
        self,
        process: Process,
        breaker: Breaker,
        ready: deque[Owed],
        limit: int,
        done: list[Owed],
        told: list[Wait],
    ) -> tuple[Entry, Request, object, BaseException | None] | None:
        """Run handlers in the process's own context, until one does not just return."""
        engine, time, slots = self._engine, self._time, self._desk.slots
        instance, permit = process.instance, breaker.permit
        each = breaker.settings.slow_seconds is not None
        begun = time()
        until = begun + SECONDS
        slot = slots.take()
        name = slots.namer(slot)
        process.status = RUNNING
        engine.handling = process
        error: BaseException | None = None
        result: object = None
        kind: type | None = None
        entry: Entry | None = None
        while ready and limit and begun <= until:
            owed = ready.popleft()
            if owed.state != WAITING:
                continue
            message = owed.message
            if type(message) is not kind:
                kind, entry = type(message), _entry_for(process, message)
            if entry is None or breaker.permit != permit:
                ready.appendleft(owed)
                break
            limit -= 1
            name(owed.place)
            process.current = message
            engine.delivery = owed
            invoke = entry.invoke  # a call through an attribute costs more
            try:
                result = invoke(instance, message)
            except BaseException as raised:  # noqa: BLE001  # whatever it is, the process has crashed
                error = raised
            if error is not None or process.after is not None or process.current is not message:
                owed.slot, owed.begun_at, owed.permit = slot, begun, permit
                engine.handling = engine.delivery = None
                return entry, self._request(owed, process, message), result, error
            owed.state = OVER
            wait = owed.wait
            if wait is not None and not wait.told:
                wait.reply = result
                wait.told = True
                told.append(wait)
            done.append(owed)
            now = time()
            if each:
                breaker.record(permit, now, True, now - begun)
            begun = now
        engine.handling = engine.delivery = process.current = None
        slots.end(slot)
        return None

    def _request(self, owed: Owed, process: Process, message: object) -> Request:
        """What it would have been in a mailbox: from here on it is."""
        owed.target = process
        owed.state = BEGUN
        request = Request(message, owed.as_future(), process, None, inf, inf, delivery=owed, taken=True)
        deferred = process.current  # by reply_later: takes the place of `request`
        owed.item = deferred if isinstance(deferred, Request) else request
        return request


def _entry_for(process: Process, message: object) -> Entry | None:
    """The handler that can run at once; None if none can, or if there is no message: then it isn't bare."""
    blueprint, kind = process.blueprint, message.__class__
    entry = blueprint.calls.get(kind) or blueprint.casts.get(kind)
    if entry is None and message is not None:
        entry = blueprint.known(message)  # the first of its class
    return entry if entry is not None and entry.hand_off else None
