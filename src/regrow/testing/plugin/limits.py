"""How long a test may take, by its loop's clock and by a real one, and what it says when that is over."""

from __future__ import annotations

import asyncio
import ctypes
import threading
import traceback
from types import TracebackType
from typing import TYPE_CHECKING, Final, final

from regrow.errors.plugin import TestTimeout
from regrow.errors.testing import TestKitError
from regrow.runtime.stacks import BETWEEN, all_threads, module_of
from regrow.runtime.steps import steps_of
from regrow.runtime.tree import tree
from regrow.testing.plugin.alarm import Alarm
from regrow.testing.virtual.loop import VirtualLoop
from regrow.testing.virtual.waits import waits_of

if TYPE_CHECKING:
    from typing import Self

__all__ = ("Interrupted", "TimeLimit")

GRACE: Final = 1.0
"""Real seconds that the loop has to take notice before what holds it up is interrupted."""
REFUSALS: Final = 3
"""Cancels that a test may swallow once its time is over, before it is left where it stands."""
MOST_NODES: Final = 50
MOST_FRAMES: Final = 10


class Interrupted(asyncio.CancelledError):
    """What is raised in the middle of whatever holds up the loop."""


@final
class TimeLimit:
    """Ends the test that runs in the current task when it took too long; the run of tests goes on.

    So do the failures of a virtual loop: all of them end the test's own task, and come out of it with the
    process trees of the Systems on its loop. What holds the loop up is interrupted before its next step in
    Python; what never takes one is for pytest-timeout. A test that goes on nevertheless is cancelled again
    whenever its time is over once more, and left where it stands in the end.

    Args:
        seconds: Of the loop's time.
        real: Real seconds, if the loop's time is virtual.
    """

    __slots__ = (
        *("_alarms", "_ends", "_failure", "_limit", "_loop", "_real", "_seconds", "_stuck", "_task"),
        "_thread",
    )

    def __init__(self, *, seconds: float, real: float) -> None:
        self._seconds = seconds
        self._real = real
        self._limit = f"{seconds:g} seconds"
        self._loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._thread = threading.get_ident()
        self._failure: TestKitError | None = None
        self._stuck: list[str] = []
        self._alarms: list[Alarm] = []
        self._ends = 0

    def refused(self) -> bool:
        """Whether the test was told often enough that it is over."""
        return self._ends > REFUSALS

    def __enter__(self) -> Self:
        loop = self._loop
        if isinstance(loop, VirtualLoop):
            loop.give_failures_to(self._fail)
            loop.limit_real_time(self._real)
            self._limit += " of virtual time"
        else:
            self._real = self._seconds
        self._set_alarms()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        if self._stuck and self._failure is None and isinstance(error, asyncio.CancelledError):
            self._expire()
        self._take_alarms()
        if isinstance(self._loop, VirtualLoop):
            self._loop.give_failures_to(None)
            self._loop.limit_real_time(self._real)  # for the fixtures that come after it
        if self._failure is None:
            return
        if self.refused():
            self._failure.add_note(f"it went on after {REFUSALS} cancels, and was left where it stood")
        if self._task is not None:
            for _ in range(self._ends):
                self._task.uncancel()
        if isinstance(error, asyncio.CancelledError):  # it tells where the test stood, and no more
            raise self._failure.with_traceback(_own_part(where)) from None
        raise self._failure from error

    def _set_alarms(self) -> None:
        """Begin to count anew: of the loop's time, and real seconds."""
        self._take_alarms()
        loop = self._loop
        if isinstance(loop, VirtualLoop):
            loop.expire_at(loop.time() + self._seconds, self._expire)
        else:
            self._alarms.append(Alarm(self._real, lambda: loop.call_soon_threadsafe(self._expire)))
        self._alarms.append(Alarm(self._real + GRACE, self._interrupt))

    def _take_alarms(self) -> None:
        for alarm in self._alarms:
            alarm.off()
        self._alarms.clear()

    def _expire(self) -> None:
        self._fail(TestTimeout(self._limit, waits_of(self._loop).waiting))

    def _fail(self, failure: TestKitError) -> None:
        if self._stuck:
            failure = TestTimeout(self._limit, waits_of(self._loop).waiting, self._stuck)
        if self._failure is None:
            self._failure = failure
            for text in self._trees():
                failure.add_note(text)
        self._ends += 1
        self._set_alarms()
        if self._task is not None:
            self._task.cancel()

    def _trees(self) -> list[str]:
        return [tree(one, "running", MOST_NODES) for one in steps_of(self._loop).running()]

    def _interrupt(self) -> None:
        """In the alarm's thread: the loop didn't take notice."""
        stack = traceback.extract_stack(all_threads().get(self._thread))[-MOST_FRAMES:]
        self._limit = f"{self._real:g} real seconds"
        self._stuck = [f"{one.filename}:{one.lineno} in {one.name}: {one.line}" for one in stack]
        # There is no public way to make another thread raise.
        thread, interrupt = ctypes.c_ulong(self._thread), ctypes.py_object(Interrupted)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, interrupt)


def _own_part(where: TracebackType | None) -> TracebackType | None:
    """A traceback without the frames of asyncio and Regrow at its inner end."""
    last, step = where, where
    while step is not None:
        if module_of(step.tb_frame).partition(".")[0] not in {*BETWEEN, "regrow"}:
            last = step
        step = step.tb_next
    if last is not None:
        last.tb_next = None
    return where
