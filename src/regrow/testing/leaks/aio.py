"""What is left on event loops: tasks, timers, async generators."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Container, Iterator
from typing import TYPE_CHECKING, Final

from regrow.runtime.engine import ENGINES
from regrow.runtime.stacks import module_of
from regrow.testing.leaks.kinds import Leak
from regrow.testing.leaks.places import Place, of_runtime, written
from regrow.testing.leaks.recorder import AnyTask, Loop, Recorder, running_loop

if TYPE_CHECKING:
    from types import FrameType


ANYIO_RUNNER: Final = "TestRunner._run_tests_and_fixtures"

__all__ = ("asyncgens", "tasks", "timers")


def asking() -> AnyTask | None:
    """The task that asks, None outside a running loop."""
    return None if running_loop() is None else asyncio.current_task()


def tasks(recorder: Recorder, before: set[AnyTask], loop: Loop | None) -> Iterator[tuple[Leak, AnyTask]]:
    """Tasks of the test that have not ended.

    Not: who asks; what belongs to a process that lives; what was cancelled on a loop that stands still, as it
    ends with the loop's next turn.

    Args:
        recorder: Who looked on.
        before: Tasks that were there before.
        loop: Where to look; None for all loops that the test used.
    """
    places = dict(recorder.tasks.living())
    loops = set(recorder.loops) if loop is None else {loop}
    suspects = dict.fromkeys(task for task in places if task.get_loop() in loops)
    for one in loops:
        direct = asyncio.all_tasks(one) - before - set(recorder.foreign)
        suspects.update(dict.fromkeys(sorted(direct, key=lambda task: task.get_name())))
    owned = _owned()
    asker = asking()
    for task in suspects:
        place = places.get(task, ())
        if task.done() or task is asker or task in owned or _is_runtimes(task, place) or _is_runners(task):
            continue
        if task.cancelling() and not task.get_loop().is_running():
            continue
        name = f"{task.get_name()} ({getattr(task.get_coro(), '__qualname__', task.get_coro())})"
        yield Leak("task", name, written(place)), task


def _owned() -> set[object]:
    """The tasks of all processes that live, whose ends they will not outlive."""
    found: set[object] = set()
    for engine in list(ENGINES):
        for process in engine.processes() if engine.running else ():
            found.add(process.task)
            if process.extras is not None and process.extras.tasks:
                found.update(process.extras.tasks)
    return found


def _is_runtimes(task: AnyTask, place: Place) -> bool:
    """Whether it is a task of a System that runs: that System is what is left, if anything."""
    coroutine = task.get_coro()
    frame: FrameType | None = getattr(coroutine, "cr_frame", None)
    module = type(coroutine).__module__ if frame is None else module_of(frame)
    return (module.startswith(("regrow.runtime.", "regrow.delivery.")) or of_runtime(place)) and any(
        engine.running and engine.loop is task.get_loop() for engine in ENGINES
    )


def _is_runners(task: AnyTask) -> bool:
    """Whether it is the task in which anyio runs tests and their fixtures: it ends with its loop."""
    return getattr(task.get_coro(), "__qualname__", "") == ANYIO_RUNNER


def timers(recorder: Recorder, loop: Loop | None) -> Iterator[tuple[Leak, asyncio.TimerHandle]]:
    """Calls that the test has scheduled and that are still to come, on one loop or all.

    Not: those of asyncio itself, for a task that sleeps or waits: that task is what is left, if it is.
    """
    for handle, place in recorder.timers.living():
        home: Loop = handle._loop  # type: ignore[attr-defined]  # noqa: SLF001  # it has no public name
        if (loop is not None and home is not loop) or home.is_closed():
            continue
        if handle.cancelled() or handle.when() <= home.time() or _is_anothers(home, place, handle):
            continue
        callback = getattr(handle, "_callback", None)
        name = f"{getattr(callback, '__qualname__', callback)}, due in {handle.when() - home.time():.3g} s"
        yield Leak("timer", name, written(place)), handle


def _is_anothers(loop: Loop, place: Place, handle: asyncio.TimerHandle) -> bool:
    """Whether it goes with something else: with a task that sleeps or waits, or with a System that runs."""
    module = str(getattr(getattr(handle, "_callback", None), "__module__", None))
    if module.startswith("asyncio."):
        return True
    runtimes = module.startswith(("regrow.runtime.", "regrow.delivery.")) or of_runtime(place)
    return runtimes and any(engine.running and engine.loop is loop for engine in ENGINES)


def asyncgens(recorder: Recorder, loop: Loop | None) -> Iterator[tuple[Leak, AsyncGenerator[object, object]]]:
    """Async generators that were begun and neither used up nor closed, on one loop or all.

    Not: one that a task has begun which still runs: if that is left, it is told of.
    """
    on_loop: Container[object] | None = getattr(loop, "_asyncgens", None)
    for asyncgen, place in recorder.asyncgens.living():
        frame: FrameType | None = getattr(asyncgen, "ag_frame", None)
        if frame is None or getattr(asyncgen, "ag_running", False) or _is_in_use(recorder, asyncgen):
            continue
        if on_loop is None or asyncgen in on_loop:
            name = str(getattr(asyncgen, "__qualname__", asyncgen))
            yield Leak("asyncgen", name, written(place)), asyncgen


def _is_in_use(recorder: Recorder, asyncgen: object) -> bool:
    user = recorder.users.get(asyncgen)
    task = None if user is None else user()
    return task is not None and not task.done() and task is not asking()
