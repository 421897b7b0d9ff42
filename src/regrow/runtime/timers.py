"""Timers and deadlines: one heap per System, one armed callback of the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Final, Protocol, TypeVar, final

from regrow.core.timeouts import check_timeout
from regrow.errors import NotMine
from regrow.runtime.items import Request, Tick
from regrow.runtime.pid import Ref
from regrow.runtime.process import DEAD, Process, current_process

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine
    from regrow.runtime.pid import Address

T = TypeVar("T")
PURGE_FROM: Final = 64
"""Entries from which on the heap is cleared of what is over."""


@final
class Timer:
    """A message that comes later, once or at an interval. Made by `send_after` and `send_interval`.

    Attributes:
        target: Who gets the message.
        message: What is sent, as an info.
        interval: Seconds between two, None for once.
        owner: The process that set it; the timer ends with it. None outside processes.
    """

    __slots__ = (
        "_engine",
        "_first",
        "_ticks",
        "_waiting",
        "at",
        "call",
        "interval",
        "live",
        "message",
        "own",
        "owner",
        "target",
    )

    def __init__(
        self,
        engine: Engine,
        at: float,
        *,
        target: Address[object] | None = None,
        message: object = None,
        interval: float | None = None,
        owner: Process | None = None,
        call: Callable[[], object] | None = None,
    ) -> None:
        self._engine = engine
        self._first = at
        self._ticks = 0
        self._waiting = False
        self.at: float = at
        self.target: Address[object] | None = target
        self.message: object = message
        self.interval = interval
        self.owner: Process | None = owner
        self.own: bool = owner is not None and target is owner
        self.call: Callable[[], object] | None = call
        self.live: bool = True

    def cancel(self) -> bool:
        """Stop it. A tick that stands in the mailbox already is void, so none comes after this.

        Returns:
            Whether it was still to come; False the second time.

        Raises:
            NotMine: Another process set it.
        """
        if self.call is None and self.owner is not None:
            caller = current_process.get(None)
            if caller is not None and caller is not self.owner:
                raise NotMine(self, self.owner, caller)
        was_live = self.live
        self.live = False
        self._engine.timers.ended(self)
        return was_live

    @property
    def remaining(self) -> float | None:
        """Seconds of loop time until it next goes off, None once it is over."""
        return max(0.0, self.at - self._engine.loop.time()) if self.live else None

    def taken(self) -> bool:
        """The tick has come to its turn: whether it still counts."""
        self._waiting = False
        if self.interval is not None or not self.live:
            return self.live
        self.live = False
        self._engine.timers.ended(self)
        return True

    def lost(self) -> None:
        """The tick was dropped, by a full mailbox or a death."""
        self._waiting = False
        if self.interval is None:
            self.live = False
            self._engine.timers.ended(self)

    def outlived(self) -> None:
        """Its owner has ended. A tick that is under way to somebody else was sent before: it arrives."""
        if self._waiting and not self.own:
            self.interval = None
        else:
            self.live = False

    def fire(self) -> float | None:
        """Go off. Returns when to go off again, None for never."""
        if self.call is not None:
            self.live = False
            self.call()
            return None
        self._send()
        if self.interval is None:
            return None
        # From the first time on, so that late ticks don't add up; missed ones are skipped.
        now = self._engine.loop.time()
        self._ticks = max(self._ticks + 1, int((now - self._first) // self.interval) + 1)
        self.at = self._first + self._ticks * self.interval
        return self.at

    def _send(self) -> None:
        if self._waiting:
            return  # one undelivered tick at a time
        engine = self._engine
        target = self.target
        if isinstance(target, Ref):
            process = engine.names.get(target.name)
            if process is None:
                self.lost()
                engine.sends.drop(target.name, self.message, "no_process")
                return
            target = process
        assert isinstance(target, Process)
        if target.status == DEAD:
            self.live = False
            engine.timers.ended(self)
            engine.sends.drop(target, self.message, "dead")
            return
        self._waiting = True
        if self.own:
            engine.scheduler.signal(target, Tick(self))
        else:
            engine.sends.put_late(target, Tick(self), self.message)

    def __repr__(self) -> str:
        when = "over" if not self.live else f"in {self.remaining:g} s"
        return f"<Timer {self.message!r} to {self.target} {when}>"


class Deadline(Protocol):
    """Whoever waits, but for no answer of a process."""

    @property
    def deadline(self) -> float:
        """When it goes off, in loop time."""
        ...

    @property
    def live(self) -> bool:
        """Whether it still waits."""
        ...

    def fire(self) -> float | None:
        """Its time is over. Returns when to go off again, None for never."""
        ...


@final
class Timers:
    """The timers, and the deadlines of the calls under way, of one System."""

    __slots__ = ("_armed_for", "_count", "_engine", "_handle", "_heap", "_purge_at", "_users")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._heap: list[tuple[float, int, Timer | Request | Deadline]] = []
        self._count = count()
        self._handle: asyncio.TimerHandle | None = None
        self._armed_for = float("inf")
        self._purge_at = PURGE_FROM
        self._users: dict[Timer, None] = {}

    # -- what others set -----------------------------------------------------------------------

    def deadline(self, request: Request | Deadline) -> None:
        """Fail `request` at its deadline unless it is answered first."""
        at = request.deadline
        heap = self._heap
        heappush(heap, (at, next(self._count), request))
        if at < self._armed_for:
            self._arm(at)
        if len(heap) > self._purge_at:
            self._purge()

    def internal(self, delay: float, call: Callable[[], object]) -> Timer:
        """Have `call` run after `delay` seconds, for the runtime itself."""
        timer = Timer(self._engine, self._engine.loop.time() + delay, call=call)
        self._push(timer)
        return timer

    def fail_after(
        self, seconds: float, future: asyncio.Future[T], error: Callable[[], BaseException]
    ) -> Timer:
        """Fail `future` with what `error` makes, unless it is done within `seconds`."""

        def fail() -> None:
            if not future.done():
                future.set_exception(error())

        return self.internal(seconds, fail)

    def send(self, target: Address[object], message: object, delay: float, *, interval: bool) -> Timer:
        """Set a user's timer; it belongs to the process in whose context this runs, if any."""
        engine = self._engine
        engine.check_here("send_after")
        seconds = check_timeout(delay) if interval or delay != 0 else 0.0
        owner = current_process.get(None)
        if owner is not None and owner.engine is not engine:
            owner = None
        timer = Timer(
            engine,
            engine.loop.time() + seconds,
            target=target,
            message=message,
            interval=seconds if interval else None,
            owner=owner,
        )
        self._users[timer] = None
        if owner is not None:
            extras = owner.more()
            if extras.timers is None:
                extras.timers = set()
            extras.timers.add(timer)
            if extras.turns is not None and extras.turns.hold_timer(timer):
                return timer
        self._push(timer)
        return timer

    def set_held(self, timer: Timer) -> None:
        """A timer that was held back with its turn may go off from now on."""
        if timer.live:
            self._push(timer)

    def take_back(self, timer: Timer) -> None:
        """A timer that was held back is never set."""
        timer.live = False
        self.ended(timer)

    def list(self) -> tuple[Timer, ...]:
        """The users' timers that are still to go off, oldest first."""
        return tuple(timer for timer in self._users if timer.live)

    # -- ends ----------------------------------------------------------------------------------

    def ended(self, timer: Timer) -> None:
        """A timer is cancelled or over."""
        self._users.pop(timer, None)
        owner = timer.owner
        if owner is not None and owner.extras is not None and owner.extras.timers is not None:
            owner.extras.timers.discard(timer)
        self._disarm_if_empty(timer)

    def forget(self, process: Process) -> None:
        """The process has ended: so have its timers."""
        extras = process.extras
        if extras is not None and extras.timers:
            for timer in extras.timers:
                timer.outlived()
                self._users.pop(timer, None)
            extras.timers = None

    def close(self) -> None:
        """The System is down: nothing goes off any more."""
        if self._handle is not None:
            self._handle.cancel()
        self._heap.clear()
        self._users.clear()

    # -- the heap ------------------------------------------------------------------------------

    def _push(self, timer: Timer) -> None:
        heappush(self._heap, (timer.at, next(self._count), timer))
        if timer.at < self._armed_for:
            self._arm(timer.at)
        if len(self._heap) > self._purge_at:
            self._purge()

    def _arm(self, at: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._armed_for = at
        self._handle = self._engine.loop.call_at(at, self._due, context=self._engine.contexts.base)

    def _disarm_if_empty(self, timer: Timer) -> None:
        if self._heap and self._heap[0][2] is timer:
            self._rearm()

    def _rearm(self) -> None:
        heap = self._heap
        while heap and not _live(heap[0][2]):
            heappop(heap)
        if heap:
            if heap[0][0] != self._armed_for:
                self._arm(heap[0][0])
        elif self._handle is not None:
            self._handle.cancel()
            self._handle = None
            self._armed_for = float("inf")

    def _due(self) -> None:
        heap = self._heap
        now = self._engine.loop.time()
        self._handle = None
        self._armed_for = float("inf")
        try:
            while heap and (heap[0][0] <= now or not _live(heap[0][2])):
                entry = heappop(heap)[2]
                if not _live(entry):
                    continue
                if isinstance(entry, Request):
                    self._engine.calls.timed_out(entry)
                    continue
                again = entry.fire()
                if again is not None and entry.live:
                    heappush(heap, (again, next(self._count), entry))
        finally:
            self._rearm()

    def _purge(self) -> None:
        """Throw out what is answered or cancelled; half of the heap or more, or it grows."""
        heap = [
            entry  # `_live`, in place for requests
            for entry in self._heap
            if (not one.future.done() if type(one := entry[2]) is Request else _live(one))
        ]
        heapify(heap)
        self._heap[:] = heap
        self._purge_at = max(PURGE_FROM, 2 * len(heap))


def _live(entry: Timer | Request | Deadline) -> bool:
    if isinstance(entry, Request):
        return not entry.future.done()
    return entry.live
