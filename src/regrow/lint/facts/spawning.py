"""What makes asyncio tasks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from regrow.lint.names import last_name

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

TASKS: Final = (
    "asyncio.create_task",
    "asyncio.ensure_future",
    "asyncio.run_coroutine_threadsafe",
    "asyncio.Task",
    "asyncio.tasks.create_task",
    "asyncio.tasks.ensure_future",
    "asyncio.tasks.run_coroutine_threadsafe",
    "asyncio.tasks.Task",
)
_LOOPS: Final = frozenset(
    {
        *("asyncio.AbstractEventLoop", "asyncio.BaseEventLoop", "asyncio.EventLoop", "uvloop.Loop"),
        *("asyncio.get_running_loop", "asyncio.get_event_loop", "asyncio.new_event_loop"),
        *("asyncio.events.AbstractEventLoop", "asyncio.events.get_event_loop", "uvloop.new_event_loop"),
        *("asyncio.events.get_running_loop", "asyncio.events.new_event_loop"),
    }
)
_LOOP_NAMES: Final = frozenset({"loop", "_loop", "event_loop", "_event_loop"})


def made_tasks(file: SourceFile) -> Iterator[tuple[ast.Call, str]]:
    """The calls that make a task beside all groups, and what each is called: ``loop.create_task``."""
    for call, name in file.calls_to(*TASKS):
        yield call, name.rpartition(".")[2]
    for call in file.calls_named("create_task"):
        if is_loop(file, call):
            yield call, "loop.create_task"


def is_loop(file: SourceFile, call: ast.Call) -> bool:
    """Whether the method that is called is an event loop's."""
    if not isinstance(call.func, ast.Attribute):
        return False
    owner = call.func.value
    kind = file.type_of(owner)
    if kind is not None:
        return kind in _LOOPS
    return last_name(owner) in _LOOP_NAMES and file.qualified(owner) is None
