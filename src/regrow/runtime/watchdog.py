"""The watchdog: a thread that says who holds the loop, and sleeps while nobody uses it."""

from __future__ import annotations

import asyncio
import logging
import threading
import traceback
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, final

from regrow.core.events import LoopStalled
from regrow.runtime.stacks import all_threads
from regrow.runtime.threadpool import RuntimeThread

if TYPE_CHECKING:
    from types import FrameType

    from regrow.runtime.engine import Engine
    from regrow.runtime.process import Process

LONGEST: Final = 1.0
"""Seconds between two looks while the loop is idle and a handler waits for the world outside."""

WALKS: Final = 10
"""Walks through the processes that are tried, while the loop goes on and disturbs them."""

_log = logging.getLogger("regrow.watchdog")


class Watched(Protocol):
    """What the watchdog looks at: a loop that the runtime uses."""

    def park(self) -> bool:
        """Have the runtime say when it uses the loop again.

        Returns:
            Whether it has not done so since it was told the last time.
        """
        ...

    def runs(self) -> bool:
        """Whether code of a process or task runs at this moment, or is about to."""
        ...

    def waits(self) -> bool:
        """Whether a handler waits for something else than the runtime, which doesn't say when it goes on."""
        ...

    def ask(self, answer: Callable[[], None]) -> None:
        """Have the loop call `answer` when it gets to it."""
        ...

    def held(self, seconds: float) -> Callable[[float], None] | None:
        """The loop has not answered for so long: report it.

        Returns:
            What to call on the loop, with the seconds it was held in all, when it answers.
        """
        ...


class Bell(Protocol):
    """What the watchdog's thread sleeps on; a `threading.Event` is one."""

    def set(self) -> None:
        """Wake the thread."""
        ...

    def clear(self) -> None:
        """Be ready to wake it again."""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Sleep until `set`, or for so many seconds."""
        ...


@final
class Watchdog:
    """Looks at a loop every half of `stall` seconds, and asks it for an answer when it finds it at work.

    No answer within `stall` seconds is a stall. When the runtime hasn't used the loop between two
    looks the thread sleeps until it does, unless a handler waits for the world outside: then it
    looks ever less often, at least once a second. An idle loop is never woken by it.

    Args:
        watched: The loop.
        stall: Seconds.
        clock: Real seconds.
        bell: What its thread sleeps on.
    """

    __slots__ = (
        "_answered_at",
        "_asked_at",
        "_bell",
        "_clock",
        "_closed",
        "_pause",
        "_sleeping",
        "_stall",
        "_tell",
        "_watched",
    )

    def __init__(self, watched: Watched, *, stall: float, clock: Callable[[], float], bell: Bell) -> None:
        self._watched = watched
        self._stall = stall
        self._clock = clock
        self._bell = bell
        self._answered_at: float | None = None
        self._asked_at: float | None = None
        self._tell: Callable[[float], None] | None = None
        self._pause = stall / 2
        self._sleeping = False
        self._closed = False

    def used(self) -> None:
        """The runtime uses the loop again."""
        if self._sleeping:
            self._sleeping = False
            self._bell.set()

    def close(self) -> None:
        """Let the thread end."""
        self._closed = True
        self._bell.set()

    def run(self) -> None:
        """Look until it is closed: the thread's body."""
        while not self._closed:
            self._bell.wait(self.look())
            self._bell.clear()

    def look(self) -> float | None:
        """Look once.

        Returns:
            Seconds until the next look; None: not before the runtime uses the loop again.
        """
        watched = self._watched
        self._sleeping = False
        asked_at = self._asked_at
        if asked_at is not None:
            if self._answered_at is None:
                seconds = self._clock() - asked_at
                if seconds >= self._stall and self._tell is None:
                    self._tell = watched.held(seconds) or _nobody
                return self._stall / 2
            if self._tell is not None:
                watched.ask(partial(self._tell, self._answered_at - asked_at))
            self._asked_at = self._tell = None
        if watched.runs():
            self._answered_at = None
            self._asked_at = self._clock()
            watched.ask(self._answer)
            return self._stall / 2
        if not watched.park():
            self._pause = self._stall / 2
            return self._pause
        if watched.waits():
            self._pause = max(min(self._pause * 2, LONGEST), self._stall / 2)
            return self._pause
        self._sleeping = True
        if watched.park():
            return None
        self._sleeping = False  # it was used before it could know that this thread sleeps
        return self._stall / 2

    def _answer(self) -> None:
        self._answered_at = self._clock()


def _nobody(seconds: float) -> None:
    """Another System's affair."""


def start_watchdog(engine: Engine) -> Watchdog:
    """Watch the loop of a System by a thread of its own."""
    watchdog = Watchdog(
        LoopOf(engine), stall=engine.settings.stall_seconds, clock=engine.monotonic, bell=threading.Event()
    )
    RuntimeThread("regrow-watchdog", watchdog.run).start()
    return watchdog


@final
class LoopOf:
    """The loop of a System, as its watchdog sees it."""

    __slots__ = ("_engine",)

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def park(self) -> bool:
        """See `Watched`."""
        engine = self._engine
        before, engine.parked = engine.parked, True
        engine.attention = True
        return before

    def runs(self) -> bool:
        """See `Watched`."""
        engine = self._engine
        if engine.handling is not None or asyncio.current_task(engine.loop) is not None:
            return True
        # A turn says only at its beginning that it uses the loop; its first handler may come later.
        return engine.scheduler.armed and engine.loop.is_running()

    def waits(self) -> bool:
        """See `Watched`."""
        return self._engine.workers.outside > 0 or self._engine.ownership.alive > 0

    def ask(self, answer: Callable[[], None]) -> None:
        """See `Watched`."""
        engine = self._engine
        if not engine.loop.is_closed():
            try:
                engine.loop.call_soon_threadsafe(answer, context=engine.contexts.base)
            except RuntimeError:  # closed between the two lines
                return

    def held(self, seconds: float) -> Callable[[float], None] | None:
        """See `Watched`."""
        engine = self._engine
        holder = _holder(engine)
        if holder is None:
            return None
        stack = _stack_of(engine.thread)
        _log.warning(
            "%s has held the loop for %.3f s:\n%s",
            holder,
            seconds,
            "".join(stack),
            extra={"regrow_system": engine.name, "regrow_holder": holder, "regrow_seconds": seconds},
        )

        def tell(whole: float) -> None:
            if LoopStalled in engine.hub.wanted:
                engine.hub.emit(LoopStalled(at=engine.loop.time(), holder=holder, seconds=whole, stack=stack))

        return tell


def _holder(engine: Engine) -> str | None:
    """Who runs on the loop now; None if it is another System's process."""
    process = engine.handling
    if process is not None:
        return _in_handler(engine, process)
    others = engine.ownership.neighbours()
    if any(other.handling is not None for other in others):
        return None
    task = asyncio.current_task(engine.loop)
    if task is None:
        return "a callback of the loop"
    for system in (engine, *others):
        owner = _owner(system, task)
        if owner is None:
            continue
        if system is not engine:
            return None
        return _in_handler(engine, owner) if owner.task is task else f"task {task.get_name()!r} of {owner}"
    return f"task {task.get_name()!r}, which no process owns"


def _owner(engine: Engine, task: asyncio.Task[object]) -> Process | None:
    for process in _snapshot(engine):
        if process.task is task or (process.extras is not None and task in (process.extras.tasks or ())):
            return process
    return None


def _snapshot(engine: Engine) -> list[Process]:
    """All living processes, from another thread than the one that starts and ends them."""
    for _ in range(WALKS):
        try:
            return list(engine.processes())
        except RuntimeError:  # a table changed under the walk
            continue
    return []


def _in_handler(engine: Engine, process: Process) -> str:
    current = process.current
    if current is None:
        return str(process)
    return f"{process} in {engine.reporter.handler_name(process, current)}"


def _stack_of(thread: int) -> tuple[str, ...]:
    frame: FrameType | None = all_threads().get(thread)
    return () if frame is None else tuple(traceback.format_stack(frame))
