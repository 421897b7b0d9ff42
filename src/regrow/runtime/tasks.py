"""TaskSupervisor: one-off coroutines as supervised processes, awaited by who asked for them."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Generic, TypeVar, cast, final

import msgspec

from regrow.core.decorators import call
from regrow.core.reasons import ExitReason
from regrow.core.specs import ChildSpec
from regrow.errors import BadServer, NotMine, ProcessExited, RegrowError, WaitTimeout
from regrow.runtime.dynamic import DynamicSupervisor, dynamic_supervisor
from regrow.runtime.links import link as link_processes
from regrow.runtime.pid import Address, Pid, Timeout
from regrow.runtime.process import Process, current_process
from regrow.runtime.start import start_child

if TYPE_CHECKING:
    from typing import Never

T = TypeVar("T")


@final
class TaskHandle(Generic[T]):
    """A task that runs under a TaskSupervisor.

    Attributes:
        pid: Its process.
        owner: The process that asked for it, None outside processes.
    """

    __slots__ = ("_future", "owner", "pid")

    def __init__(self, pid: Pid[object], owner: Pid[object] | None, future: asyncio.Future[T]) -> None:
        self.pid: Pid[object] = pid
        self.owner: Pid[object] | None = owner
        self._future = future

    async def result(self, *, timeout: Timeout) -> T:
        """Wait for what the coroutine returns. The task goes on if the wait times out.

        Args:
            timeout: Seconds, or a name from the timeout table.

        Raises:
            ProcessExited: It crashed or was stopped; the reason says how.
            WaitTimeout: It was not done after `timeout` seconds.
            NotMine: Another process asked for it.
        """
        process = cast("Process", self.pid)
        caller = current_process.get(None)
        if caller is not None and self.owner is not None and caller is not self.owner:
            raise NotMine(self, self.owner, caller)
        seconds = process.engine.timeouts.resolve(timeout)
        done, _ = await asyncio.wait([self._future], timeout=seconds)
        if not done:
            raise WaitTimeout(self.pid, "result", seconds)
        return self._future.result()

    @property
    def done(self) -> bool:
        """Whether it has a result or has ended without."""
        return self._future.done()

    def cancel(self) -> None:
        """Kill the task. Whoever waits for it gets `ProcessExited(KILLED)`."""
        self.pid.kill()

    def __repr__(self) -> str:
        return f"<TaskHandle of {self.pid}>"


class TaskSupervisor(DynamicSupervisor):
    """Runs coroutines as temporary children: see `rg.start_task`."""

    __slots__ = ()
    __regrow_eager__ = True

    @call(raises=(RegrowError,))
    async def run(
        self, spec: ChildSpec, asker: Pid[object] | None, ended: Callable[[Process, ExitReason], object]
    ) -> Pid[object]:
        """Start the process of a task, linked and watched before its first step. For `start_task`."""
        self._check_room()
        process = cast("Process", await start_child(self._engine, spec, self._process))
        self._count += 1
        down = self._engine.exits.when_down(process)
        down.add_done_callback(lambda down: ended(process, down.result()))
        if isinstance(asker, Process):
            link_processes(self._engine, process, asker)
        return process


@final
class _Body(Generic[T]):
    """The coroutine of a task, which is awaited by one process or else closed."""

    __slots__ = ("_coroutine", "_future", "_process")

    def __init__(self, coroutine: Coroutine[object, Never, T], future: asyncio.Future[T]) -> None:
        self._coroutine = coroutine
        self._future = future
        self._process: Process | None = None

    async def run(self) -> None:
        """Await it, in the process of the task."""
        if inspect.getcoroutinestate(self._coroutine) != inspect.CORO_CREATED:
            return  # nobody waits for it any more
        self._process = current_process.get()
        result = await self._coroutine
        if not self._future.done():
            self._future.set_result(result)

    def abandon(self) -> None:
        """Who asked has gone before it had a handle."""
        if self._process is not None:
            self._process.kill()
        else:
            self._coroutine.close()

    def ended(self, process: Process, reason: ExitReason) -> None:
        """Its process has ended."""
        if inspect.getcoroutinestate(self._coroutine) == inspect.CORO_CREATED:
            self._coroutine.close()  # killed before its first step
        if not self._future.done():
            self._future.set_exception(ProcessExited(reason, process))
            self._future.exception()  # whoever waits is told; nobody has to


async def start_task(
    supervisor: Address[TaskSupervisor],
    coroutine: Coroutine[object, Never, T],
    *,
    link: bool = True,
    timeout: Timeout = "default",
) -> TaskHandle[T]:
    """Run `coroutine` as a process under `supervisor`.

    Args:
        supervisor: A TaskSupervisor.
        coroutine: What to run; closed if it can't be started.
        link: Tie the task to the process that asks (default): a crash of one ends the other. Without a
            link the asker only sees `ProcessExited` when it waits for the result.
        timeout: How long the start may take, default `"default"` of the timeout table.

    Returns:
        A handle; `await handle.result(timeout=...)` gives what the coroutine returns.

    Raises:
        BadServer: It is no coroutine.
        TooManyChildren: The supervisor has its `max_children`.
        NoProcess, ProcessExited, CallTimeout: The supervisor did not answer.
    """
    if not inspect.iscoroutine(coroutine):
        raise BadServer(coroutine, "start_task runs a coroutine: call the async def function")
    asker = current_process.get(None)
    future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    body = _Body(coroutine, future)

    async def task() -> None:
        await body.run()

    label = coroutine.__qualname__
    task.__qualname__ = task.__name__ = label
    spec = ChildSpec(id=label, target=task, restart="temporary")
    try:
        linked = asker if link else None
        pid = await supervisor.call(TaskSupervisor.run(spec, linked, body.ended), timeout=timeout)
    except BaseException:
        body.abandon()
        raise
    return TaskHandle(pid, asker, future)


def task_supervisor(
    *,
    id: str | None = None,  # the field's own word
    name: str | None = None,
    max_children: int | None = None,
) -> ChildSpec:
    """Describe a TaskSupervisor as a child.

    Args:
        id: Its id among its siblings; default `name`, or else `"TaskSupervisor"`.
        name: The name to register it under; default none.
        max_children: Most tasks at a time; default no limit.

    Raises:
        BadChildSpec: One subclass for each option that can't be used.
    """
    spec = dynamic_supervisor(id=id or name or "TaskSupervisor", name=name, max_children=max_children)
    return msgspec.structs.replace(spec, target=TaskSupervisor)
