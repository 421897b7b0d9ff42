"""Whose task is it: a task belongs to the process in whose context it was created."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from contextvars import Context
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias, cast, final
from weakref import WeakKeyDictionary, WeakSet

from regrow.core.events import Orphaned
from regrow.errors import UnsupervisedTask
from regrow.runtime.birth import Births
from regrow.runtime.process import DEAD, current_process
from regrow.runtime.stacks import WATCHERS, caller, is_runtime, module_of, site

if TYPE_CHECKING:
    from types import FrameType

    from regrow.runtime.engine import Engine
    from regrow.runtime.process import Process

AnyTask: TypeAlias = "asyncio.Task[object]"

AWAITING: Final = "wait_for"
"""The function of asyncio (before 3.12) that makes a task and doesn't return before it has ended."""

_log = logging.getLogger("regrow.ownership")


@final
class Ownership:
    """Owners of the tasks on one System's loop."""

    __slots__ = ("_engine", "_factory", "_lost", "_starters", "alive")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._factory: TaskFactory | None = None
        self._starters: WeakSet[AnyTask] = WeakSet()
        self._lost: WeakSet[AnyTask] = WeakSet()
        self.alive: int = 0
        """Tasks that processes own beside their own one."""

    @property
    def engine(self) -> Engine:
        """Whose it is."""
        return self._engine

    # -- watching the loop ---------------------------------------------------------------------

    def begin(self) -> None:
        """Start to watch the loop. The current task is who started the System."""
        engine = self._engine
        starter = asyncio.current_task()
        if starter is not None:
            self._starters.add(starter)
        current = cast("object", engine.loop.get_task_factory())
        factory = current if isinstance(current, TaskFactory) else TaskFactory(engine.loop, current)
        factory.members.append(self)
        self._factory = factory
        if engine.debug or engine.strict:
            Births.begin(sites=engine.debug)

    def end(self) -> None:
        """Stop watching, and leave the loop as it was; Systems that still watch it are not disturbed."""
        factory, self._factory = self._factory, None
        if factory is None:
            return
        factory.members.remove(self)
        factory.retire()
        if self._engine.debug or self._engine.strict:
            Births.end(sites=self._engine.debug)

    def watches(self, factory: TaskFactory) -> bool:
        """Whether `factory` is this System's."""
        return self._factory is factory

    def neighbours(self) -> list[Engine]:
        """The other Systems on this loop."""
        factory = self._factory
        return [] if factory is None else [one.engine for one in factory.members if one is not self]

    # -- owned tasks ---------------------------------------------------------------------------

    def adopt(self, process: Process, task: asyncio.Future[object]) -> None:
        """`task` was created in the context of `process`."""
        if task.done():
            return  # an eager one
        owned = cast("AnyTask", task)
        if process.status == DEAD:
            self.orphans(process, (owned,))
            return
        extras = process.more()
        if extras.tasks is None:
            extras.tasks = {}
        extras.tasks[owned] = None
        self.alive += 1
        owned.add_done_callback(partial(self._done, extras.tasks), context=self._engine.contexts.base)

    def _done(self, tasks: dict[AnyTask, None], task: AnyTask) -> None:
        self.alive -= 1
        tasks.pop(task, None)

    def orphans(self, process: Process, tasks: Iterable[AnyTask]) -> None:
        """`process` has ended and these tasks of it live: cancel and report them."""
        engine = self._engine
        alive = [task for task in tasks if not task.done()]
        if not alive:
            return
        for task in alive:
            task.cancel()
            engine.see_off(task)
        engine.counters.orphans += len(alive)
        names = tuple(_title(task) for task in alive)
        # Later: a log handler is somebody else's code, and this is inside a death.
        engine.loop.call_soon(partial(_report, process, names), context=engine.contexts.base)
        if Orphaned in engine.hub.wanted:
            engine.hub.emit(Orphaned(at=engine.loop.time(), pid=process, tasks=names))

    def lose(self, task: AnyTask) -> None:
        """The own task of a zombie: nobody's from now on."""
        self._lost.add(task)

    # -- tasks that nobody owns ----------------------------------------------------------------

    def unowned(self) -> list[tuple[str, str | None]]:
        """The tasks on the loop that no process owns, by name, with where they were made.

        Not among them: the runtime's own, who started a System, who asks, what these wait for by
        `asyncio.wait_for`, and what was given to the loop while it stood still.
        """
        factory = self._factory
        if factory is None:
            return []
        known: set[object] = {asyncio.current_task(), *factory.helpers}
        for member in factory.members:
            known.update(member._starters)  # noqa: SLF001  # another of this class
            for process in member.engine.processes():
                known.add(process.task)
                if process.extras is not None and process.extras.tasks:
                    known.update(process.extras.tasks)
        return [
            (_title(task), factory.sites.get(task))
            for task in sorted(asyncio.all_tasks(self._engine.loop), key=lambda task: task.get_name())
            if task in self._lost or (task not in known and not is_runtime(_module(task)))
        ]


@final
class TaskFactory:
    """The loop's task factory while Systems run on it: notes who owns a task, and calls the one before it.

    Args:
        loop: The loop that it is set on.
        previous: The factory that was set before, None if none was.
    """

    __slots__ = ("_apart", "_loop", "_previous", "helpers", "members", "sites")

    def __init__(self, loop: asyncio.AbstractEventLoop, previous: object) -> None:
        self._loop = loop
        self._previous = cast("Callable[..., asyncio.Future[object]] | None", previous)
        self._apart: WeakKeyDictionary[object, Process] = WeakKeyDictionary()
        self.members: list[Ownership] = []
        self.helpers: WeakSet[AnyTask] = WeakSet()
        self.sites: WeakKeyDictionary[object, str] = WeakKeyDictionary()
        loop.set_task_factory(self)  # type: ignore[arg-type]  # keywords differ by version

    def __call__(
        self,
        loop: asyncio.AbstractEventLoop,
        coroutine: Coroutine[object, object, object],
        **options: object,
    ) -> asyncio.Future[object]:
        """Make a task. Later Pythons add to the options.

        Raises:
            UnsupervisedTask: No process owns it, and a System on this loop is strict.
        """
        context = options.get("context")
        inherits = owner = _owner_in(context if isinstance(context, Context) else None)
        if owner is None:
            owner = _owner_in(None) or self._owner_apart(loop)
        helper = owner is None and (not loop.is_running() or _awaited(caller(1)))
        if owner is None and not helper:
            self._check(coroutine)
        previous = self._previous
        task: asyncio.Future[object]
        if previous is None:
            # regrow: ignore[RG101] a factory makes what its caller is to own
            task = asyncio.Task(coroutine, loop=loop, **options)  # type: ignore[arg-type]
        else:
            task = previous(loop, coroutine, **options)
        if owner is not None:
            ownership = owner.engine.ownership
            if ownership.watches(self):
                ownership.adopt(owner, task)
                if inherits is None:
                    self._apart[task] = owner
        elif helper:
            self.helpers.add(cast("AnyTask", task))
        if any(member.engine.debug for member in self.members):
            where = site(caller(1))
            if where is not None:
                self.sites[task] = where
        return task

    def _owner_apart(self, loop: asyncio.AbstractEventLoop) -> Process | None:
        """The process of the current task if it owns it although it runs in a context that says nothing."""
        if not self._apart or not loop.is_running():
            return None
        owner = self._apart.get(asyncio.current_task(loop))
        return owner if owner is not None and owner.engine.running else None

    def retire(self) -> None:
        """Give the loop back the factory before this one, once no System needs it and if it is still this."""
        factory: object = self
        while isinstance(factory, TaskFactory) and not factory.members:
            current = cast("object", self._loop.get_task_factory())
            if current is not factory:
                return
            factory = factory._previous  # noqa: SLF001  # another of this class
            self._loop.set_task_factory(factory)  # type: ignore[arg-type]

    def _check(self, coroutine: Coroutine[object, object, object]) -> None:
        if not any(member.engine.strict for member in self.members) or isinstance(coroutine, _CLOSING):
            return
        what = f"the task of {getattr(coroutine, '__qualname__', coroutine)!s}"
        where = site(caller(2))
        coroutine.close()
        raise UnsupervisedTask(what, where)


async def _no_items() -> AsyncGenerator[None, None]:
    return
    yield


def _closing() -> type:
    closing = _no_items().aclose()
    closing.close()  # since Python 3.13 it would complain that nobody awaited it
    return type(closing)


_CLOSING: Final = _closing()
"""What the loop itself makes a task of when it closes an async generator that nobody has used up."""


def _owner_in(context: Context | None) -> Process | None:
    """The process of a context, default the current one. None also if its System is over."""
    process = current_process.get(None) if context is None else context.get(current_process)
    return process if process is not None and process.engine.running else None


def _awaited(frame: FrameType | None) -> bool:
    """Whether a function of asyncio that waits for the task's end makes it."""
    while frame is not None:
        module = module_of(frame)
        if module != WATCHERS and module.partition(".")[0] != "asyncio":
            return False
        if frame.f_code.co_name == AWAITING:
            return True
        frame = frame.f_back
    return False


def _module(task: AnyTask) -> str:
    coroutine = task.get_coro()
    frame: FrameType | None = getattr(coroutine, "cr_frame", None)
    return type(coroutine).__module__ if frame is None else module_of(frame)


def _title(task: AnyTask) -> str:
    coroutine = task.get_coro()
    return f"{task.get_name()} ({getattr(coroutine, '__qualname__', coroutine)})"


def _report(process: Process, names: Iterable[str]) -> None:
    _log.warning(
        "%s ended and left tasks, which were cancelled: %s",
        process,
        ", ".join(names),
        extra={"regrow_pid": str(process), "regrow_name": process.name},
    )
