"""Casts and plain sends: the bound of the mailbox, its policies, and reserved places."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, final

from regrow.core.events import Dropped, MailboxFullSeen
from regrow.core.reasons import ExitReason
from regrow.errors import BadReservation, CallTimeout, MailboxFull, NoProcess, ProcessExited, ZombieProcess
from regrow.runtime.items import SIGNALS, Info, Receipt, Request, Sync, Tick, Tracked
from regrow.runtime.process import DEAD, Process, current_process

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine
    from regrow.runtime.pid import Address, Timeout
    from regrow.runtime.timers import Timer


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

    def info(self, target: Process, message: object) -> None:
        """A plain send."""
        self.deliver(target, Info(message), message)

    def tracked(self, target: Process, message: object, receipt: Receipt, *, info: bool = False) -> None:
        """A cast or info whose sender is told what became of it: see `Receipt`."""
        if not info:
            target.blueprint.cast_entry(message)
        self.deliver(target, Tracked(Info(message) if info else message, receipt), message)

    def deliver(self, target: Process, item: object, message: object) -> None:
        """Put `item`, which carries `message`, into the mailbox, or drop it by its policy.

        Raises:
            MailboxFull: there is no place and the policy is to raise.
        """
        engine = self._engine
        if not engine.plain or engine.loop.is_closed():
            engine.check_here("send")
            sender = current_process.get(None)
            if sender is not None and sender.extras is not None:
                if sender.extras.zombie:
                    raise ZombieProcess(sender)
                if sender.extras.turns is not None and sender.extras.turns.hold_send(target, item, message):
                    return
            if not self._hooked(sender, target, item, message):
                return
        self.put(target, item, message)

    def deliver_tick(self, target: Process, timer: Timer) -> None:
        """A timer of somebody else: counted like the send that it is; without a place it is dropped."""
        try:
            self.put(target, Tick(timer), timer.message)
        except MailboxFull:
            self.drop(target, timer.message, "drop_newest")

    def by_timer(self, target: Address[object] | None, message: object) -> None:
        """A timer to a name goes off: nobody is there to be told of a full mailbox."""
        if target is None:
            return
        try:
            target.send(message)
        except MailboxFull:
            self.drop(str(target), message, "drop_newest")

    def put(self, target: Process, item: object, message: object) -> None:
        """`deliver` without hooks and held-back turns."""
        if target.status == DEAD:
            self.drop(target, message, "dead", item)
            return
        mailbox = target.mailbox
        if (len(mailbox) if mailbox else 0) >= target.room and not self._make_room(target, item, message):
            return
        self._engine.scheduler.enqueue(target, item)

    def admit(self, target: Process, request: Request) -> bool:
        """Whether the hooks let a call through now; held back or dropped, its caller's timeout tells."""
        return self._hooked(current_process.get(None), target, request, request.message)

    def _hooked(self, sender: Process | None, target: Process, item: object, message: object) -> bool:
        engine = self._engine
        hook = engine.ports.mailbox_hook
        if engine.tracing:
            engine.reporter.traced(sender, target, message)
        if hook is None:
            return True
        decision = hook(sender, target, message)
        if decision == "deliver":
            return True
        if decision == "drop":
            self.drop(target, message, "hook", item)
        else:
            engine.timers.internal(float(decision), lambda: self.put(target, item, message))
        return False

    # -- the bound -----------------------------------------------------------------------------

    def _make_room(self, target: Process, item: object, message: object) -> bool:
        """The mailbox is full: apply its policy. True if there is a place now."""
        engine = self._engine
        overflow = target.blueprint.overflow
        capacity = target.blueprint.capacity or engine.settings.mailbox_capacity
        engine.reporter.mailbox_full(target, capacity, overflow)
        if overflow == "raise":
            raise MailboxFull(target, capacity)
        if overflow == "drop_oldest":
            mailbox = target.mailbox if target.mailbox is not None else deque[object]()
            for position, waiting in enumerate(mailbox):
                if _droppable(waiting):
                    del mailbox[position]
                    self.drop(target, _message_of(waiting), "drop_oldest", waiting)
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
            engine.loop.call_soon(item.receipt.lost, cause)
        if Dropped in engine.hub.wanted:
            shown = engine.reporter.show(message)
            engine.emit(Dropped(at=engine.loop.time(), target=target, cause=cause, message=shown))

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
            if Dropped in engine.hub.wanted:
                shown = engine.reporter.show(_message_of(item))
                engine.emit(Dropped(at=engine.loop.time(), target=process, cause="exit", message=shown))
        mailbox.clear()
        return dropped

    async def sync(self, target: Process, timeout: Timeout) -> None:
        """Return when everything that stands in the mailbox of `target` now is handled."""
        engine = self._engine
        engine.check_here("sync")
        seconds = engine.timeouts.resolve(timeout)
        if target.status == DEAD:
            raise NoProcess(target)
        future: asyncio.Future[None] = engine.loop.create_future()
        engine.scheduler.signal(target, Sync(future))
        timer = engine.timers.internal(seconds, lambda: _expire(future, target, seconds))
        try:
            await future
        finally:
            timer.cancel()

    # -- places --------------------------------------------------------------------------------

    async def place(self, target: Process, request: Request) -> None:
        """Wait, first come first served, until the mailbox has a place for `request`."""
        engine = self._engine
        capacity = target.blueprint.capacity or engine.settings.mailbox_capacity
        engine.reporter.mailbox_full(target, capacity, "wait")
        waiter = self._queue_for_place(target)
        request.future.add_done_callback(lambda _: waiter.cancel())  # its deadline came first
        try:
            await waiter
        except asyncio.CancelledError:
            if request.future.done() and not request.future.cancelled() and request.future.exception():
                await request.future
            request.future.cancel()
            raise
        if target.status == DEAD:
            raise NoProcess(target)
        self._release(target)

    async def reserve(self, target: Process, timeout: float) -> Reservation:
        """Reserve a place in the mailbox of `target`, waiting at most `timeout` seconds for it.

        Raises:
            CallTimeout: no place came free in time.
            NoProcess: the process has ended.
        """
        engine = self._engine
        engine.check_here("reserve")
        if target.status == DEAD:
            raise NoProcess(target)
        if (len(target.mailbox) if target.mailbox else 0) >= target.room:
            waiter = self._queue_for_place(target)
            timer = engine.timers.internal(timeout, waiter.cancel)
            try:
                await waiter
            except asyncio.CancelledError:
                if timer.live:
                    raise
                raise CallTimeout(target, "reserve", timeout) from None
            finally:
                timer.cancel()
            if target.status == DEAD:
                raise NoProcess(target)
        else:
            target.more().reserved += 1
            target.room -= 1
        return Reservation(engine, target)

    def _queue_for_place(self, target: Process) -> asyncio.Future[None]:
        extras = target.more()
        if extras.place_waiters is None:
            extras.place_waiters = deque()
        waiter: asyncio.Future[None] = self._engine.loop.create_future()
        extras.place_waiters.append(waiter)
        return waiter

    def grant_places(self, process: Process) -> None:
        """Give each free place to the sender that has waited longest; it holds it as a reservation."""
        extras = process.extras
        if extras is None or extras.place_waiters is None:
            return
        waiters = extras.place_waiters
        while waiters and (len(process.mailbox) if process.mailbox else 0) < process.room:
            waiter = waiters.popleft()
            if not waiter.done():
                extras.reserved += 1
                process.room -= 1
                waiter.set_result(None)

    def _release(self, target: Process) -> None:
        """A granted place is used or given back."""
        extras = target.extras
        if target.status != DEAD and extras is not None:
            extras.reserved -= 1
            target.room += 1


@final
class Reservation:
    """A place in a mailbox that nobody else can take. Use it once: `commit` or `release`.

    It ends with its process. A `with` block releases it if nothing was committed.
    """

    __slots__ = ("_engine", "_state", "_target")

    def __init__(self, engine: Engine, target: Process) -> None:
        self._engine = engine
        self._target = target
        self._state = "held"

    @property
    def held(self) -> bool:
        """Whether the place can still be used."""
        return self._state == "held" and self._target.status != DEAD

    def commit(self, message: object, *, info: bool = False) -> None:
        """Put the message into the place: a cast, or with `info=True` anything.

        Raises:
            BadReservation: it was used or released, or its process has ended.
        """
        if not self.held:
            raise BadReservation(self._target, "gone: its process has ended" if self._state == "held" else self._state)
        item: object = Info(message)
        if not info:
            self._target.blueprint.cast_entry(message)
            item = message
        self._state = "used"
        self._engine.sends._release(self._target)  # noqa: SLF001  # two halves of one mechanism
        self._engine.scheduler.enqueue(self._target, item)

    def release(self) -> None:
        """Give the place back; twice is fine."""
        if self._state == "held":
            self._state = "released"
            self._engine.sends._release(self._target)  # noqa: SLF001
            self._engine.sends.grant_places(self._target)

    def __enter__(self) -> Reservation:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.release()


def _expire(future: asyncio.Future[None], target: Process, seconds: float) -> None:
    if not future.done():
        future.set_exception(TimeoutError(f"{target} had not handled everything after {seconds:g} s"))


def _droppable(item: object) -> bool:
    kind = type(item)
    return kind is not Request and kind is not Tracked and not _uncounted(item)


def _uncounted(item: object) -> bool:
    kind = type(item)
    return kind in SIGNALS and (kind is not Tick or item.timer.own)  # type: ignore[attr-defined]


def _message_of(item: object) -> object:
    kind = type(item)
    if kind is Tracked:
        item = item.item  # type: ignore[attr-defined]
        kind = type(item)
    if kind is Tick:
        return item.timer.message  # type: ignore[attr-defined]
    if kind is Info or kind is Request:
        return item.message  # type: ignore[attr-defined]
    return item

