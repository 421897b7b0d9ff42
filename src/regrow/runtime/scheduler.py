"""The run queue, and the turn that drains it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, final

from regrow.core.events import SlowHandler
from regrow.runtime.intake import Intake
from regrow.runtime.items import Request, message_of
from regrow.runtime.process import IDLE, QUEUED, RUNNING, SUSPENDED

if TYPE_CHECKING:
    from regrow.core.ports import StepHook
    from regrow.runtime.engine import Engine
    from regrow.runtime.process import Process

SPARE_MAILBOXES = 1024
SLICE_SECONDS = 0.0005
"""Real time after which a process that has more to do lets those go first that wait for their slice."""


@final
class Scheduler(Intake):
    """Runs processes that have something to do, a slice each, on the System's loop.

    One callback of the loop drains the queue: at most `slice_messages` per process,
    `turn_messages` per turn, and `turn_seconds` of real time. The callback arms itself again in
    `finally`, so that no exception can stop it.
    """

    __slots__ = (
        "_armed",
        "_gives_way",
        "_renewing",
        "_spare",
        "between",
        "concluding",
        "queue",
        "steps",
        "turning",
    )

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._armed = False
        self._gives_way = False
        self._renewing = False
        self._spare: list[deque[object]] = []
        self.between: deque[Callable[[], object]] = deque()
        """Short work of the runtime that is to be done before the next slice; it raises nothing."""
        self.turning: bool = False
        """Whether a turn is under way."""
        self.queue: deque[Process] = deque()
        self.concluding: deque[Process] = deque()
        self.steps: int = 0
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

    def soon(self, work: Callable[[], object]) -> None:
        """Do `work` before the next slice; where no turn is due, in the loop's next pass."""
        if self._armed:
            self.between.append(work)
        else:
            self._engine.loop.call_soon(work, context=self._engine.contexts.base)

    def give_way(self) -> None:
        """Tasks were woken that make work for others: end this turn after its slice, they are next."""
        self._gives_way = True

    def arm(self) -> None:
        """See to it that a turn comes."""
        self._armed = True
        self._engine.loop.call_soon(self._turn, context=self._engine.contexts.base)

    @property
    def armed(self) -> bool:
        """Whether a turn is under way or about to come."""
        return self._armed

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

    def _turn(self) -> None:  # noqa: C901, PLR0912  # in one piece, for speed
        engine = self._engine
        settings = engine.settings
        left = settings.turn_messages
        queue = self.queue
        concluding = self.concluding
        between = self.between
        chooser = engine.ports.chooser
        monotonic = engine.monotonic
        if engine.parked:
            engine.threads.unpark()
        self.turning = True
        self._gives_way = ran = False
        try:
            now = monotonic()
            if now > engine.turn_end:
                if self._renewing:
                    return  # this iteration of the loop has had its share
                self._renew()
            while True:
                while concluding and left > 0:
                    engine.exits.conclude(concluding.popleft())
                    if engine.looks:
                        engine.look()
                    if (now := monotonic()) > engine.turn_end:
                        left = 0
                for _ in range(len(between)):
                    between.popleft()()
                if not queue or left <= 0 or (self._gives_way and ran):
                    break
                ran = True
                if chooser is None:
                    process = queue.popleft()
                else:
                    index = chooser(queue)
                    process = queue[index]
                    del queue[index]
                if process.status == QUEUED:
                    limit = min(left, settings.slice_messages)
                    left -= self._slice_of(process, limit, now + SLICE_SECONDS)
                    if engine.looks:
                        engine.look()
                if (now := monotonic()) > engine.turn_end:
                    self.exhausted()
                    break
        finally:
            self.turning = False
            if queue or concluding or between:
                self.arm()
            else:
                self._armed = False

    def _slice_of(self, process: Process, limit: int, until: float) -> int:
        engine = self._engine
        context = process.context or engine.contexts.make(process)
        handled = context.run(self.slice, process, limit, until)
        found = self.found
        if process.after is not None:
            engine.exits.conclude(process)
        elif found is not None:
            self.found = None
            entry, argument = found
            engine.workers.start(process, entry, argument)
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

    # -- a slice -------------------------------------------------------------------------------

    def slice(self, process: Process, limit: int, until: float) -> int:
        """Handle messages in the process's own context until the first that needs its task.

        That one is left in `found`. What is to be done afterwards stands in `process.after`.

        Args:
            process: Whose messages.
            limit: How many at most.
            until: When to stop, by the monotonic clock; looked at after some messages only.

        Returns:
            How many messages were taken.
        """
        engine = self._engine
        self.steps += 1
        process.status = RUNNING
        outer = engine.handling
        engine.handling = process
        held = process.blueprint.held is not None
        if held:
            engine.guard()
        try:
            if engine.watched:
                return self._watched(process, limit, until)
            return self._messages(process, limit, until)
        except BaseException as error:  # noqa: BLE001  # whatever it is, it ends this process
            engine.exits.raised(process, error)
            return limit
        finally:
            engine.handling = outer
            if held:
                engine.unguard()

    def _watched(self, process: Process, limit: int, until: float) -> int:
        """The same one message at a time, for who wants to know of each."""
        engine = self._engine
        monotonic, step_hook = engine.monotonic, engine.ports.step_hook
        handled = 0
        while process.mailbox and handled < limit:
            item = process.mailbox[0]
            # A request's message is gone when it is answered.
            about = item.message if type(item) is Request else item
            if step_hook is not None:
                step_hook(process, "message", about if about is not item else message_of(item))
                if process.after is not None:
                    break
            begun = monotonic()
            try:
                handled += self._messages(process, 1, until)
            finally:
                if engine.timing:
                    self.check_slow(process, about, begun)
            if engine.looks:
                engine.look()
            if process.after is not None or self.found is not None or monotonic() > until:
                break
        return handled

    def _messages(self, process: Process, limit: int, until: float) -> int:
        """What `slice` does when nobody looks on: the loop that everything runs through."""
        engine = self._engine
        monotonic = engine.monotonic
        casts = process.blueprint.casts
        instance = process.instance
        mailbox = process.mailbox
        handled = 0
        while mailbox and handled < limit:
            item = mailbox.popleft()
            handled += 1
            entry = casts.get(type(item))
            if entry is None:
                if not self._other(process, item):
                    return handled
            elif entry.inline:
                process.current = item
                entry.invoke(instance, item)
            else:
                process.current = item
                self.found = (entry, item)
                return handled
            if process.after is not None:
                return handled
            if handled & 3 == 1 and monotonic() > until:
                break
        process.current = None
        return handled

    def announced(self, process: Process, message: object, hook: StepHook) -> bool:
        """Tell of a message that the process's own task is about to take. False if that ended the process."""
        engine = self._engine
        engine.handling = process  # so that nobody cancels the task for it
        try:
            hook(process, "message", message)
        finally:
            engine.handling = None
        if process.after is not None:
            return False
        engine.monotonic()  # as in `_watched`: a replay counts how often it is asked
        return True

    def check_slow(self, process: Process, item: object, begun: float) -> None:
        """A handler has returned or raised: say so if it held the loop for long."""
        engine = self._engine
        seconds = engine.monotonic() - begun
        if seconds > engine.settings.slow_handler:
            handler = engine.reporter.handler_name(process, item)
            engine.hub.emit(SlowHandler(at=engine.loop.time(), pid=process, handler=handler, seconds=seconds))
