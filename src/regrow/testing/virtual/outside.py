"""What a virtual clock can't see: threads, subprocesses, sockets. Which are declared, and which are busy."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from types import BuiltinMethodType
from typing import Final, Literal, TypeAlias, TypeVar, TypeVarTuple, final
from weakref import WeakSet

from regrow.core.hub import name_of
from regrow.errors.testing import NotDeclared
from regrow.runtime.threadpool import RuntimeThread

__all__ = ("Option", "Outside", "called")

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Option: TypeAlias = Literal["sockets", "threads", "subprocesses"]
WATCHERS: Final = ("waitpid-", "asyncio-waitpid-")
"""How the threads are called in which asyncio waits for a subprocess, where it needs threads for that."""


@final
class Outside:
    """Keeps count, for one loop.

    Threads with work of the loop and subprocesses that it started hold the clock until they are done. Of
    sockets, and of threads that somebody else started, nobody knows when they will speak up.
    """

    __slots__ = ("_before", "_busy", "_declared", "_inner", "_subprocesses", "_workers", "refused")

    def __init__(self, declared: frozenset[Option]) -> None:
        self._declared = declared
        self._before: WeakSet[threading.Thread] = WeakSet(threading.enumerate())
        self._busy: dict[object, str] = {}
        self._inner = 0
        self._subprocesses: list[asyncio.SubprocessTransport] = []
        self._workers: WeakSet[threading.Thread] = WeakSet()
        self.refused: NotDeclared | None = None
        """What was used undeclared: whoever caught that error, the run fails."""

    # -- what is declared ----------------------------------------------------------------------

    def declared(self, *options: Option) -> bool:
        """Whether one of these is."""
        return not self._declared.isdisjoint(options)

    def require(self, option: Option, what: str, *others: Option) -> None:
        """Raise `NotDeclared` unless `option`, or one of `others`, is declared."""
        if not self.declared(option, *others):
            self.refused = NotDeclared(what, option)
            raise self.refused

    def require_thread(self) -> None:
        """A thread calls the loop: raise `NotDeclared` unless it is declared, or known to the loop."""
        thread = threading.current_thread()
        known = self.trusting or thread in self._workers or isinstance(thread, RuntimeThread)
        if known or (self.declared("subprocesses") and thread.name.startswith(WATCHERS)):
            return
        self.require("threads", f"the thread {thread.name!r} called the loop")

    @property
    def trusting(self) -> bool:
        """Whether asyncio itself may be using threads just now."""
        return self._inner > 0

    # -- what is busy --------------------------------------------------------------------------

    def busy(self) -> tuple[str, ...]:
        """What holds the clock, oldest first."""
        alive = [one for one in self._subprocesses if one.get_returncode() is None]
        self._subprocesses = alive
        return (*self._busy.values(), *(f"subprocess {one.get_pid()}" for one in alive))

    def may_speak(self, files: int) -> bool:
        """Whether somebody could wake the loop of whom it doesn't know when; `files`: how many it watches."""
        if files and self.declared("sockets", "subprocesses"):
            return True
        return self.declared("threads") and bool(self.strangers())

    def strangers(self) -> list[str]:
        """The threads that somebody started since the loop was made and that don't work for it."""
        return sorted(
            thread.name
            for thread in threading.enumerate()
            if not (thread in self._before or thread in self._workers or thread is threading.current_thread())
        )

    @contextmanager
    def holding(self, what: str) -> Generator[None]:
        """Inside, `what` holds the clock; the threads that it starts are asyncio's own."""
        key = object()
        self._busy[key] = what
        self._inner += 1
        try:
            yield
        finally:
            self._inner -= 1
            del self._busy[key]

    def hold(self, future: asyncio.Future[T], what: str) -> None:
        """Have `what` hold the clock until `future` is done."""
        self._busy[future] = what
        future.add_done_callback(lambda done: self._busy.pop(done, None))

    def started(self, subprocess: asyncio.SubprocessTransport) -> None:
        """A subprocess runs."""
        self._subprocesses.append(subprocess)

    def for_thread(self, func: Callable[[*Ts], T]) -> Callable[[*Ts], T]:
        """`func`, so that the thread that runs it is known to work for the loop."""

        def run(*args: *Ts) -> T:
            self._workers.add(threading.current_thread())
            return func(*args)

        return run


def called(function: object) -> str:
    """What a function is called that is about to run somewhere, without what it is wrapped in."""
    if not isinstance(function, partial):
        return name_of(function)
    inner: object = function.func
    args: tuple[object, ...] = function.args
    if not (args and isinstance(inner, BuiltinMethodType) and inner.__name__ == "run"):
        return called(inner)
    # In a context, as `asyncio.to_thread` does; a blocking handler with its server and message.
    handler = getattr(args[2], "__handler__", None) if len(args) == 3 else None
    return called(args[0]) if handler is None else f"{type(args[1]).__name__}.{handler.name}"
