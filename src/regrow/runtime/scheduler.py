"""The run queue, and the turn that drains it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, final

from regrow.core.events import SlowHandler, Unhandled
from regrow.core.messages import CastMessage
from regrow.runtime.after import Stop
from regrow.runtime.items import Continuation, Down, Exit, Info, Request, Sync, Tick, Tracked
from regrow.runtime.process import IDLE, QUEUED, RUNNING, SUSPENDED

if TYPE_CHECKING:
    from regrow.runtime.blueprint import Entry
    from regrow.runtime.engine import Engine
    from regrow.runtime.process import Process

SPARE_MAILBOXES = 1024


@final
class Scheduler:
    """Runs processes that have something to do, a slice each, on the System's loop.

    One callback of the loop drains the queue: at most `slice_messages` per process,
    `turn_messages` per turn, and `turn_seconds` of real time. The callback arms itself again in
    `finally`, so that no exception can stop it.
    """

    __slots__ = ("_armed", "_engine", "_renewing", "_spare", "concluding", "found", "queue", "steps")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._armed = False
        self._renewing = False
        self._spare: list[deque[object]] = []
        self.queue: deque[Process] = deque()
        self.concluding: deque[Process] = deque()
        self.found: tuple[Entry, object] | None = None
        """The async handler that the last slice met and could not run itself."""
        self.steps = 0
        """Slices and task steps so far; an unchanged number means that nothing ran."""

    # -- becoming ready ------------------------------------------------------------------------

    def enqueue(self, process: Process, item: object) -> None:
        """Put `item` at the end of the mailbox and see to it that the process runs."""
        mailbox = process.mailbox
        if mailbox is None:
            spare = self._spare
            mailbox = process.mailbox = spare.pop() if spare else deque()
        mailbox.append(item)
        if not process.status:
            wakeup = process.wakeup
            if wakeup is None:
                self.activate(process)
            else:
                process.status = QUEUED
                process.wakeup = None
                if not wakeup.done():
                    wakeup.set_result(None)

    def signal(self, process: Process, item: object) -> None:
        """Like `enqueue`, for what no bound counts."""
        process.room += 1
        if self._engine.tracer is not None:
            self._engine.tracer.signal(process, item)
        self.enqueue(process, item)

    def activate(self, process: Process) -> None:
        """An idle process has something to do: wake its own task, or put it on the run queue."""
        process.status = QUEUED
        wakeup = process.wakeup
        if wakeup is not None:
            process.wakeup = None
            if not wakeup.done():
                wakeup.set_result(None)
            return
        self.queue.append(process)
        if not self._armed:
            self.arm()

    def requeue(self, process: Process) -> None:
        """The handler has returned and left messages: at the end of the queue, or to its warm task."""
        self.activate(process)

    def conclude(self, process: Process) -> None:
        """Have the next turn look at `process.after`."""
        self.concluding.append(process)
        if not self._armed:
            self.arm()

    def arm(self) -> None:
        """See to it that a turn comes."""
        self._armed = True
        self._engine.loop.call_soon(self._turn, context=self._engine.contexts.base)

    @property
    def busy(self) -> bool:
        """Whether anything waits for a turn."""
        return bool(self.queue or self.concluding)

    # -- a turn --------------------------------------------------------------------------------

    def exhausted(self) -> None:
        """The time or hand-off budget of this turn is used up: everything else gets the loop first.

        A turn has no end of its own: the budget is renewed by the next iteration of the loop after
        it was used up, so a turn that doesn't use it up costs nothing.
        """
        self._engine.hand_offs_left = 0
        if not self._renewing:
            self._renewing = True
            self._engine.loop.call_soon(self._renew, context=self._engine.contexts.base)

    def _renew(self) -> None:
        engine = self._engine
        self._renewing = False
        engine.hand_offs_left = engine.hand_offs
        engine.turn_end = engine.monotonic() + engine.settings.turn_seconds

    def _turn(self) -> None:
        engine = self._engine
        settings = engine.settings
        left = settings.turn_messages
        queue = self.queue
        concluding = self.concluding
        chooser = engine.ports.chooser
        if engine.parked:
            engine.threads.unpark()
        try:
            if engine.monotonic() > engine.turn_end:
                if self._renewing:
                    return  # this iteration of the loop has had its share
                self._renew()
            while True:
                while concluding and left > 0:
                    engine.exits.conclude(concluding.popleft())
                    if engine.monotonic() > engine.turn_end:
                        left = 0
                if not queue or left <= 0:
                    break
                if chooser is None:
                    process = queue.popleft()
                else:
                    index = chooser(queue)
                    process = queue[index]
                    del queue[index]
                if process.status == QUEUED:
                    left -= self._slice_of(process, min(left, settings.slice_messages))
                if engine.monotonic() > engine.turn_end:
                    self.exhausted()
                    break
        finally:
            if queue or concluding:
                self.arm()
            else:
                self._armed = False

    def _slice_of(self, process: Process, limit: int) -> int:
        engine = self._engine
        context = process.context or engine.contexts.make(process)
        handled = context.run(self.slice, process, limit)
        found = self.found
        if process.after is not None:
            engine.exits.conclude(process)
        elif found is not None:
            self.found = None
            engine.workers.start(process, *found)
            if process.extras is not None:
                engine.sends.grant_places(process)
        else:
            self.settle(process)
        return handled

    def settle(self, process: Process) -> None:
        """The slice is over: back to the queue, or idle without a mailbox."""
        extras = process.extras
        if extras is not None:
            if extras.place_waiters:
                self._engine.sends.grant_places(process)
            if extras.suspended:
                process.status = SUSPENDED
                return
        mailbox = process.mailbox
        if mailbox:
            self.requeue(process)
        else:
            self.rest(process)

    def rest(self, process: Process) -> None:
        """Make `process` idle and take back its empty mailbox."""
        process.status = IDLE
        mailbox = process.mailbox
        if mailbox is not None:
            process.mailbox = None
            if len(self._spare) < SPARE_MAILBOXES:
                self._spare.append(mailbox)

    def release(self, process: Process) -> None:
        """A handler run by its own task has returned and the task has ended."""
        self.settle(process)

    # -- a slice -------------------------------------------------------------------------------

    def slice(self, process: Process, limit: int) -> int:
        """Handle messages in the process's own context until the first that needs its task.

        That one is left in `found`. What is to be done afterwards stands in `process.after`.

        Returns:
            How many messages were taken.
        """
        engine = self._engine
        monotonic = engine.monotonic
        slow = engine.timing
        step_hook = engine.ports.step_hook
        casts = process.blueprint.casts
        instance = process.instance
        mailbox = process.mailbox
        begun = 0.0
        about: object = None
        handled = 0
        self.steps += 1
        process.status = RUNNING
        outer = engine.handling
        engine.handling = process
        held = process.blueprint.held is not None
        if held:
            engine.guard()
        try:
            while mailbox and handled < limit:
                if step_hook is not None:
                    step_hook(process)
                    if process.after is not None:
                        break
                item = mailbox.popleft()
                handled += 1
                if slow:
                    begun = monotonic()
                    about = (
                        item.message if type(item) is Request else item
                    )  # which is gone when it is answered
                entry = casts.get(type(item))
                if entry is not None:
                    process.current = item
                    if entry.inline:
                        entry.invoke(instance, item)
                        process.current = None
                    else:
                        self.found = (entry, item)
                        break
                elif not self._other(process, item):
                    break
                if slow:
                    self.check_slow(process, about, begun)
                if process.after is not None:
                    break
                if handled & 3 == 1 and monotonic() > engine.turn_end:
                    break
        except BaseException as error:
            engine.exits.raised(process, error)
            if slow and process.current is not None:
                self.check_slow(process, process.current, begun)
        finally:
            engine.handling = outer
            if held:
                engine.unguard()
        return handled

    def _other(self, process: Process, item: object) -> bool:
        """Handle what is no cast. False if it needs the process's own task (see `found`)."""
        if type(item) is Request:
            return self._request(process, item)
        prepared = self.prepare(process, item)
        if prepared is None:
            return True
        entry, argument = prepared
        if not entry.inline:
            self.found = (entry, argument)
            return False
        entry.invoke(process.instance, argument)
        if process.after is None:
            self.done(process)
        elif isinstance(process.after, Stop):
            self._handled(process)
        return True

    def _request(self, process: Process, request: Request) -> bool:
        engine = self._engine
        if request.future.done():
            engine.calls.expired(process, request)
            return True
        entry = process.blueprint.calls.get(type(request.message))
        if entry is None:
            entry = process.blueprint.call_entry(request.message)
        process.current = request
        if not entry.inline:
            self.found = (entry, request.message)
            return False
        try:
            result = entry.invoke(process.instance, request.message)
        except entry.raises as error:
            self.declared(process, error)
            return True
        engine.calls.finished(process, request, result)
        return True

    def completed(self, process: Process, result: object) -> None:
        """A handler has returned `result`: answer the call if it was one."""
        current = process.current
        if type(current) is Request:
            self._engine.calls.finished(process, current, result)
        else:
            self.done(process)

    def declared(self, process: Process, error: BaseException) -> None:
        """A handler raised an exception that it declares: that is the answer."""
        current = process.current
        if type(current) is Request:
            self._engine.calls.finished(process, current, None, error)
        else:
            process.current = None

    def done(self, process: Process) -> None:
        """An item that is no call is handled."""
        extras = process.extras
        if extras is not None:
            if extras.turns is not None:
                extras.turns.close(None, None)
            self._handled(process)
        process.current = None

    def _handled(self, process: Process) -> None:
        """The handler has returned; whatever comes now, its message is handled."""
        extras = process.extras
        if extras is not None and extras.receipt is not None:
            receipt, extras.receipt = extras.receipt, None
            self._engine.loop.call_soon(receipt.handled)

    def prepare(self, process: Process, item: object) -> tuple[Entry, object] | None:
        """Find the callback for an item that is neither cast nor request; None if that was all."""
        if isinstance(item, Tracked):
            process.more().receipt = item.receipt
            item = item.item
        if isinstance(item, Info):
            return self._info(process, item.message)
        if isinstance(item, CastMessage):  # tracked, or to a process whose turns are held
            process.current = item
            return process.blueprint.cast_entry(item), item
        if isinstance(item, Tick):
            if item.timer.own:
                process.room -= 1
            return self._info(process, item.timer.message) if item.timer.taken() else None
        process.room -= 1
        return self._signal(process, item)

    def _signal(self, process: Process, item: object) -> tuple[Entry, object] | None:
        """What no bound counts; its place is free already."""
        if isinstance(item, Sync):
            if not item.future.done():
                item.future.set_result(None)
            return None
        if isinstance(item, Continuation):
            process.current = item
            continues = process.blueprint.continues
            return (continues, item.value) if continues is not None else None
        if isinstance(item, Exit) and _from_above(process, item.pid):
            process.after = Stop(item.reason)
            return None
        if isinstance(item, Down) and not item.monitor.deliver():
            return None
        return self._info(process, item)

    def _info(self, process: Process, message: object) -> tuple[Entry, object] | None:
        info = process.blueprint.info
        if info is not None:
            process.current = message
            return info, message
        self.unhandled(process, message)
        self.done(process)
        return None

    def unhandled(self, process: Process, message: object) -> None:
        """Tell, once per class and type, of an info that nobody has use for."""
        engine = self._engine
        seen = process.blueprint.unhandled_seen
        if type(message) not in seen:
            seen.add(type(message))
            engine.reporter.unhandled(process, message)
        if Unhandled in engine.hub.wanted:
            shown = engine.reporter.show(message)
            engine.hub.emit(Unhandled(at=engine.loop.time(), pid=process, message=shown))

    def check_slow(self, process: Process, item: object, begun: float) -> None:
        """A handler has returned or raised: say so if it held the loop for long."""
        engine = self._engine
        seconds = engine.monotonic() - begun
        if seconds > engine.settings.slow_handler:
            handler = engine.reporter.handler_name(process, item)
            engine.hub.emit(SlowHandler(at=engine.loop.time(), pid=process, handler=handler, seconds=seconds))


def _from_above(process: Process, sender: object) -> bool:
    """Whether an EXIT is the word of the supervisor; the root, which has none, tells itself."""
    above = process.parent
    return sender is above if above is not None else sender is process and process.blueprint.is_supervisor
