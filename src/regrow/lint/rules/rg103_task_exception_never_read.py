"""Tasks and futures whose failure nobody will hear of.

## What it does

Finds what runs on its own and whose exception is read by nobody:

- an asyncio task in a variable, or in an attribute `self._name` of its object, that the file never does
  anything with but to cancel it or to ask whether it is done;
- an asyncio task in a collection that it is only taken out of again:
  `task.add_done_callback(tasks.discard)`;
- a future that is dropped on the spot: `executor.submit(...)`, `loop.run_in_executor(...)`,
  `asyncio.run_coroutine_threadsafe(...)`;
- `asyncio.wait(...)` where neither what it gives nor its tasks are looked at.

A coroutine or function of the same file that catches every `Exception` itself is no finding, with an `except`
or with `contextlib.suppress`; nor is a private function all whose calls in the file hand it such a coroutine.
A task that is dropped on the spot is RG101's finding.

## Why is this bad?

An exception that ends a task is kept until somebody reads it. Of an asyncio task it is at best logged when
the task is collected, perhaps much later; of an executor's future it is never told at all. Work has stopped
and everything looks well.

## Example

```python
import asyncio


class Uploads:
    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, name: str) -> None:
        task = asyncio.create_task(self.upload(name))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
```

## Use instead

```python
import asyncio


class Uploads:
    async def run(self, names: list[str]) -> None:
        async with asyncio.TaskGroup() as group:
            for name in names:
                group.create_task(self.upload(name))
```

or a process under a supervisor, or at the least a callback that looks at `task.exception()`.

## Known problems

- Who reads the attribute of a class in another file isn't seen.
- A coroutine that is wrapped by others, and a handler that catches all but re-raises, aren't looked into.
- A `submit` counts where the file says that it is an executor's, or where what it is called ends with
  `executor` or `pool`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.facts.places import Place, local_place, place_of, uses
from regrow.lint.facts.reading import handles_all, is_plain_wait, is_public, is_read, only_forgets
from regrow.lint.facts.spawning import is_loop, made_tasks
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding, Scope
from regrow.lint.names import FUNCTIONS, last_name
from regrow.lint.nodes import DefNode
from regrow.lint.rule import Rule

_THREADSAFE: Final = (
    "asyncio.run_coroutine_threadsafe",
    "asyncio.tasks.run_coroutine_threadsafe",
)
_EXECUTORS: Final = frozenset(
    f"concurrent.futures.{name}" for name in ("Executor", "ThreadPoolExecutor", "ProcessPoolExecutor")
)
_NAMES: Final = ("executor", "pool")


class TaskExceptionNeverRead(Rule):
    """See the module's docstring."""

    code = "RG103"
    name = "task-exception-never-read"
    scope = Scope.CODE
    triggers: ClassVar[tuple[str, ...]] = (
        *("create_task", "ensure_future", "run_coroutine_threadsafe", "run_in_executor"),
        *(".submit(", "asyncio.wait", "Task("),
    )

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at what is kept, what is dropped, and what is waited for."""
        if file.module.partition(".")[0] in {"asyncio", "concurrent"}:
            return
        for call in _tasks(file):
            if _is_forgotten(file, call) and not _is_safe(file, call, 0):
                message = "nobody reads this task's exception: await the task, or use a task group"
                yield file.finding(self, call, message)
        for call, work in _futures(file):
            if isinstance(file.parent(call), ast.Expr) and not _is_safe(file, call, work):
                message = "the future is dropped, and with it the exception: wait for its result"
                yield file.finding(self, call, message)
        for call, _ in file.calls_to("asyncio.wait"):
            if _is_wait_ignored(file, call):
                message = "asyncio.wait raises nothing: read the results of the tasks that are done"
                yield file.finding(self, call, message)


def _tasks(file: SourceFile) -> Iterator[ast.Call]:
    return (call for call, name in made_tasks(file) if name != "run_coroutine_threadsafe")


def _futures(file: SourceFile) -> Iterator[tuple[ast.Call, int]]:
    """The calls that make futures, and which of their arguments is the work."""
    for call, _ in file.calls_to(*_THREADSAFE):
        yield call, 0
    for call in file.calls_named("run_in_executor"):
        if is_loop(file, call):
            yield call, 1
    for call in file.calls_named("submit"):
        if isinstance(call.func, ast.Attribute) and _is_executor(file, call.func.value):
            yield call, 0


def _is_executor(file: SourceFile, owner: ast.expr) -> bool:
    kind = file.type_of(owner)
    if kind is not None:
        return kind in _EXECUTORS
    return last_name(owner).lower().endswith(_NAMES)


def _is_safe(file: SourceFile, call: ast.Call, position: int) -> bool:
    work = file.argument(call, "coro", position)
    if isinstance(work, ast.Name):
        made = [file.parent(one) for one in file.types.sources(work)]
        if len(made) == 1 and isinstance(made[0], ast.Assign):
            work = made[0].value
    if work is None:
        return False
    handed = _handed_in(file, call, work)
    if handed:
        return all(is_plain_wait(one) or handles_all(file, one) for one in handed)
    return is_plain_wait(work) or handles_all(file, work)


def _handed_in(file: SourceFile, call: ast.Call, work: ast.expr) -> list[ast.expr]:
    """What the calls of a private function give it as the coroutine; empty where it isn't an argument."""
    function = file.function_of(call)
    if (
        not isinstance(work, ast.Name)
        or not isinstance(function, DefNode)
        or not function.name.startswith("_")
    ):
        return []
    names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    if work.id not in names:
        return []
    position = names.index(work.id) - (1 if names[0] in {"self", "cls"} else 0)
    given = [file.argument(one, work.id, position) for one in file.calls_named(function.name)]
    return [one if one is not None else work for one in given]


def _is_forgotten(file: SourceFile, call: ast.Call) -> bool:
    place = place_of(file, call)
    if place is None or not _is_private(file, place):
        return False
    return not is_read(file, place)


def _is_private(file: SourceFile, place: Place) -> bool:
    """Whether no other file reads it: a local variable, or by its name; or it is seen to be forgotten."""
    if isinstance(place, ast.Name):
        found = file.binding_of(place)
        if found is not None and isinstance(found[0], FUNCTIONS):
            return True
        return place.id.startswith("_")
    return not is_public(file, place) or any(_is_discarded(file, use) for use in uses(file, place))


def _is_discarded(file: SourceFile, use: ast.expr) -> bool:
    method = file.parent(use)
    call = file.parent(method) if isinstance(method, ast.Attribute) else None
    return (
        isinstance(method, ast.Attribute)
        and method.attr == "add_done_callback"
        and isinstance(call, ast.Call)
        and bool(call.args)
        and only_forgets(call.args[0])
    )


def _is_wait_ignored(file: SourceFile, call: ast.Call) -> bool:
    """Whether the function that waits has made the tasks, and looks at none of them."""
    function = file.function_of(call)
    waiting = file.parent(call)
    if function is None or not isinstance(waiting, ast.Await) or not call.args:
        return False
    for one in ast.walk(function):
        if isinstance(one, ast.Attribute) and one.attr in {"result", "exception"}:
            return False
        if isinstance(one, ast.Return | ast.Yield) and one.value is not None:
            return False
        if isinstance(one, ast.Await) and not _is_wait(file, one.value) and _awaits_task(one.value):
            return False
    names = [one for one in ast.walk(call.args[0]) if isinstance(one, ast.Name)]
    return any(_is_made_here(file, one) for one in names)


def _is_wait(file: SourceFile, node: ast.expr) -> bool:
    return file.is_called(node, ("asyncio.wait", "asyncio.sleep"))


def _awaits_task(node: ast.expr) -> bool:
    """Whether it may be a task that is awaited: a variable, or what a function is given one of."""
    if isinstance(node, ast.Call):
        parts = (*node.args, *(one.value for one in node.keywords))
        return any(isinstance(one, ast.Name | ast.Starred) for one in parts)
    return isinstance(node, ast.Name | ast.Attribute | ast.Subscript)


def _is_made_here(file: SourceFile, name: ast.Name) -> bool:
    """Whether the function that a variable belongs to has put a task into it that may fail."""
    home = file.binding_of(name)
    for task in _tasks(file):
        place = local_place(file, task)
        if place is not None and place.id == name.id and not _is_safe(file, task, 0):
            made = file.binding_of(place)
            if (
                made is not None
                and home is not None
                and made[0] is home[0]
                and made[0] is file.function_of(name)
            ):
                return True
    return False


RULE: Final = TaskExceptionNeverRead()
