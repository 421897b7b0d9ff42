"""The loop of a simulated run: no file, no thread, no clock; one seed decides what runs next."""

from __future__ import annotations

import asyncio
from asyncio import events
from collections import deque
from collections.abc import Callable
from heapq import heappop
from typing import TYPE_CHECKING, TypeVar, final

from typing_extensions import TypeVarTuple, Unpack, override

from regrow.errors.testing import Deadlock, FenceBroken, TooManySteps

if TYPE_CHECKING:
    from regrow.core.ports import Ports
    from regrow.testing.sim.decisions import Decisions
    from regrow.testing.sim.trace import Trace

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

__all__ = ("SimLoop",)

LATENCY_STEPS = 20
"""Into how many steps the longest latency of a thread is divided."""


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
    _ready: deque[events.Handle]
    _scheduled: list[events.TimerHandle]
    _timer_cancelled_count: int
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
        ready = self._ready
        self._collect_due()
        handle = ready.popleft() if len(ready) == 1 else self._pick(ready)
        if handle._cancelled:  # type: ignore[attr-defined]  # noqa: SLF001
            return
        self.steps += 1
        if self.steps > self._max_steps:
            raise TooManySteps(self._max_steps, self.now, self._waiting())
        callback: object = handle._callback  # type: ignore[attr-defined]  # noqa: SLF001
        self.trace.step(callback)
        handle._run()  # noqa: SLF001
        if self.after_step is not None:
            self.after_step()

    def _collect_due(self) -> None:
        scheduled = self._scheduled
        while scheduled:
            first = scheduled[0]
            if first.cancelled():
                self._timer_cancelled_count -= 1
            elif first.when() <= self.now:
                self._ready.append(first)
            elif self._ready or self._stopping:
                return
            else:
                self.now = first.when()
                self.trace.time(self.now)
                continue
            heappop(scheduled)
            first._scheduled = False  # noqa: SLF001
        if not self._ready and not self._stopping:
            raise Deadlock(self.now, self._waiting())

    def _pick(self, ready: deque[events.Handle]) -> events.Handle:
        """One of the ready tasks, or the oldest callback."""
        candidates: list[int] = []
        callback_seen = False
        for index, handle in enumerate(ready):
            owner = getattr(handle._callback, "__self__", None)  # type: ignore[attr-defined]  # noqa: SLF001
            if not isinstance(owner, asyncio.Task):
                if callback_seen:
                    continue
                callback_seen = True
            candidates.append(index)
        chosen = self.decisions.next_of(len(candidates)) if len(candidates) > 1 else 0
        index = candidates[chosen]
        handle = ready[index]
        del ready[index]
        if chosen:
            self.trace.chosen(chosen, len(candidates))
        return handle

    def _waiting(self) -> list[str]:
        return sorted(task.get_name() for task in asyncio.all_tasks(self))

    # -- threads -------------------------------------------------------------------------------

    @override
    def run_in_executor(  # type: ignore[override]
        self, executor: object, func: Callable[[Unpack[Ts]], T], *args: Unpack[Ts]
    ) -> asyncio.Future[T]:
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

    @override
    def call_soon_threadsafe(self, callback, *args, context=None):  # type: ignore[no-untyped-def]
        """As `call_soon`: there is one thread."""
        return self.call_soon(callback, *args, context=context)

    # -- what there is not ---------------------------------------------------------------------

    def _process_events(self, event_list: object) -> None:
        raise NotImplementedError

    def _write_to_self(self) -> None:
        return

    def _refuse(self, *_args: object, **_options: object) -> None:
        raise FenceBroken("a socket, pipe or child process of the event loop")

    add_reader = remove_reader = add_writer = remove_writer = _refuse
    create_connection = create_server = create_datagram_endpoint = _refuse
    create_unix_connection = create_unix_server = connect_accepted_socket = sendfile = start_tls = _refuse
    sock_recv = sock_recv_into = sock_sendall = sock_connect = sock_accept = sock_sendfile = _refuse
    getaddrinfo = getnameinfo = connect_read_pipe = connect_write_pipe = _refuse
    subprocess_shell = subprocess_exec = _refuse
