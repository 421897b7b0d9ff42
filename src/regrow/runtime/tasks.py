"""TaskSupervisor: one-off coroutines as supervised processes, awaited by who asked for them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Generic, TypeVar, cast, final

import msgspec

from regrow.core.handlers import call
from regrow.core.reasons import ExitReason
from regrow.core.specs import ChildSpec
from regrow.errors import NotMine, ProcessExited
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
        pid: its process.
        owner: the process that asked for it, None outside processes.
    """

    __slots__ = ("_future", "owner", "pid")

    def __init__(self, owner: Pid[object] | None, future: asyncio.Future[T]) -> None:
        self.owner = owner
        self.pid: Pid[object]
        self._future = future

    async def result(self, *, timeout: Timeout) -> T:
        """Wait for what the coroutine returns. The task goes on if the wait times out.

        Raises:
            ProcessExited: it crashed or was stopped; the reason says how.
            TimeoutError: it was not done after `timeout` seconds.
            NotMine: another process asked for it.
        """
        process = cast("Process", self.pid)
        caller = current_process.get(None)
        if caller is not None and self.owner is not None and caller is not self.owner:
            raise NotMine(self, self.owner, caller)
        seconds = process.engine.timeouts.resolve(timeout)
        done, _ = await asyncio.wait([self._future], timeout=seconds)
        if not done:
            raise TimeoutError(f"{self.pid} was not done after {seconds:g} s")
        return self._future.result()

    @property
    def done(self) -> bool:
        """Whether it has a result or has ended without."""
        return self._future.done()

    def cancel(self) -> None:
        """Kill the task."""
        self.pid.kill()

    def __repr__(self) -> str:
        return f"<TaskHandle of {self.pid}>"


class TaskSupervisor(DynamicSupervisor):
    """Runs coroutines as temporary children: see `rg.start_task`."""

    __slots__ = ()
    __regrow_eager__ = True

    @call
    async def run(self, spec: ChildSpec) -> Pid[object]:
        """Start the process of a task. For `start_task`."""
        process = await start_child(self._engine, spec, self._process)
        return cast("Pid[object]", process)


async def start_task(
    supervisor: Address[TaskSupervisor],
    coroutine: Coroutine[object, Never, T],
    *,
    link: bool = True,
    timeout: Timeout = "default",
) -> TaskHandle[T]:
    """Run `coroutine` as a process under `supervisor`.

    Args:
        supervisor: a TaskSupervisor.
        coroutine: what to run; closed if it can't be started.
        link: tie the task to the process that asks (default): a crash of one ends the other. Without a
            link the asker only sees `ProcessExited` when it waits for the result.
        timeout: how long the start may take, default `"default"` of the timeout table.

    Returns:
        A handle; `await handle.result(timeout=...)` gives what the coroutine returns.
    """
    asker = current_process.get(None)
    future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    handle = TaskHandle(asker, future)

    async def body() -> None:
        result = await coroutine
        if not future.done():
            future.set_result(result)

    label = getattr(coroutine, "__qualname__", "task")
    body.__qualname__ = body.__name__ = label
    spec = ChildSpec(id=label, target=body, restart="temporary")
    try:
        pid = await supervisor.call(TaskSupervisor.run(spec), timeout=timeout)
    except BaseException:
        coroutine.close()
        raise
    process = cast("Process", pid)
    handle.pid = process
    process.engine.exits.when_down(process).add_done_callback(lambda down: _ended(process, future, down))
    if link and asker is not None:
        link_processes(process.engine, asker, process)
    return handle


def _ended(process: Process, future: asyncio.Future[T], down: asyncio.Future[ExitReason]) -> None:
    if not future.done():
        future.set_exception(ProcessExited(down.result(), process))
        future.exception()  # whoever waits is told; nobody has to


def task_supervisor(*, id: str | None = None, name: str | None = None, max_children: int | None = None) -> ChildSpec:  # noqa: A002
    """Describe a TaskSupervisor as a child.

    Args:
        id: its id among its siblings; default `name`, or else `"TaskSupervisor"`.
        name: the name to register it under; default none.
        max_children: most tasks at a time; default no limit.

    Raises:
        BadChildSpec: one subclass for each option that can't be used.
    """
    spec = dynamic_supervisor(id=id or name or "TaskSupervisor", name=name, max_children=max_children)
    return msgspec.structs.replace(spec, target=TaskSupervisor)
