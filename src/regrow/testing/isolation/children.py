"""The processes of one test: started under a supervisor of its own, seen to the end, and stopped."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Final, cast, final

import msgspec

from regrow.core.reasons import KILLED, Crash, ExitReason, format_reason, is_normal, is_silent
from regrow.core.specs import ChildSpec
from regrow.core.timeouts import MAX_TIMEOUT
from regrow.errors import (
    ChildIgnored,
    CrashMissing,
    KitSupervisorEnded,
    NoSuchChild,
    NotStartedHere,
    StopFailed,
    TeardownFailed,
    UnexpectedCrash,
)
from regrow.runtime.extensions import engine_of
from regrow.runtime.links import children_of
from regrow.runtime.process import DEAD, STOPPING, Process
from regrow.runtime.supervisor import Supervisor, supervisor

if TYPE_CHECKING:
    from regrow.runtime.pid import Pid
    from regrow.runtime.system import System

__all__ = ("Children", "Expected")

MAX_RESTARTS: Final = 100
"""The budget of a test's supervisor: high, as its children have nothing to do with each other."""
SECONDS: Final = 5.0


@final
class Expected:
    """How a process is expected to crash.

    Args:
        error: The exception, or several; None for any abnormal end.
        match: A pattern that is searched for in the exit reason as text; None for any.
    """

    __slots__ = ("_error", "_match")

    def __init__(
        self, error: type[BaseException] | tuple[type[BaseException], ...] | None, match: str | None
    ) -> None:
        self._error = error
        self._match = match

    def is_met(self, reason: ExitReason) -> bool:
        """Whether that is how it ended."""
        if is_silent(reason):
            return False
        if self._error is not None:
            kind = reason.exception_type if isinstance(reason, Crash) else object
            if not issubclass(kind, self._error):
                return False
        return self._match is None or re.search(self._match, format_reason(reason)) is not None

    def __str__(self) -> str:
        kinds = self._error if isinstance(self._error, tuple) else (self._error,)
        what = " or ".join("any error" if kind is None else kind.__qualname__ for kind in kinds)
        return what if self._match is None else f"{what} that matches {self._match!r}"


@final
class Child:
    """A process that the test has started; `down` has its exit reason once it has ended."""

    __slots__ = ("down", "expected", "id", "is_watched", "pid")

    def __init__(self, spec: ChildSpec, pid: Process, *, is_watched: bool) -> None:
        self.id: Final = spec.id
        self.pid: Final = pid
        self.down: Final = pid.engine.exits.when_down(pid)
        self.is_watched: Final = is_watched
        self.expected: Expected | None = None

    def problem(self, *, before: bool) -> CrashMissing | UnexpectedCrash | None:
        """What is wrong with how it has ended, if anything.

        Args:
            before: Whether it had ended before it was stopped.
        """
        reason = self.down.result() if self.down.done() else None
        if self.expected is not None:
            if self.is_expected():
                return None
            seen = f"ended: {_story(reason)}" if before else "did not end by itself"
            return CrashMissing(self.pid, str(self.expected), seen)
        if self.is_watched and before and not is_silent(reason):
            return UnexpectedCrash(self.pid, reason, _story(reason))
        return None

    def is_expected(self) -> bool:
        """Whether it has ended as the test said that it would."""
        return self.expected is not None and self.down.done() and self.expected.is_met(self.down.result())


@final
class Children:
    """The processes of one test.

    Args:
        system: Where they run.
        name: What their supervisor is called there.
    """

    __slots__ = ("_down", "_name", "_running", "_started", "_supervisor", "_system")

    def __init__(self, system: System, name: str) -> None:
        self._system = system
        self._name = name
        self._supervisor: Pid[Supervisor] | None = None
        self._down: asyncio.Future[ExitReason] | None = None
        self._started: list[Child] = []
        self._running: dict[Process, Child] = {}

    # -- their supervisor ----------------------------------------------------------------------

    async def open(self) -> None:
        """Start the supervisor."""
        spec = supervisor(
            (),
            id=self._name,
            strategy="one_for_one",
            restart="temporary",
            max_restarts=MAX_RESTARTS,
            max_seconds=SECONDS,
        )
        started = await self._system.root.call(Supervisor.start_child(spec), timeout=MAX_TIMEOUT)
        assert isinstance(started, Process)
        self._supervisor = cast("Pid[Supervisor]", started)
        self._down = engine_of(self._system).exits.when_down(started)

    async def close(self) -> None:
        """Stop it, with whatever it still has.

        Raises:
            KitSupervisorEnded: It had ended already.
        """
        self._check()
        with suppress(NoSuchChild):
            await self._system.root.call(Supervisor.terminate_child(self._name), timeout=MAX_TIMEOUT)

    def _check(self) -> Pid[Supervisor]:
        assert self._supervisor is not None
        assert self._down is not None
        if self._down.done():
            reason = self._down.result()
            raise KitSupervisorEnded(reason, format_reason(reason))
        return self._supervisor

    # -- starting and stopping -----------------------------------------------------------------

    async def start(self, spec: ChildSpec, *, is_watched: bool) -> Process:
        """Start one more; its id is made unique. What it raises, `start_supervised` does."""
        known = {child.id for child in self._started}
        if spec.id in known:
            number = next(n for n in range(2, len(known) + 3) if f"{spec.id}-{n}" not in known)
            spec = msgspec.structs.replace(spec, id=f"{spec.id}-{number}")
        above = self._check()
        pid = await above.call(Supervisor.start_child(spec), timeout=MAX_TIMEOUT)
        if not isinstance(pid, Process):
            with suppress(NoSuchChild):
                await above.call(Supervisor.delete_child(spec.id), timeout=MAX_TIMEOUT)
            raise ChildIgnored(spec.id)
        child = Child(spec, pid, is_watched=is_watched)
        self._started.append(child)
        self._running[pid] = child
        return pid

    def get(self, pid: object) -> Child:
        """What belongs to a Pid that `start` gave. Raises `NotStartedHere`."""
        child = self._running.get(pid) if isinstance(pid, Process) else None
        if child is None:
            raise NotStartedHere(pid)
        return child

    async def stop(self, child: Child) -> None:
        """Stop it, as whatever it has become over restarts, and all under it.

        Raises:
            UnexpectedCrash: It had crashed before, and the test watches over it.
            CrashMissing: It was to crash, and didn't.
            StopFailed: It, or one under it, did not end in order.
            TeardownFailed: Several of these.
        """
        self._running.pop(child.pid, None)
        before = child.down.done()
        found: list[Exception] = [error for error in await self._end(child) if not child.is_expected()]
        problem = child.problem(before=before)
        if problem is not None:
            found.insert(0, problem)
        if len(found) > 1:
            raise TeardownFailed.of(str(child.pid), found)
        if found:
            raise found[0]

    async def _end(self, child: Child) -> list[StopFailed]:
        if self._down is None or self._down.done():
            return []  # it is told of once, by `close`
        above = self._check()
        now: object = child.pid
        if child.down.done():
            rows = await above.call(Supervisor.which_children(), timeout=MAX_TIMEOUT)
            now = next((row.pid for row in rows if row.id == child.id), None)
        family = list(_family(now)) if isinstance(now, Process) else []
        with suppress(NoSuchChild):  # temporary, and has ended
            await above.call(Supervisor.terminate_child(child.id), timeout=MAX_TIMEOUT)
            await above.call(Supervisor.delete_child(child.id), timeout=MAX_TIMEOUT)
        return [
            StopFailed(process, down.result(), _story(down.result()))
            for process, spec, down in family
            if down.done() and not _is_orderly(down.result(), spec)
        ]


def _family(process: Process) -> Iterator[tuple[Process, ChildSpec, asyncio.Future[ExitReason]]]:
    """A process and all under it that are not ending by themselves."""
    if process.child is not None and process.status not in (STOPPING, DEAD):
        yield process, process.child, process.engine.exits.when_down(process)
    for below in tuple(children_of(process)):
        yield from _family(below)


def _is_orderly(reason: ExitReason, spec: ChildSpec) -> bool:
    return is_normal(reason) or (reason is KILLED and spec.shutdown == "brutal_kill")


def _story(reason: ExitReason) -> str:
    if reason is KILLED:
        return "it was killed, as it took longer than its shutdown, or by the test"
    return f"\n{reason.format().rstrip()}" if isinstance(reason, Crash) else format_reason(reason)
