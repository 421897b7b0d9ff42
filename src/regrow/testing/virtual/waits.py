"""Who waits for whom on a loop: tasks, processes, and the rings of those who wait for each other."""

from __future__ import annotations

import asyncio
import linecache
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Final, NamedTuple, cast, final

from regrow.errors.testing import Waiting
from regrow.runtime import plain, stacks
from regrow.runtime.calls import Calls
from regrow.runtime.items import Request, message_of
from regrow.runtime.process import STARTING, STOPPING, SUSPENDED, Process
from regrow.runtime.reports import pattern_text
from regrow.runtime.steps import steps_of
from regrow.runtime.threads import Threads
from regrow.testing.sync.standing import standing

__all__ = ("Waits", "ready_tasks", "waits_of")

Task = asyncio.Task[object]
UNNAMED: Final = re.compile(r"Task-\d+")
"""What asyncio calls a task that nobody named: by a count over the whole program, so not in any text."""


class Waits(NamedTuple):
    """What there is to tell."""

    waiting: tuple[Waiting, ...]
    cycles: tuple[tuple[str, ...], ...]


class Reason(NamedTuple):
    """What a task waits for: as text, and whom."""

    text: str
    whom: tuple[Task | Process, ...] = ()


def waits_of(loop: asyncio.AbstractEventLoop) -> Waits:
    """All tasks of `loop` and processes of Systems on it that wait, without those that are merely idle."""
    scene = _Scene(loop)
    return Waits(scene.waiting(), scene.cycles())


def ready_tasks(loop: asyncio.AbstractEventLoop) -> tuple[Waiting, ...]:
    """The tasks that the next pass would run."""
    scene = _Scene(loop)
    return tuple(scene.task(one) for one in scene.tasks if _waits_for(one) is None)


@final
class _Scene:
    """A loop at one moment, between two passes."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        processes = [one for engine in steps_of(loop).running() for one in engine.processes()]
        self.processes: Final = sorted(processes, key=lambda one: (one.engine.incarnation, one.serial))
        self.owners: Final[dict[Task, Process]] = {}
        for process in self.processes:
            extras = process.extras
            for task in extras.tasks or () if extras is not None else ():
                self.owners[task] = process
            if process.task is not None:
                self.owners[process.task] = process
        places = {process: place for place, process in enumerate(self.processes)}

        def order(task: Task) -> tuple[int, bool, tuple[object, ...]]:
            """The test's own tasks, then each process with its."""
            owner = self.owners.get(task)
            return (
                -1 if owner is None else places[owner],
                owner is None or owner.task is not task,
                _natural(task),
            )

        self.tasks: Final = sorted(asyncio.all_tasks(loop), key=order)

    def waiting(self) -> tuple[Waiting, ...]:
        rows = [self.task(one) for one in self.tasks if not self._is_idle(one)]
        rows += [
            Waiting(who=str(one), awaits="system.resume", mailbox=len(one.mailbox or ()))
            for one in self.processes
            if one.status == SUSPENDED and one.task is None
        ]
        return tuple(rows)

    def task(self, task: Task) -> Waiting:
        process = self.owners.get(task)
        frames = _frames(task)
        shown = [frame for frame in frames if not _is_internal(frame)]
        last = shown[-1] if shown else None
        return Waiting(
            who=self.who(task),
            doing=None if process is None else _doing(process),
            awaits=self.reason(task, frames).text,
            place=None if last is None else _place(last),
            code="" if last is None else _code(last),
            mailbox=None if process is None else len(process.mailbox or ()),
            stack=tuple(f"{_place(frame)}: {_code(frame)}" for frame in shown),
        )

    def who(self, one: Task | Process) -> str:
        if isinstance(one, Process):
            return str(one)
        process = self.owners.get(one)
        if process is not None and process.task is one:
            return str(process)
        name = one.get_name()
        if UNNAMED.fullmatch(name):
            name = getattr(one.get_coro(), "__qualname__", name)
        return f"task {name!r}" if process is None else f"task {name!r} of {process}"

    def reason(self, task: Task, frames: list[FrameType]) -> Reason:
        """What `task` waits for: its innermost frame that says so decides."""
        for frame in reversed(frames):
            tell = _TELLS.get(frame.f_code)
            reason = Reason("") if tell is None else tell(frame.f_locals)
            if reason.text or reason.whom:
                return self._named(reason)
        whom = tuple(_unfinished([_waits_for(task)]))
        if whom:
            return self._named(Reason("", whom))
        inner = frames[-1] if frames else None
        if inner is not None and stacks.module_of(inner).startswith("asyncio."):
            return Reason(f"{stacks.module_of(inner)}.{inner.f_code.co_qualname}")
        return Reason("")

    def _named(self, reason: Reason) -> Reason:
        if reason.text:
            return reason
        return Reason(", ".join(sorted(self.who(one) for one in reason.whom)), reason.whom)

    def _is_idle(self, task: Task) -> bool:
        """Whether it is the runtime's own and has nothing to do just now."""
        frames = _frames(task)
        return not any(frame.f_code in _TELLS or not _is_runtime(frame) for frame in frames)

    # -- rings ---------------------------------------------------------------------------------

    def cycles(self) -> tuple[tuple[str, ...], ...]:
        """Each ring of those who wait for each other, once, from its first in the order of the scene."""
        rings: list[tuple[str, ...]] = []
        done: set[Task] = set()
        for start in self.tasks:
            path: list[Task] = []
            step: Task | None = start
            while step is not None and step not in done and step not in path:
                path.append(step)
                step = self._next(step)
            if step is not None and step in path:
                rings.append(tuple(self.who(one) for one in path[path.index(step) :]))
            done.update(path)
        return tuple(rings)

    def _next(self, task: Task) -> Task | None:
        """The only one that `task` waits for, if it is one; a process is its own task."""
        whom = self.reason(task, _frames(task)).whom
        if len(whom) != 1:
            return None
        one = whom[0]
        return one.task if isinstance(one, Process) else one


# -- what tells what it waits for -----------------------------------------------------------------


def _receives(names: Mapping[str, object]) -> Reason:
    match = names["match"]
    return Reason("a message" if match is None else f"a message that matches {pattern_text(match)}")


def _calls(names: Mapping[str, object]) -> Reason:
    request = names.get("request")
    if isinstance(request, Request):
        target, message = request.target, request.message
    else:
        target, message = cast("Process", names["target"]), names["message"]
    handler = getattr(message_of(message), "__handler__", None)
    what = "" if handler is None else f" to {handler.name}"
    return Reason(f"the answer{what} of {target}", (target,))


def _runs_blocking(_names: Mapping[str, object]) -> Reason:
    return Reason("the thread of its blocking handler")


def _stands(names: Mapping[str, object]) -> Reason:
    return Reason(str(names["what"]))


def _group(names: Mapping[str, object]) -> Reason:
    tasks: Iterable[Task] = getattr(names["self"], "_tasks", ())
    return Reason("", tuple(_unfinished(tasks)))


def _wait(names: Mapping[str, object]) -> Reason:
    return Reason("", tuple(_unfinished(cast("Iterable[object]", names["fs"]))))


def _code_of(module: ModuleType, function: str) -> CodeType | None:
    return getattr(getattr(module, function, None), "__code__", None)


_TELLS: Final[Mapping[CodeType | None, Callable[[Mapping[str, object]], Reason]]] = {
    plain.receive.__code__: _receives,
    Calls.queued.__code__: _calls,
    Calls.answer.__code__: _calls,
    Threads.run.__code__: _runs_blocking,
    standing.__code__: _stands,
    asyncio.TaskGroup.__aexit__.__code__: _group,
    # Under `asyncio.wait`, which waits here.
    _code_of(asyncio.tasks, "_wait"): _wait,
}


def _waits_for(task: Task) -> object:
    """The future that `task` waits for; None if it is ready. There is no public name for it."""
    return getattr(task, "_fut_waiter", None)


def _unfinished(futures: Iterable[object]) -> list[Task]:
    """The tasks among these that aren't done, and in what gathers them."""
    found: list[Task] = []
    for one in futures:
        if isinstance(one, asyncio.Task):
            task = cast("Task", one)
            found += [] if task.done() else [task]
        else:
            found += _unfinished(getattr(one, "_children", ()))
    return found


# -- frames and names -----------------------------------------------------------------------------


_STEPS: Final = (("cr_frame", "cr_await"), ("gi_frame", "gi_yieldfrom"), ("ag_frame", "ag_await"))


def _frames(task: Task) -> list[FrameType]:
    """The frames of what the task awaits, outermost first."""
    frames: list[FrameType] = []
    step: object = task.get_coro()
    while step is not None:
        for frame, below in _STEPS:
            if hasattr(step, frame):
                found: FrameType | None = getattr(step, frame)
                frames += [found] if found is not None else []
                step = getattr(step, below)
                break
        else:
            break
    return frames


def _is_runtime(frame: FrameType) -> bool:
    return stacks.module_of(frame).partition(".")[0] == "regrow"


def _is_internal(frame: FrameType) -> bool:
    return _is_runtime(frame) or stacks.module_of(frame).partition(".")[0] in stacks.BETWEEN


def _place(frame: FrameType) -> str:
    path = Path(frame.f_code.co_filename)
    here = Path.cwd()
    shown = path.relative_to(here) if path.is_relative_to(here) else path
    return f"{shown}:{frame.f_lineno} in {frame.f_code.co_qualname}"


def _code(frame: FrameType) -> str:
    return linecache.getline(frame.f_code.co_filename, frame.f_lineno, frame.f_globals).strip()


def _doing(process: Process) -> str | None:
    if process.blueprint.server is None:
        return None
    if process.status == STARTING:
        return f"{process.kind}.init"
    if process.status == STOPPING:
        return f"{process.kind}.terminate"
    current = process.current
    return None if current is None else process.engine.reporter.handler_name(process, current)


def _natural(task: Task) -> tuple[object, ...]:
    """By name, numbers in it as numbers."""
    return tuple(int(part) if part.isdigit() else part for part in re.split(r"(\d+)", task.get_name()))
