"""Sockets, threads and subprocesses at the fence, and waits of the threads that a simulation knows."""

from __future__ import annotations

import socket
import sys
import threading
from _thread import LockType, allocate_lock
from collections import deque
from collections.abc import Callable, Iterator
from math import inf
from threading import get_ident
from typing import TYPE_CHECKING, Final, ParamSpec, Protocol, TypeVar

from regrow.testing.sim.fence.guards import active, refuse
from regrow.testing.sim.threads import SIMULATED, worker_registry

if TYPE_CHECKING:
    from regrow.testing.sim.fence.clocks import Patch
    from regrow.testing.sim.fence.options import Opening

__all__ = ("outside_patches", "watch")

P = ParamSpec("P")
T = TypeVar("T")

EVENTS: Final[dict[str, tuple[Opening, str]]] = {
    "socket.__new__": ("sockets", "a socket"),
    "socket.getaddrinfo": ("sockets", "socket.getaddrinfo()"),
    "socket.gethostbyname": ("sockets", "socket.gethostbyname()"),
    "socket.gethostbyaddr": ("sockets", "socket.gethostbyaddr()"),
    "subprocess.Popen": ("subprocesses", "subprocess.Popen()"),
    "os.system": ("subprocesses", "os.system()"),
    "os.posix_spawn": ("subprocesses", "os.posix_spawn()"),
    "os.exec": ("subprocesses", "os.exec()"),
    "os.fork": ("subprocesses", "os.fork()"),
    "os.forkpty": ("subprocesses", "os.forkpty()"),
}
"""What the interpreter tells its audit hooks."""
_watching = False


def watch() -> None:
    """Have the interpreter tell what is used; an audit hook can't be taken back, so it looks away outside."""
    global _watching  # noqa: PLW0603  # one for the program
    if not _watching:
        _watching = True
        sys.addaudithook(_told)


def _told(event: str, _args: tuple[object, ...]) -> None:
    found = EVENTS.get(event)
    if found is not None:
        refuse(*found)


def outside_patches() -> Iterator[Patch]:
    """What the interpreter doesn't tell of, or too late."""
    yield socket, "socketpair", _socketpair(socket.socketpair)
    yield threading.Thread, "start", _start(threading.Thread.start)
    yield threading.Condition, "wait", _wait(threading.Condition.wait)


class _Condition(Protocol):
    """What `threading.Condition` keeps for itself."""

    _waiters: deque[LockType]

    def _release_save(self) -> object: ...
    def _acquire_restore(self, saved: object, /) -> None: ...


def _socketpair(real: Callable[P, T]) -> Callable[P, T]:
    def socketpair(*args: P.args, **options: P.kwargs) -> T:
        refuse("sockets", "socket.socketpair()")
        return real(*args, **options)

    return socketpair


def _start(real: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
    def start(self: threading.Thread) -> None:
        if self.name != SIMULATED:
            refuse("threads", "threading.Thread.start()")
        real(self)

    return start


def _wait(real: Callable[..., bool]) -> Callable[..., bool]:
    """A thread that the simulation knows lets the loop go on while it waits."""

    def wait(self: _Condition, timeout: float | None = None) -> bool:
        worker = worker_registry.get(get_ident())
        run = None if worker is None else active()
        if worker is None or run is None:
            return real(self, timeout)
        # What `Condition.wait` does, but for how it waits.
        waiters, release, acquire = self._waiters, self._release_save, self._acquire_restore  # pyright: ignore[reportPrivateUsage]
        waiter = allocate_lock()
        waiter.acquire()
        waiters.append(waiter)
        saved = release()
        came = False
        try:
            deadline = inf if timeout is None else run.loop.now + max(0.0, timeout)
            came = worker.wait(deadline, lambda: not waiter.locked())
        finally:
            acquire(saved)
            if not came and waiter in waiters:
                waiters.remove(waiter)
        return came

    return wait
