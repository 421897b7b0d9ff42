"""Casts and plain sends: the bound of the mailbox, its policies, and reserved places."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, final

from regrow.core.events import Dropped
from regrow.core.reasons import NOPROC, ExitReason
from regrow.errors import MailboxFull, NoProcess, ProcessExited, WaitTimeout, ZombieProcess
from regrow.runtime.items import SIGNALS, Info, Receipt, Request, Sync, Tick, Tracked, message_of
from regrow.runtime.process import DEAD, Process, current_process
from regrow.runtime.reservations import Reservation, reserve

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Never

    from regrow.runtime.engine import Engine
    from regrow.runtime.pid import Timeout


@final
class Sends:
    """How messages get into the mailboxes of one System."""

    __slots__ = ("_engine",)

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # -- into the mailbox ----------------------------------------------------------------------

    def cast(self, target: Process, message: object) -> None:
        """A cast that the short cut in `Process.cast` did not take."""
        target.blueprint.cast_entry(message)
        self.deliver(target, message, message)

    def info(self, target: Process, message: object) -> bool:
        """A plain send. False if it was dropped."""
        return self.deliver(target, Info(message), message)

    def reserve(self, target: Process, timeout: Timeout) -> Coroutine[object, Never, Reservation[object]]:
        """A place in the mailbox of `target` for one message later."""
        return reserve(target, timeout)

    def tracked(self, target: Process, message: object, receipt: Receipt, *, info: bool = False) -> None:
        """A cast or info whose sender is told what became of it: see `Receipt`."""
        if not info:
            target.blueprint.cast_entry(message)
        self.deliver(target, Tracked(Info(message) if info else message, receipt), message)

    def deliver(self, target: Process, item: object, message: object) -> bool:
        """Put `item`, which carries `message`, into the mailbox, or drop it by its policy.

        Returns:
            Whether it is in the mailbox; True also for what a turn or a hook holds back.

        Raises:
            MailboxFull: There is no place and the policy is to raise.
        """
        engine = self._engine
        if not engine.plain or engine.loop.is_closed():
            engine.check_here("send")
            sender = current_process.get(None)
            if engine.tracer is not None:
                engine.tracer.message(sender, target, item, message)
            if sender is not None and sender.extras is not None:
                if sender.extras.zombie:
                    raise ZombieProcess(sender)
                if sender.extras.turns is not None and sender.extras.turns.hold_send(target, item, message):
                    return True
            passed = self._hooked(sender, target, item, message)
            if passed is not True:
                return passed is None
        return self.put(target, item, message)

    def put(self, target: Process, item: object, message: object) -> bool:
        """`deliver` without hooks and held-back turns."""
        if target.status == DEAD:
            self.drop(target, message, "dead", item)
            return False
        mailbox = target.mailbox
        if (len(mailbox) if mailbox else 0) >= target.room and not self._make_room(target, item, message):
            return False
        self._engine.scheduler.enqueue(target, item)
        return True

    def put_late(self, target: Process, item: object, message: object) -> None:
        """`put` for what was set or held up before: nobody is there any more to be told of a full mailbox.

        A call is never dropped: it stands in line for its place, or learns that the callee is gone.
        """
        if isinstance(item, Request):
            self._request_late(target, item)
            return
        try:
            self.put(target, item, message)
        except MailboxFull:
            self.drop(target, message, "drop_newest", item)

    def _request_late(self, target: Process, request: Request) -> None:
        if request.future.done():
            return
        if target.status == DEAD:
            request.future.set_exception(NoProcess(target))
        elif not target.has_room():
            self.wait_for_place(target, request)
            request.future.add_done_callback(lambda _: self.wait_no_more(target, request))
        else:
            self._engine.scheduler.enqueue(target, request)

    def request(self, target: Process, request: Request) -> None:
        """Put a supervised message into the mailbox, or in line for a place. `request.future` tells the rest.

        `NoProcess` and `ProcessExited` are what it fails with if the process has ended or does so first.
        """
        target.blueprint.entry(request.message)
        if self._engine.plain or self.admit(target, request):
            self._request_late(target, request)

    def admit(self, target: Process, request: Request) -> bool:
        """Whether the hooks let a call through now; held back or dropped, its caller's timeout tells."""
        sender = current_process.get(None)
        if self._engine.tracer is not None:
            self._engine.tracer.message(sender, target, request, request.message)
        transit = self._engine.transit
        if transit is None:
            return True
        if request.delivery is None:
            request.future = transit.answer_to(sender, target) or request.future
        return self._hooked(sender, target, request, request.message) is True

    def release(self, sender: Process, target: Process, item: object, message: object) -> None:
        """`deliver` what a turn of `sender` has held back until now."""
        if self._engine.plain or self._hooked(sender, target, item, message):
            self.put_late(target, item, message)

    def _hooked(self, sender: Process | None, target: Process, item: object, message: object) -> bool | None:
        """What the mailbox hook says: True to go on, None if it is held, False if it is lost."""
        transit = self._engine.transit
        if transit is None:
            return True
        passed = transit.passes(sender, target, item, message, lambda: self.put_late(target, item, message))
        if passed is False:
            self.drop(target, message, "hook", item)
        return passed

    def before_signal(self, target: Process) -> None:
        """Something that can't be held goes to `target` from here: have what was sent before arrive."""
        transit = self._engine.transit
        if transit is not None:
            transit.flush(current_process.get(None), target)

    # -- the bound -----------------------------------------------------------------------------

    def _make_room(self, target: Process, item: object, message: object) -> bool:
        """The mailbox is full: apply its policy. True if there is a place now."""
        engine = self._engine
        overflow = target.blueprint.overflow
        capacity = target.blueprint.capacity or engine.settings.mailbox_capacity
        engine.reporter.mailbox_full(target, capacity, overflow)
        if overflow == "raise" or item.__class__ is Tracked:
            raise MailboxFull(target, capacity)  # a message whose sender asks for its fate is not dropped
        if overflow == "drop_oldest":
            mailbox = target.mailbox if target.mailbox is not None else deque[object]()
            for position, waiting in enumerate(mailbox):
                if _droppable(waiting):
                    del mailbox[position]
                    self.drop(target, message_of(waiting), "drop_oldest", waiting)
                    return True
        self.drop(target, message, "drop_newest", item)
        return False

    def drop(self, target: Process | str, message: object, cause: str, item: object = None) -> None:
        """Count a message that reaches nobody, and say so to whoever listens."""
        engine = self._engine
        if not engine.plain:
            engine.check_running()
        engine.counters.dropped += 1
        if type(item) is Tracked:
            engine.loop.call_soon(item.receipt.lost, NOPROC if cause == "dead" else cause)
        elif type(item) is Tick:
            item.timer.lost()
        if Dropped in engine.hub.wanted:
            shown = engine.reporter.show(message)
            engine.hub.emit(Dropped(at=engine.loop.time(), target=target, cause=cause, message=shown))

    def drop_rest(self, process: Process, mailbox: deque[object], reason: ExitReason) -> int:
        """The process has ended with these items unhandled. Returns how many of them were messages."""
        engine = self._engine
        dropped = 0
        for item in mailbox:
            kind = type(item)
            if kind is Sync:
                if not item.future.done():  # type: ignore[attr-defined]
                    item.future.set_exception(ProcessExited(reason, process))  # type: ignore[attr-defined]
                continue
            if _uncounted(item):
                continue
            dropped += 1
            engine.counters.dropped += 1
            if kind is Tracked:
                engine.loop.call_soon(item.receipt.lost, reason)  # type: ignore[attr-defined]
            elif kind is Tick:
                item.timer.lost()  # type: ignore[attr-defined]
            if Dropped in engine.hub.wanted:
                shown = engine.reporter.show(message_of(item))
                engine.hub.emit(Dropped(at=engine.loop.time(), target=process, cause="exit", message=shown))
        mailbox.clear()
        return dropped

    async def sync(self, target: Process, timeout: Timeout) -> None:
        """Return when everything that stands in the mailbox of `target` now is handled."""
        engine = self._engine
        engine.check_here("sync")
        seconds = engine.timeouts.resolve(timeout)
        if target.status == DEAD:
            raise NoProcess(target)
        caller = current_process.get(None)
        own = caller if caller is not None and asyncio.current_task() is caller.task else None
        if own is not None:
            engine.calls.check_caller(own, target, "sync")
            engine.calls.check_cycle(own, target)
            own.waiting = target
        self.before_signal(target)
        future: asyncio.Future[None] = engine.loop.create_future()
        engine.scheduler.signal(target, Sync(future))
        timer = engine.timers.fail_after(seconds, future, lambda: WaitTimeout(target, "sync", seconds))
        try:
            await future
        finally:
            timer.cancel()
            if own is not None:
                own.waiting = None

    # -- places --------------------------------------------------------------------------------

    def wait_for_place(
        self, target: Process, waiter: Request | asyncio.Future[None], places: int = 1
    ) -> None:
        """The mailbox is full: stand in line for a place, or several at once; first come first served."""
        extras = target.more()
        if extras.place_waiters is None:
            extras.place_waiters = {}
        extras.place_waiters[waiter] = places
        capacity = target.blueprint.capacity or self._engine.settings.mailbox_capacity
        self._engine.reporter.mailbox_full(target, capacity, "wait")

    def wait_no_more(self, target: Process, waiter: Request | asyncio.Future[None]) -> None:
        """Leave the line, whether or not it came to a place."""
        extras = target.extras
        if extras is not None and extras.place_waiters is not None:
            extras.place_waiters.pop(waiter, None)

    def grant_places(self, process: Process) -> None:
        """Give what is free to who has waited longest: a place to a call, or what one reserves."""
        extras = process.extras
        waiters = extras.place_waiters if extras is not None else None
        while waiters and process.has_room():
            waiter, places = next(iter(waiters.items()))
            if places > 1 and not process.has_room(places):
                return
            del waiters[waiter]
            if isinstance(waiter, Request):
                if not waiter.future.done():
                    self._engine.scheduler.enqueue(process, waiter)
            elif not waiter.done():
                process.room -= places
                waiter.set_result(None)


def _droppable(item: object) -> bool:
    kind = type(item)
    return kind is not Request and kind is not Tracked and not _uncounted(item)


def _uncounted(item: object) -> bool:
    kind = type(item)
    return kind in SIGNALS and (kind is not Tick or item.timer.own)  # type: ignore[attr-defined]
