"""What is left in the operating system's hands: threads, child processes, executors, sockets."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, cast

from regrow.runtime.engine import ENGINES
from regrow.runtime.threadpool import RuntimeThread
from regrow.testing.leaks.kinds import Leak
from regrow.testing.leaks.places import Place, written

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from subprocess import Popen

    from regrow.testing.leaks.recorder import Recorder

__all__ = ("children", "executors", "sockets", "threads", "until_ended")

PATIENCE: Final = 0.2
"""Real seconds that threads have to end which are about to."""
OTHERS: Final = ("asyncio-waitpid-", "waitpid-", "Dummy-")
"""How threads are called that wait for a child process of asyncio's, or that Python didn't start."""


def threads(recorder: Recorder, before: set[threading.Thread]) -> Iterator[tuple[Leak, threading.Thread]]:
    """Threads of the test that still run; those of executors and of Systems that run are not told again."""
    places = dict(recorder.threads.living())
    systems = any(engine.running for engine in ENGINES)
    for thread in threading.enumerate():
        if thread in before or thread in recorder.foreign or thread is threading.current_thread():
            continue
        if thread.name.startswith(OTHERS):
            continue
        if (systems and isinstance(thread, RuntimeThread)) or _executor_of(thread) is not None:
            continue
        name = f"{thread.name} (daemon)" if thread.daemon else thread.name
        yield Leak("thread", name, written(places.get(thread, ()))), thread


def until_ended(found: list[threading.Thread]) -> None:
    """Give threads that are about to end the moment that it takes them."""
    until = time.monotonic() + PATIENCE
    for thread in found:
        thread.join(max(0.0, until - time.monotonic()))


def _executor_of(thread: threading.Thread) -> object:
    """The pool that a thread works for, if that isn't shut down; the thread itself says whose it is."""
    args: tuple[object, ...] = getattr(thread, "_args", ())
    pool = args[0]() if args and callable(args[0]) and getattr(thread, "_target", None) is _worker() else None
    return None if getattr(pool, "_shutdown", False) else pool


def _worker() -> object:
    return getattr(sys.modules.get("concurrent.futures.thread"), "_worker", None)


def executors(recorder: Recorder) -> Iterator[tuple[Leak, Executor]]:
    """Executors of the test that nobody shut down; a loop that is open shuts down its own at its end."""
    owned = {getattr(loop, "_default_executor", None) for loop in recorder.used if not loop.is_closed()}
    for executor, place in recorder.executors.living():
        over = getattr(executor, "_shutdown", False) or getattr(executor, "_shutdown_thread", False)
        if not over and executor not in owned:
            workers = getattr(executor, "_max_workers", "?")
            yield Leak("executor", f"{type(executor).__qualname__} of {workers}", written(place)), executor


def children(recorder: Recorder, before: set[int]) -> Iterator[tuple[Leak, int]]:
    """Child processes of the test that run, or have ended and nobody has waited for them."""
    for popen, place in recorder.popens.living():
        if popen.returncode is None:
            state = "has ended, but nobody waited for it" if _has_ended(popen) else "runs"
            yield Leak("child_process", f"{popen.pid} {_command(popen)} {state}", written(place)), popen.pid
    places = dict[int, Place]()
    for child, place in recorder.children.living():
        places[cast("int", getattr(child, "pid", 0))] = place
    for pid, name in sorted(active_children().items()):
        if pid not in before:
            yield Leak("child_process", f"{pid} {name} runs", written(places.get(pid, ()))), pid


def active_children() -> dict[int, str]:
    """The child processes of multiprocessing, if anybody uses it."""
    module = sys.modules.get("multiprocessing.process")
    if module is None:
        return {}
    return {child.pid: child.name for child in module.active_children()}


def _has_ended(popen: Popen[bytes]) -> bool:
    """Whether a child has ended, without taking its exit status from whoever waits for it."""
    try:
        return os.waitid(os.P_PID, popen.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # somebody else has waited for it
        return True


def _command(popen: Popen[bytes]) -> str:
    args = cast("object", popen.args)
    words = cast("Sequence[object]", args) if isinstance(args, list | tuple) else (args,)
    return " ".join(str(word) for word in words)


def sockets(recorder: Recorder) -> Iterator[tuple[Leak, socket.socket]]:
    """Sockets of the test that are open; a loop that is open has two of its own."""
    for opened, place in recorder.sockets.living():
        if opened.fileno() != -1 and not _is_loops(opened, recorder):
            yield Leak("socket", _address(opened), written(place)), opened


def _is_loops(opened: socket.socket, recorder: Recorder) -> bool:
    pairs = ((getattr(loop, "_ssock", None), getattr(loop, "_csock", None)) for loop in recorder.loops)
    return any(opened in pair for pair in pairs)


def _address(opened: socket.socket) -> str:
    try:
        here = opened.getsockname()
    except OSError:
        here = ""
    return f"fd {opened.fileno()}, {opened.family.name} {opened.type.name}{f' {here}' if here else ''}"
