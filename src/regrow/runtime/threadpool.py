"""The runtime's own threads for `blocking` handlers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Final, TypeAlias, TypeVar, final

from typing_extensions import override

T = TypeVar("T")
Job: TypeAlias = Callable[[], None]
NAME: Final = "regrow-blocking"


class RuntimeThread(threading.Thread):
    """A thread of the runtime's own. A daemon: one that hangs doesn't hold up the end of the program."""

    def __init__(self, name: str, target: Callable[[], object]) -> None:
        super().__init__(name=name, target=target, daemon=True)


@final
class Threadpool:
    """Daemon threads, made when they are needed, at most `limit` and one more for each that is lost.

    The pools of the standard library can't be told that a thread hangs for good, and hold up the
    end of the program until each has come back.
    """

    __slots__ = ("_closed", "_idle", "_limit", "_lock", "_queue", "_threads", "lost")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._closed = False
        self._threads = 0
        self._lock = threading.Lock()
        self._idle = threading.Semaphore(0)
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self.lost: int = 0
        """Threads that will not come back."""

    def submit(self, fn: Callable[[], T], /) -> Future[T]:
        """Run `fn` on a thread, as soon as one is free. After `close` the future is cancelled."""
        future: Future[T] = Future()

        def job() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn()
            except BaseException as error:  # noqa: BLE001  # it goes to whoever waits for the future
                future.set_exception(error)
            else:
                future.set_result(result)

        with self._lock:
            if self._closed:
                future.cancel()
                return future
            self._queue.put(job)
            self._ensure_thread()
        return future

    def replace(self) -> None:
        """Give up one thread for lost, and allow another in its place."""
        with self._lock:
            self.lost += 1
            self._limit += 1
            if not self._queue.empty():
                self._ensure_thread()

    def close(self) -> None:
        """Take nothing more and wait for nobody; each thread ends when it has nothing left to do."""
        with self._lock:
            self._closed = True
            for _ in range(self._threads):
                self._queue.put(None)

    def _ensure_thread(self) -> None:
        if self._idle.acquire(blocking=False) or self._threads >= self._limit:
            return
        self._threads += 1
        RuntimeThread(f"{NAME}-{self._threads}", self._work).start()  # noqa: RG102  # `close` ends it

    def _work(self) -> None:
        while True:
            try:
                job = self._queue.get_nowait()
            except Empty:
                self._idle.release()
                job = self._queue.get()
            if job is None:
                return
            job()
            del job  # it holds the handler's arguments

    @override
    def __repr__(self) -> str:
        return f"<Threadpool of {self._threads}, {self.lost} lost>"
