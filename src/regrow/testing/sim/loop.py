"""The loop of a simulated run: no file, no thread, no clock; one seed decides what runs next."""

# The handles that it looks into are its own.
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from asyncio import Task, events
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextvars import Context, copy_context
from heapq import heappop, heappush
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Never, TypeVar, TypeVarTuple, final
from weakref import WeakSet

from typing_extensions import override

from regrow.errors.faults import FenceBroken
from regrow.errors.simulation import TooManySteps
from regrow.errors.testing import Deadlock
from regrow.runtime.steps import steps_of
from regrow.testing.sim.hand_offs import cut_hand_offs, give_back
from regrow.testing.sim.handles import AnyTask, Ready
from regrow.testing.sim.invariants import Invariants
from regrow.testing.sim.machines import context_of, machine_of
from regrow.testing.sim.picking import Picker
from regrow.testing.sim.threads import SimThreads
from regrow.testing.virtual.waits import waits_of

if TYPE_CHECKING:
    from regrow.core.ports import Ports
    from regrow.runtime.engine import Engine
    from regrow.testing.sim.decisions import Decisions
    from regrow.testing.sim.machines import Machine
    from regrow.testing.sim.trace import Trace

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

__all__ = ("SimLoop",)

LATENCY_STEPS = 20
"""Into how many steps the longest latency of a thread is divided."""
WINDOW: Final = 64
"""Among how many of the oldest that are ready one is picked, so that a crowd costs no more than a few."""
CLEANING: Final = 10_000
"""Steps for the end of what a run has left."""


@final
class SimLoop(asyncio.BaseEventLoop):
    """An event loop on which nothing is left to chance.

    Of the tasks that are ready and the oldest callback that is, the decisions pick one; callbacks keep
    their order among each other, as asyncio promises. When nothing is ready, time jumps to the next
    timer. Work for threads runs on the loop itself, at a later moment of its own.

    Args:
        decisions: What picks.
        trace: What notes each step.
        max_steps: Steps after which the run is given up as endless.
    """

    # In slots, as a dictionary with more than 30 names is slower than what Python shares among instances.
    __slots__ = (
        *("_draining", "_due", "_lanes", "_looking", "_looks", "_made", "_max_steps", "_off", "_set"),
        *("_settling", "_timers", "_working", "decisions", "engines", "invariants", "live", "make_ports"),
        *("now", "picker", "steps", "thread_latency", "threads", "trace"),
    )
    # What BaseEventLoop keeps; the names stand since Python 3.4, and a test says when they move.
    _ready: deque[Ready]
    _stopping: bool
    _asyncgens: WeakSet[AsyncGenerator[object, object]]

    def __init__(self, decisions: Decisions, trace: Trace, *, max_steps: int) -> None:
        super().__init__()
        self.now: float = 0.0
        self.steps: int = 0
        self.decisions: Decisions = decisions
        self.trace: Trace = trace
        self.picker: Picker = Picker(decisions, trace)
        self.thread_latency: float = 0.0
        """Longest time in seconds that work for a thread takes."""
        self.invariants: Invariants = Invariants(self)
        self.make_ports: Callable[[], Ports] | None = None
        self.engines: dict[Engine, None] = {}
        """Of the Systems of this run, in the order of their starts."""
        self.live: dict[AnyTask, None] = {}
        """The tasks that have begun, or are about to, and haven't ended."""
        self._lanes: deque[AnyTask | None] = deque()
        """Of what is ready, whose step each is: callbacks are one lane, tasks one each."""
        self._off: set[Machine | None] = set()
        self.threads: SimThreads = SimThreads(self)
        self._working = self.threads.waiting
        self._max_steps = max_steps
        self._timers: list[tuple[float, int, Ready]] = []
        self._due = False
        self._set = self._made = 0
        self._draining = False
        self._settling: list[asyncio.Future[None]] = []
        self._looking = steps_of(self)
        self._looks = self._looking.looks

    # -- time and choice -----------------------------------------------------------------------

    @override
    def time(self) -> float:
        """The virtual time in seconds; a run begins at 0.0."""
        return self.now

    def regrow_ports(self) -> Ports:
        """What Systems made in the run take for the world."""
        assert self.make_ports is not None
        return self.make_ports()

    @override
    def set_debug(self, enabled: bool) -> None:
        """As in asyncio."""
        super().set_debug(enabled)
        # Every future asks when it is made: of this it has its answer without a frame of Python.
        object.__setattr__(self, "get_debug", bool(enabled).__bool__)

    def _run_once(self) -> None:  # noqa: C901, PLR0912, PLR0915  # in one piece, for speed
        """Step after step, until the loop is stopped: BaseEventLoop's `run_forever` calls it."""
        ready, lanes, held, live = self._ready, self._lanes, self.picker.held, self.live
        pick = self.picker.pick
        decisions, engines, trace = self.decisions, self.engines, self.trace
        schedule, hand_off = decisions.schedule, decisions.hand_off
        off, looks, working, invariants = self._off, self._looks, self._working, self.invariants
        note = None if trace.tells else trace.add
        done, name_of = Task[object].done, Task[object].get_name  # faster than to look up those of each
        steps, max_steps = self.steps, self._max_steps
        while not self._stopping:
            if self._due or not ready:
                self._collect_due()
                if not ready:
                    return
            count = len(ready)
            if count == 1:
                handle = ready.popleft()
                lanes.popleft()
            else:
                asked = schedule.asked  # this and the next line are `picker.plain`, in place
                schedule.asked = asked + 1
                if asked >= schedule.next or held:
                    index = pick(lanes if count <= WINDOW else list(islice(lanes, WINDOW)))
                    handle = ready[index]
                    del ready[index], lanes[index]
                else:
                    handle = ready.popleft()
                    lanes.popleft()
            if handle.gone or (off and machine_of(handle.context) in off):
                continue
            steps += 1
            self.steps = steps
            if steps > max_steps:
                raise TooManySteps(max_steps, self.now, [task.get_name() for task in self.live])
            task = handle.task
            if note is None:
                trace.step(task, handle.callback)
            elif task is not None:
                note(name_of(task))  # what `trace.step` does, in place
            else:
                note(getattr(handle.callback, "__qualname__", None) or type(handle.callback).__name__)
            cuts = None
            if task is not None and engines:
                asked = hand_off.asked  # `hand_off.open`, in place
                hand_off.asked = asked + 1
                if asked >= hand_off.next:
                    cuts = cut_hand_offs(hand_off, engines, trace)
            try:
                args = handle.args
                if not args:  # nearly all have one or none, and to unpack them takes longer than the rest
                    handle.context.run(handle.callback)
                elif len(args) == 1:
                    handle.context.run(handle.callback, args[0])
                else:
                    handle.context.run(handle.callback, *args)
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as error:  # noqa: BLE001  # as asyncio does
                self._raised(handle, error)
            if cuts:
                give_back(cuts)
            if task is not None and done(task):
                live.pop(task, None)
            for invariant in invariants.always:
                predicate = invariant.predicate
                try:
                    holds = predicate()  # `invariant.holds`, in place
                except (SystemExit, KeyboardInterrupt):
                    raise
                except BaseException as error:
                    raise invariant.broken() from error
                if not holds:
                    raise invariant.broken()
            if invariants.eventually:
                invariants.check_eventually()
            if looks:
                self._looking.over()
            if working:
                self.threads.poll()

    def _raised(self, handle: Ready, error: BaseException) -> None:
        what = getattr(handle.callback, "__qualname__", "a callback")
        self.call_exception_handler({"message": f"exception in {what}", "exception": error, "handle": handle})

    def _collect_due(self) -> None:
        timers, ready = self._timers, self._ready
        self._due = False
        while timers:
            when, _, timer = timers[0]
            if timer.gone:
                heappop(timers)
            elif when <= self.now:
                heappop(timers)
                ready.append(timer)
                self._lanes.append(None)
            elif ready or self._rest():
                return
            else:
                self.now = when
                self.trace.time(when)
        if not ready and not self._rest():
            waits = waits_of(self)
            raise Deadlock(self.now, waits.waiting, cycles=waits.cycles)

    def _rest(self) -> bool:
        """Nothing is ready. True if time must not go on yet."""
        if self._draining or self._stopping:
            self._stopping = True
        elif self._looks and self._looking.over():
            return True
        else:
            waiters, self._settling = self._settling, []
            for waiter in [one for one in waiters if not one.done()]:
                waiter.set_result(None)
        return self._stopping or bool(self._ready)

    def drain(self) -> None:
        """Run what is ready, and what becomes ready by it, without letting time go on."""
        self._draining = True
        try:
            self.run_forever()
        finally:
            self._draining = False

    def clean(self) -> None:
        """From now on there are no more invariants, and steps for the end of what is left."""
        self.invariants.clear()
        self._max_steps = self.steps + CLEANING

    def cut_off(self, machine: Machine) -> list[object]:
        """Nothing of this machine takes another step. Returns what must not be thrown away before the end."""
        self._off.add(machine)
        timers = [timer for _, _, timer in self._timers]
        steps = [one for one in (*self._ready, *timers) if machine_of(one.context) is machine]
        stepping = {one.task for one in steps}
        if machine_of(copy_context()) is machine:
            stepping.add(asyncio.current_task(self))
        tasks: list[object] = []
        for task in asyncio.all_tasks(self):
            context = None if task in stepping else context_of(task)
            if task in stepping or (context is not None and machine_of(context) is machine):
                asyncio.tasks._unregister_task(task)  # nobody is to see it
                self.live.pop(task, None)
                task._log_destroy_pending = False  # type: ignore[attr-defined]
                tasks.append(task)
        generators = list(self._asyncgens)
        self._asyncgens.clear()
        return [*steps, *tasks, *generators, *self.threads.cut_off(machine)]

    @property
    def has_generators(self) -> bool:
        """Whether async generators have begun and not ended."""
        return bool(len(self._asyncgens))

    async def settled(self) -> None:
        """Return when nothing is ready to run any more, before time goes on."""
        waiter: asyncio.Future[None] = self.create_future()
        self._settling.append(waiter)
        await waiter

    def timers(self) -> tuple[asyncio.TimerHandle, ...]:
        """The timers that are to go off, in order."""
        return tuple(timer for _, _, timer in sorted(self._timers) if not timer.gone)  # type: ignore[misc]

    # -- callbacks and tasks -------------------------------------------------------------------

    @override
    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> events.Handle:
        """As in asyncio."""
        task: AnyTask | None = getattr(callback, "__self__", None)
        if isinstance(task, Task):
            self.live[task] = None
        else:
            task = None
        handle = Ready(callback, args, copy_context() if context is None else context, task)
        self._ready.append(handle)
        self._lanes.append(task)
        return handle  # type: ignore[return-value]  # to asyncio it is one

    @override
    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> events.TimerHandle:
        """As in asyncio; timers that are due at once go off in the order in which they were set."""
        timer = Ready(callback, args, copy_context() if context is None else context, None, when)
        self._set += 1
        heappush(self._timers, (when, self._set, timer))
        if when <= self.now:
            self._due = True
        return timer  # type: ignore[return-value]

    @override
    def call_later(
        self,
        delay: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> events.TimerHandle:
        """As in asyncio."""
        when = self.now + delay  # from here on `call_at`, in place
        timer = Ready(callback, args, copy_context() if context is None else context, None, when)
        self._set += 1
        heappush(self._timers, (when, self._set, timer))
        if when <= self.now:
            self._due = True
        return timer  # type: ignore[return-value]

    @override
    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> events.Handle:
        """As `call_soon`: there is one thread."""
        return self.call_soon(callback, *args, context=context)

    @override
    def create_task(
        self, coro: Generator[Any, None, T] | Coroutine[Any, Any, T], *, name: object = None, **options: Any
    ) -> asyncio.Task[T]:
        """As in asyncio; names are counted per run."""
        if name is None:
            self._made += 1
            name = f"{getattr(coro, '__name__', 'task')}-{self._made}"
        return super().create_task(coro, name=name, **options)

    # -- threads -------------------------------------------------------------------------------

    @override
    def run_in_executor(self, executor: object, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """Run `func` on a thread, from a moment on that the decisions choose, while the loop stands still."""
        future: asyncio.Future[T] = self.create_future()
        step = self.decisions.answer("thread latency", 0.5, LATENCY_STEPS, stream="latency")
        self.call_later(self.thread_latency * step / LATENCY_STEPS, self.threads.start, future, func, args)
        return future

    @override
    def close(self) -> None:
        """End it, and what is left of its threads."""
        self.threads.close()
        super().close()

    # -- what there is not ---------------------------------------------------------------------

    def _process_events(self, event_list: object) -> None:
        raise NotImplementedError

    def _write_to_self(self) -> None:
        return


def _refuse(*_args: object, **_options: object) -> Never:
    raise FenceBroken(REAL, instead=STAND_IN)


REAL: Final = "a socket, pipe or child process of the event loop"
STAND_IN: Final = "give the code a stand-in for what is at the other end, such as a process of the System"
REFUSED: Final = (
    *("add_reader", "remove_reader", "add_writer", "remove_writer", "getaddrinfo", "getnameinfo"),
    *("create_connection", "create_server", "create_datagram_endpoint", "create_unix_connection"),
    *("create_unix_server", "connect_accepted_socket", "sendfile", "start_tls", "sock_recv"),
    *("sock_recv_into", "sock_recvfrom", "sock_recvfrom_into", "sock_sendall", "sock_sendto"),
    *("sock_connect", "sock_accept", "sock_sendfile", "connect_read_pipe", "connect_write_pipe"),
    *("subprocess_shell", "subprocess_exec"),
)
for _method in REFUSED:
    setattr(SimLoop, _method, _refuse)
