"""Where a journal waits for the disk: threads of its own, so that `blocking` handlers can't hold it up."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from contextvars import Context
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar, cast, final

from regrow.delivery.journal.committer import Committer
from regrow.runtime.threadpool import Threadpool

if TYPE_CHECKING:
    from regrow.core.ports import ThreadRunner

__all__ = ("JournalThreads", "taken")

T = TypeVar("T")
THREADS: Final = 2
"""One for commits, where no thread of their own does them, and one for all that is read."""
LONGEST_START: Final = 5e-4
"""Seconds that the loop waits at most for a thread to begin."""
LONGEST_END: Final = 3e-4
"""Seconds that the loop waits at most for a thread to end."""


@final
class JournalThreads:
    """Runs work of a journal on the System's thread port, or on threads made for it.

    It looks like an executor to the loop, so that a loop with a clock of its own counts what runs.
    """

    __slots__ = ("_awaited", "_begun", "_committer", "_done", "_loop", "_own", "_runner", "under_way")

    def __init__(self, loop: asyncio.AbstractEventLoop, port: ThreadRunner | None) -> None:
        self._loop = loop
        self._done: deque[Callable[[], object]] = deque()
        self._begun = taken()
        self._awaited: threading.Lock | None = None  # until a thread has ended
        self.under_way: int = 0
        """How much that `run_then` was given is to be taken yet."""
        self._own = port is None
        self._runner: ThreadRunner = Threadpool(THREADS) if port is None else port
        # A loop that overrides it counts by it what runs, as one with a clock of its own does: commits, too.
        plain = getattr(type(loop), "run_in_executor", None) is asyncio.BaseEventLoop.run_in_executor
        self._committer: Committer | None = Committer() if self._own and plain else None

    @property
    def in_turn(self) -> bool:
        """Whether what `run_then` is given waits for what it was given before, on one thread."""
        return self._committer is not None

    def run(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Run `work` on a thread; the future is the loop's."""
        return self._loop.run_in_executor(cast("Executor", self), work)

    def run_then(
        self, work: Callable[[], object], then: Callable[[BaseException | None], object], context: Context
    ) -> asyncio.Future[None]:
        """Run `work` on a thread and `then` on the loop, with what it raised, in the first pass after it.

        A callback of the future would come a pass of the loop later: beside handlers that keep the loop
        busy that is most of what a commit takes. `take` has it at once. `then` gets a `CancelledError` if
        the thread is given up. The future that is returned is done when `then` is called.
        """
        begun = self._begun = taken()
        ended: asyncio.Future[None] = self._loop.create_future()

        def end(error: BaseException | None) -> None:
            if not ended.done():  # a thread that was given up may come back
                self.under_way -= 1
                ended.set_result(None)
                then(error)

        def both() -> None:
            begun.release()
            error: BaseException | None = None
            try:
                work()
            except BaseException as raised:  # noqa: BLE001  # whoever waits for it is told
                error = raised
            self._done.append(partial(end, error))
            awaited, self._awaited = self._awaited, None
            if awaited is not None:
                awaited.release()
                return
            with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
                self._loop.call_soon_threadsafe(self.take, context=context)

        def given_up(future: asyncio.Future[None]) -> None:
            if future.cancelled():
                end(asyncio.CancelledError())

        self.under_way += 1
        if self._committer is not None:
            self._committer.put(both)
        else:
            self.run(both).add_done_callback(given_up, context=context)
        return ended

    def begun(self) -> bool:
        """Wait until what `run_then` was given has begun: its thread has the GIL then, up to the disk.

        Whether that can be waited for: threads of somebody else may be none.
        """
        return self._own and self._begun.acquire(timeout=LONGEST_START)

    def await_end(self) -> None:
        """Wait a moment for the end of what was given to `run_then`, and go on with it; on the loop.

        The loop would wait for it in `select`, and be woken by a socket: while the thread writes to that the
        loop takes the GIL, and the thread can't go on.
        """
        if self._committer is not None and self.under_way and not self._done:
            awaited = self._awaited = taken()
            try:
                awaited.acquire(timeout=LONGEST_END)
            finally:  # a signal's handler may raise, and the thread have told nobody but this
                self._awaited = None
                self.take()

    def take(self) -> None:
        """Go on with what is done; on the loop."""
        while self._done:
            self._done.popleft()()

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """For the loop: take the work to a thread."""
        return self._runner.submit(work)

    def close(self) -> None:
        """Nothing more will be run."""
        if self._committer is not None:
            self._committer.close()
        if self._own:
            self._runner.close()


def taken() -> threading.Lock:
    """A lock that its owner gives free: an event at a tenth of its cost."""
    lock = threading.Lock()
    lock.acquire()
    return lock
