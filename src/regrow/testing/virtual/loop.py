"""An event loop whose clock is virtual: time jumps to the next timer when nothing is ready.

    def test_timeout() -> None:
        async def body() -> float:
            await asyncio.sleep(3600)
            return asyncio.get_running_loop().time()

        assert run_virtual(body()) == 3600.0

What runs on it is deterministic and never waits for real, however long the timeouts are.
"""

from __future__ import annotations

import asyncio
import math
import time as real_time
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Executor
from contextlib import contextmanager
from contextvars import Context
from threading import get_ident
from typing import Final, TypeVar, TypeVarTuple, cast, final

from typing_extensions import override

from regrow.core.ports import Ports, RandomStreams
from regrow.errors.settings import BadSetting
from regrow.errors.testing import Deadlock, NoProgress, TestKitError, TookTooLong
from regrow.runtime.steps import steps_of
from regrow.testing.virtual.guards import guarded
from regrow.testing.virtual.options import check_options
from regrow.testing.virtual.outside import Option, Outside, called
from regrow.testing.virtual.selector import JumpingSelector
from regrow.testing.virtual.timers import Timers, callback_of, is_step
from regrow.testing.virtual.waits import ready_tasks, waits_of

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

EPOCH: Final = 1_577_836_800.0
"""Where the wall clock stands when the loop's clock stands at 0: 1 January 2020, 00:00 UTC."""
MAX_PASSES: Final = 100_000

__all__ = ("VirtualLoop", "virtual_loop")


@final
@guarded
class VirtualLoop(asyncio.SelectorEventLoop):
    """A selector loop on a clock that starts at 0.0 and moves only when nothing is ready.

    The clock jumps to the next timer and then stands exactly at its time. Timers for the same moment go
    off in the order in which they were set. When nothing is ready, no timer is set and nobody outside can
    speak up, the run fails at once, with `Deadlock`.

    What a test doesn't declare it can't use: `NotDeclared` is raised there, and once more out of the
    run. Blocking handlers of a System and the threads of a journal need no declaration.

    Threads with work of the loop, and subprocesses that it started, hold the clock until they are done, so
    that no timeout strikes only because they had no turn yet; inside `jumping()` they don't. Before a jump
    the loop gives sockets, and threads that it doesn't know, `silence` real seconds to speak up.

    Args:
        sockets: Whether real sockets and pipes may be used. Default False.
        threads: Whether threads may be: `asyncio.to_thread`, `run_in_executor`, and calls into the
            loop by threads of the test's own. Default False.
        subprocesses: Whether asyncio may start subprocesses. Default False.
        patience: Real seconds without a word from whoever holds the clock, before `Deadlock`. Default 10.
        silence: Real seconds without a word on declared sockets, before the clock jumps. Default 0.5.
        max_passes: Passes of the loop during which the clock may stand still, before `NoProgress`.
            Default 100 000.
        limit: Real seconds of running until `TookTooLong`. Default None: no limit.
        seed: Where the random streams of Systems on this loop come from. Default 0.

    Raises:
        BadSetting: One of these is out of its range.
    """

    # What BaseEventLoop keeps; the names stand since Python 3.4, and the tests say when they move.
    _ready: deque[asyncio.Handle]
    _scheduled: list[asyncio.TimerHandle]
    _thread_id: int | None
    _closed: bool = True  # as long as the options may be refused

    def __init__(
        self,
        *,
        sockets: bool = False,
        threads: bool = False,
        subprocesses: bool = False,
        patience: float = 10.0,
        silence: float = 0.5,
        max_passes: int = MAX_PASSES,
        limit: float | None = None,
        seed: int = 0,
    ) -> None:
        flags: dict[Option, bool] = {"sockets": sockets, "threads": threads, "subprocesses": subprocesses}
        others = {"patience": patience, "silence": silence, "max_passes": max_passes, "seed": seed}
        check_options({str(name): on for name, on in flags.items()} | {**others, "limit": limit})
        self._now = 0.0
        self._wall_ahead = EPOCH
        self._patience = patience
        self._silence = silence
        self._max_passes = max_passes
        self._seed = seed
        self._passes = 0
        self._last_due: list[asyncio.TimerHandle] = []
        self._jumping = False
        self._waiters: list[asyncio.Future[None]] = []
        self._timers = Timers()
        self._selects = JumpingSelector()
        self._limit: float | None = None
        self._left = math.inf
        self._deadline = math.inf
        self._expiry: tuple[float, Callable[[], object]] | None = None
        self._take: Callable[[TestKitError], object] | None = None
        self.outside: Final = Outside(frozenset(name for name, on in flags.items() if on))
        """What is declared and busy. The loop's own."""
        super().__init__(self._selects)
        self._steps = steps_of(self)
        self._selects.attach(self._on_pass, self._on_silence)
        self.limit_real_time(limit)

    # -- time ----------------------------------------------------------------------------------

    @override
    def time(self) -> float:
        """The virtual time in seconds."""
        return self._now

    def wall(self) -> float:
        """The wall clock: seconds since 1970. It goes with the loop's clock, from 2020 on."""
        return self._wall_ahead + self._now

    def jump_wall(self, seconds: float) -> None:
        """Set the wall clock alone, as an operator or a time server would; negative seconds set it back.

        Raises:
            BadSetting: The seconds are no finite number.
        """
        if not math.isfinite(seconds):
            raise BadSetting("seconds", seconds, "finite", owner="VirtualLoop.jump_wall")
        self._wall_ahead += seconds

    def regrow_ports(self) -> Ports:
        """What Systems on this loop take for the world: its clock, as the wall clock too, and nothing real.

        Turns then end by counts alone, so that no test depends on how fast the machine is.
        """
        return Ports(
            monotonic=self.time,
            wall=self.wall,
            random=RandomStreams(self._seed),
            virtual=True,
            sockets=self.outside.declared("sockets"),
        )

    def advance(self, seconds: float) -> None:
        """Move the clock as if the loop had been held for so long: all timers until then are due at once.

        Raises:
            BadSetting: The seconds are negative, or no finite number.
        """
        if not 0 <= seconds < math.inf:
            raise BadSetting("seconds", seconds, "0 or more, and finite", owner="VirtualLoop.advance")
        self._move(self._timers.moment(self._now + seconds))

    def limit_real_time(self, seconds: float | None) -> None:
        """Have the loop raise `TookTooLong` when it has run for so many more real seconds; None: never.

        It is looked at between passes of the loop: code that blocks the thread isn't interrupted. What the
        thread does while the loop doesn't run, such as telling of a failure, doesn't count.
        """
        check_options({"limit": seconds})
        self._limit = seconds
        self._left = math.inf if seconds is None else seconds
        self._deadline = real_time.monotonic() + self._left

    @override
    def run_forever(self) -> None:
        """As in asyncio; the limit of real time counts on from where it was when the loop last ran."""
        self._deadline = real_time.monotonic() + self._left
        try:
            super().run_forever()
        finally:
            self._left = self._deadline - real_time.monotonic()

    def expire_at(self, when: float, callback: Callable[[], object]) -> None:
        """Call `callback` instead of moving the clock past `when`. Unlike a timer this hides no deadlock."""
        self._expiry = (when, callback)

    def give_failures_to(self, take: Callable[[TestKitError], object] | None) -> None:
        """Give `take` what is otherwise raised out of the run, and run on; None: raise it again.

        So whoever runs a test on the loop can end it in its own task, and what it was in the middle of
        is undone before fixtures are.
        """
        self._take = take
        self._expiry = None if take is None else self._expiry

    @override
    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """As in asyncio; timers for the same moment go off in the order in which they were set."""
        handle = super().call_at(when, callback, *args, context=context)
        self._scheduled.clear()  # it waits with us
        self._timers.add(handle)
        return handle

    def timers(self) -> tuple[asyncio.TimerHandle, ...]:
        """The timers that are to go off, in order."""
        return self._timers.pending()

    async def settled(self) -> None:
        """Return when nothing is ready to run any more, before the clock moves.

        Unlike `asyncio.sleep(0)` this lets chains of callbacks of any length run out first.
        """
        waiter: asyncio.Future[None] = self.create_future()
        self._waiters.append(waiter)
        await waiter

    # -- threads -------------------------------------------------------------------------------

    @contextmanager
    def jumping(self) -> Generator[None]:
        """Inside, the clock moves although threads and subprocesses hold it, and waits for no socket."""
        before, self._jumping = self._jumping, True
        try:
            yield
        finally:
            self._jumping = before

    @override
    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """As in asyncio, and the clock stands still until the function has returned."""
        # Regrow's own threads, of blocking handlers and journals, come with what only looks like one.
        known = isinstance(cast("object", executor), Executor | None)
        if known and not self.outside.trusting:
            self.outside.require("threads", f"run_in_executor({called(func)})")
        future = super().run_in_executor(executor, self.outside.for_thread(func), *args)
        self.outside.hold(future, f"a thread in {called(func)}")
        return future

    @override
    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """As in asyncio."""
        if self._thread_id not in (None, get_ident()):
            self.outside.require_thread()
        return super().call_soon_threadsafe(callback, *args, context=context)

    @override
    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """As in asyncio; its threads get the loop's real `patience`, whatever the timeout."""
        with self.outside.holding("a thread of the default executor"):
            await super().shutdown_default_executor()

    # -- passes --------------------------------------------------------------------------------

    def _on_pass(self, *, heard: bool, idle: bool) -> float | None:
        """A pass begins: move the clock, or say how long to wait for real."""
        try:
            return self._begin_pass(heard=heard, idle=idle)
        except TestKitError as failure:
            self._give(failure)
            return None

    def _on_silence(self) -> None:
        """The loop waited for those outside, in vain."""
        try:
            self._nothing_heard()
        except TestKitError as failure:
            self._give(failure)

    def _give(self, failure: TestKitError) -> None:
        if self._take is None:
            raise failure
        self._take(failure)

    def _begin_pass(self, *, heard: bool, idle: bool) -> float | None:
        self._check()
        if heard:
            self._passes = 0
        due = self._timers.take_due(self._now)
        if self._look() or heard or due or not idle or self._announce_settled():
            self._count_pass(due)
            self._ready.extend(due)
            return None
        return self._rest()

    def _count_pass(self, due: list[asyncio.TimerHandle]) -> None:
        self._last_due = due or self._last_due
        self._passes += 1
        if self._passes > self._max_passes:
            passes, self._passes = self._passes - 1, 0
            timers = [callback_of(one) for one in self._last_due]
            callbacks = [callback_of(one) for one in self._ready if not is_step(one)]
            raise NoProgress(self._now, passes, ready_tasks(self), timers, callbacks)

    def _nothing_heard(self) -> None:
        self._check()
        if self._jumping or not self.outside.busy():
            self._jump()
        else:
            raise self._deadlock()

    def _rest(self) -> float | None:
        """Nothing is ready: jump, or wait for those outside who may speak up."""
        timer = self._timers.next_time()
        if not (self._jumping and timer is not None):
            if self.outside.busy():
                return self._wait(self._patience)
            if self.outside.may_speak(self._selects.files):
                return self._wait(self._patience if timer is None else self._silence)
        self._jump()
        return None

    def _wait(self, seconds: float) -> float:
        return min(seconds, max(0.0, self._deadline - real_time.monotonic()))

    def _jump(self) -> None:
        timer = self._timers.next_time()
        if timer is None:
            raise self._deadlock()
        if self._expiry is not None and timer > self._expiry[0]:
            (when, callback), self._expiry = self._expiry, None
            self._move(when)
            self.call_soon(callback)
            return
        self._move(timer)
        self._ready.extend(self._timers.take_due(timer))

    def _move(self, now: float) -> None:
        if now > self._now:
            self._now = now
            self._passes = 0
            self._last_due = []

    def _check(self) -> None:
        """Raise what isn't any task's to handle."""
        refused, self.outside.refused = self.outside.refused, None
        if refused is not None:
            raise refused
        if real_time.monotonic() >= self._deadline:
            limit = self._limit or 0.0
            self.limit_real_time(self._limit)  # for the end of what is left
            raise TookTooLong(limit, self._now, waits_of(self).waiting)

    def _deadlock(self) -> Deadlock:
        waits = waits_of(self)
        strangers = self.outside.strangers()
        hint = ""
        if strangers and not self.outside.declared("threads"):
            hint = f"threads=True would have the loop wait for these threads: {', '.join(strangers)}"
        return Deadlock(self._now, waits.waiting, cycles=waits.cycles, busy=self.outside.busy(), hint=hint)

    def _look(self) -> bool:
        """Has those look who wait for something; True if one has seen it, and so is ready to run."""
        return bool(self._steps.looks) and self._steps.over()

    def _announce_settled(self) -> bool:
        """Wakes those who wait in `settled`; True if there were any."""
        waiters = [one for one in self._waiters if not one.done()]
        self._waiters.clear()
        for waiter in waiters:
            waiter.set_result(None)
        return bool(waiters)


def virtual_loop() -> VirtualLoop:
    """A loop factory, for `asyncio.Runner(loop_factory=virtual_loop)`: nothing real is declared."""
    return VirtualLoop()
