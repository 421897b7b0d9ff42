"""Work for threads in a simulated run: on real threads, but never two at a time, nor beside the loop.

A thread runs from where it may go on to where it waits: in `time.sleep`, for a future, an event or a queue.
The loop stands still meanwhile. So work sees what threads see (another thread, no loop that runs), and yet
the seed alone decides what happens in what order.
"""

from __future__ import annotations

import asyncio
from _thread import allocate_lock
from collections.abc import Callable
from contextvars import copy_context
from math import inf
from threading import get_ident
from typing import TYPE_CHECKING, Final, TypeVar, final

from regrow.errors.faults import FenceBroken
from regrow.runtime.threadpool import RuntimeThread
from regrow.testing.sim.machines import machine_of

if TYPE_CHECKING:
    from regrow.testing.sim.loop import SimLoop
    from regrow.testing.sim.machines import Machine

__all__ = ("SIMULATED", "SimThreads", "Worker", "worker_registry")

T = TypeVar("T")

REAL_LIMIT: Final = 60.0
"""Real seconds that work may take from one wait to the next."""
SIMULATED: Final = "regrow-simulated"
"""What such a thread is called."""
STUCK: Final = "work on a thread that neither ended nor waited within a minute of real time"
STUCK_INSTEAD: Final = (
    "wait in time.sleep, for a future, an event, a condition or a queue.Queue, which the simulation knows;"
    " not for a lock that another such thread holds"
)

Job = tuple["asyncio.Future[object]", Callable[..., object], tuple[object, ...]]


@final
class Abandoned(BaseException):
    """The run is over, and this thread with it."""


@final
class Worker:
    """One thread, and the work that it does."""

    __slots__ = (
        "_abandoned",
        "_back",
        "_error",
        "_go",
        "_job",
        "_parked",
        "_ready",
        "_result",
        "_thread",
        "deadline",
        "machine",
    )

    def __init__(self) -> None:
        self._go = allocate_lock()
        self._back = allocate_lock()
        self._go.acquire()
        self._back.acquire()
        self._job: Job | None = None
        self._thread: RuntimeThread | None = None
        self._parked = False
        self._abandoned = False
        self._ready: Callable[[], bool] | None = None
        self._result: object = None
        self._error: BaseException | None = None
        self.deadline: float | None = None
        """Until when it waits, in virtual seconds; None if it doesn't, `inf` for ever."""
        self.machine: Machine | None = None
        """On which its present job runs, None for the test's own."""

    # -- on the loop's thread ------------------------------------------------------------------

    def begin(self, job: Job) -> bool:
        """Take up a job. True if it is done, False if it waits now."""
        self._job = job
        if self._thread is None:
            self._thread = RuntimeThread(SIMULATED, self._work)
            self._thread.start()
        return self.go_on()

    def go_on(self) -> bool:
        """Let the thread run until it waits or is done. True if it is done."""
        self._go.release()
        if not self._back.acquire(timeout=REAL_LIMIT):
            self._thread = None
            raise FenceBroken(STUCK, instead=STUCK_INSTEAD)
        return not self._parked

    @property
    def may_go_on(self) -> bool:
        """Whether what it waits for has come; not its deadline."""
        return self._ready is not None and self._ready()

    def tell(self) -> None:
        """Give what the job came to."""
        assert self._job is not None
        future = self._job[0]
        result, error = self._result, self._error
        self._job = self._result = self._error = None
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)

    def end(self) -> None:
        """End the thread, wherever it waits."""
        if self._thread is not None:
            thread = self._thread
            self._abandoned = True
            self.go_on()
            thread.join()

    # -- on its own thread ---------------------------------------------------------------------

    def _work(self) -> None:
        worker_registry[get_ident()] = self
        try:
            while True:
                self._go.acquire()
                if self._abandoned:
                    return
                assert self._job is not None
                _, func, args = self._job
                try:
                    self._result = func(*args)
                except Abandoned:
                    return
                except BaseException as error:  # noqa: BLE001  # whoever waits for the thread gets it
                    self._error = error
                del func, args
                if self._abandoned:
                    return  # the work took it for an error of its own
                self._parked = False
                self._back.release()
        finally:
            del worker_registry[get_ident()]
            self._parked = False
            self._back.release()

    def wait(self, deadline: float, ready: Callable[[], bool] | None = None) -> bool:
        """Wait until virtual time `deadline`, or until `ready()`. True if that was first."""
        if self._abandoned:
            raise Abandoned
        if ready is not None and ready():
            return True
        self._ready, self.deadline, self._parked = ready, deadline, True
        self._back.release()
        self._go.acquire()
        self._ready = self.deadline = None
        if self._abandoned:
            raise Abandoned
        return ready is not None and ready()


worker_registry: Final[dict[int, Worker]] = {}
"""The threads that work now, by their idents."""


@final
class SimThreads:
    """The threads of one run.

    Args:
        loop: Its loop.
    """

    __slots__ = ("_gone", "_idle", "_loop", "_on_timer", "waiting")

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop
        self._gone: list[Worker] = []
        self._idle: list[Worker] = []
        self._on_timer: dict[Worker, asyncio.TimerHandle] = {}
        self.waiting: dict[Worker, None] = {}
        """Threads that wait for something."""

    def start(self, future: asyncio.Future[T], func: Callable[..., T], args: tuple[object, ...]) -> None:
        """Have a thread do `func(*args)` and give the result to `future`."""
        if future.cancelled():
            return
        worker = self._idle.pop() if self._idle else Worker()
        worker.machine = machine_of(copy_context())
        job: Job = (future, func, args)  # type: ignore[assignment]  # of whatever it is
        self._went(worker, done=worker.begin(job))

    def poll(self) -> None:
        """After a step of the loop: who has what he waits for goes on soon."""
        for worker in list(self.waiting):
            if worker.may_go_on:
                self._wake(worker)

    def cut_off(self, machine: Machine) -> list[Worker]:
        """The threads of this machine never go on; they end with the run."""
        gone = [worker for worker in self.waiting if worker.machine is machine]
        for worker in gone:
            del self.waiting[worker]
            timer = self._on_timer.pop(worker, None)
            if timer is not None:
                timer.cancel()
        self._gone.extend(gone)
        return list(gone)

    def sleep(self, seconds: float) -> None:
        """On such a thread: wait for so many virtual seconds, `inf` for ever."""
        worker_registry[get_ident()].wait(self._loop.now + seconds)

    def close(self) -> None:
        """The run is over: so are its threads."""
        for worker in [*self.waiting, *self._gone, *self._idle]:
            worker.end()
        self._on_timer.clear()
        self._gone.clear()
        self.waiting.clear()
        self._idle.clear()

    def _wake(self, worker: Worker) -> None:
        self.waiting.pop(worker, None)
        timer = self._on_timer.pop(worker, None)
        if timer is not None:
            timer.cancel()
        self._loop.call_soon(self._go_on, worker)

    def _go_on(self, worker: Worker) -> None:
        self._went(worker, done=worker.go_on())

    def _went(self, worker: Worker, *, done: bool) -> None:
        if worker.machine is not None and worker.machine.cut.done():
            self._gone.append(worker)
            return
        if done:
            worker.tell()
            self._idle.append(worker)
            return
        deadline = worker.deadline
        assert deadline is not None
        self.waiting[worker] = None
        if deadline < inf:
            self._on_timer[worker] = self._loop.call_at(deadline, self._wake, worker)
