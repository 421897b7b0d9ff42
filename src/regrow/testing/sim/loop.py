"""The loop of a simulated run: no file, no thread, no clock; one seed decides what runs next."""

from __future__ import annotations

import asyncio
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from heapq import heappop, heappush
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Never, TypeAlias, TypeVar, TypeVarTuple, cast, final

from typing_extensions import override

from regrow.errors.testing import Deadlock, FenceBroken, TooManySteps, Waiting

if TYPE_CHECKING:
    from regrow.core.ports import Ports
    from regrow.testing.sim.decisions import Decisions
    from regrow.testing.sim.trace import Trace

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
AnyTask: TypeAlias = "asyncio.Task[object]"

__all__ = ("SimLoop",)

LATENCY_STEPS = 20
"""Into how many steps the longest latency of a thread is divided."""
WINDOW: Final = 64
"""Among how many of the oldest that are ready one is picked, so that a crowd costs no more than a few."""


@final
class Ready(events.Handle):
    """A callback and the task it is a step of, None if it is no task's."""

    __slots__ = ("task",)
    task: AnyTask | None
    _callback: object


@final
class Timed(events.TimerHandle):
    """The same, later."""

    __slots__ = ("task",)
    task: AnyTask | None
    _callback: object


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

    # What BaseEventLoop keeps; the names stand since Python 3.4, and a test says when they move.
    _ready: deque[Ready | Timed]
    _stopping: bool

    def __init__(self, decisions: Decisions, trace: Trace, *, max_steps: int) -> None:
        super().__init__()
        self.now: float = 0.0
        self.steps: int = 0
        self.decisions: Decisions = decisions
        self.trace: Trace = trace
        self.thread_latency: float = 0.0
        """Longest time in seconds that work for a thread takes."""
        self.after_step: Callable[[], object] | None = None
        """Called after each step, for invariants."""
        self.make_ports: Callable[[], Ports] | None = None
        self._max_steps = max_steps
        self._timers: list[tuple[float, int, Timed]] = []
        self._set = 0
        self._made = 0

    # -- time and choice -----------------------------------------------------------------------

    @override
    def time(self) -> float:
        """The virtual time in seconds; a run begins at 0.0."""
        return self.now

    def regrow_ports(self) -> Ports:
        """What Systems made in the run take for the world."""
        assert self.make_ports is not None
        return self.make_ports()

    def _run_once(self) -> None:
        """One step: BaseEventLoop's `run_forever` calls it until the loop is stopped."""
        timers = self._timers
        ready = self._ready
        if not ready or (timers and timers[0][0] <= self.now):
            self._collect_due()
        handle = ready.popleft() if len(ready) == 1 or not self.decisions.schedule.open() else self._pick()
        if handle._cancelled:  # noqa: SLF001  # its method, asked at every step, costs more than it does
            return
        self.steps += 1
        if self.steps > self._max_steps:
            raise TooManySteps(self._max_steps, self.now, self._waiting())
        self.trace.step(handle.task, handle._callback)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        handle._run()  # noqa: SLF001  # as BaseEventLoop does
        if self.after_step is not None:
            self.after_step()

    def _collect_due(self) -> None:
        timers = self._timers
        ready = self._ready
        while timers:
            when, _, timer = timers[0]
            if timer.cancelled():
                heappop(timers)
            elif when <= self.now:
                heappop(timers)
                ready.append(timer)
            elif ready:
                return
            else:
                self.now = when
                self.trace.time(when)
        if not ready:
            raise Deadlock(self.now, [Waiting(who=name) for name in self._waiting()])

    def _pick(self) -> Ready | Timed:
        """One of the ready tasks, or the oldest callback."""
        ready = self._ready
        indexes: list[int] = []
        lanes: list[object] = []
        callback_seen = False
        for index, handle in enumerate(islice(ready, WINDOW)):
            task = handle.task
            if task is None:
                if callback_seen:
                    continue
                callback_seen = True
            indexes.append(index)
            lanes.append(task)
        chosen = self.decisions.schedule.choose(lanes)
        if not chosen:
            return ready.popleft()
        self.trace.chosen(chosen, len(lanes))
        index = indexes[chosen]
        handle = ready[index]
        del ready[index]
        return handle

    def _waiting(self) -> list[str]:
        return sorted(task.get_name() for task in asyncio.all_tasks(self))

    # -- callbacks and tasks -------------------------------------------------------------------

    @override
    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> events.Handle:
        """As in asyncio."""
        handle = Ready(callback, args, self, context)
        owner: object = getattr(callback, "__self__", None)
        handle.task = cast("AnyTask", owner) if isinstance(owner, asyncio.Task) else None
        self._ready.append(handle)
        return handle

    @override
    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> events.TimerHandle:
        """As in asyncio; timers that are due at once go off in the order in which they were set."""
        timer = Timed(when, callback, args, self, context)
        timer.task = None
        self._set += 1
        heappush(self._timers, (when, self._set, timer))
        return timer

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

    def _timer_handle_cancelled(self, handle: events.TimerHandle) -> None:
        """Cancelled timers are passed over when they come to their turn."""

    # -- threads -------------------------------------------------------------------------------

    @override
    def run_in_executor(self, executor: object, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """Run `func` on the loop, at a moment that the decisions choose."""
        future: asyncio.Future[T] = self.create_future()
        step = self.decisions.answer("thread latency", 0.5, LATENCY_STEPS, stream="latency")
        self.call_later(self.thread_latency * step / LATENCY_STEPS, self._inline, future, func, args)
        return future

    def _inline(self, future: asyncio.Future[T], func: Callable[..., T], args: tuple[object, ...]) -> None:
        if future.cancelled():
            return
        try:
            result = func(*args)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001  # whoever waits for the thread gets it
            if not future.cancelled():
                future.set_exception(error)
        else:
            if not future.cancelled():
                future.set_result(result)

    # -- what there is not ---------------------------------------------------------------------

    def _process_events(self, event_list: object) -> None:
        raise NotImplementedError

    def _write_to_self(self) -> None:
        return


def _refuse(*_args: object, **_options: object) -> Never:
    raise FenceBroken(REAL)


REAL: Final = "a socket, pipe or child process of the event loop"
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
