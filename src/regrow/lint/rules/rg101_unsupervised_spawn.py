"""Asyncio tasks that nobody owns.

## What it does

Finds asyncio tasks that nobody owns: `asyncio.create_task`, `asyncio.ensure_future`, `loop.create_task` and
`asyncio.run_coroutine_threadsafe`, whether the task is dropped, stored or returned. Tasks of a task group
have an owner, and so have those that are made in an argument of `await asyncio.gather(...)`,
`asyncio.wait_for(...)` or awaited on the spot.

## Why is this bad?

A task that fails without an owner fails unseen: its exception waits until somebody reads it, and at best is
logged when the task is collected. Nobody starts it again, nobody stops it in order, and one that is only
dropped may be collected while it runs. Storing the task doesn't help: it is a supervisor written by hand,
without restarts, without limits and without a shutdown.

## Example

```python
import asyncio


class Poller:
    async def start(self) -> None:
        self.task = asyncio.create_task(self.poll())
```

## Use instead

```python
import asyncio


class Poller:
    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.poll())
```

or, for what is to be started again when it fails, a process under a supervisor:

```python
import regrow as rg

system = rg.System([rg.ChildSpec(Poller)])
```

## Fix safety

There is no fix here; the migration `M001` does what can be done by a program.

## Options

- `supervised-spawners`: functions whose tasks have an owner.
- `task-group-types`: classes whose objects own the tasks that they make.

## Known problems

A task that is stored and awaited in the same function is reported as well: a cancel or an error in between
leaves it behind.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from regrow.errors.base import override
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding, Scope
from regrow.lint.rule import Rule

_SPAWNERS: Final = (
    "asyncio.create_task",
    "asyncio.ensure_future",
    "asyncio.run_coroutine_threadsafe",
    "asyncio.tasks.create_task",
    "asyncio.tasks.ensure_future",
    "asyncio.tasks.run_coroutine_threadsafe",
)
_LOOPS: Final = frozenset({"asyncio.AbstractEventLoop", "asyncio.BaseEventLoop", "asyncio.EventLoop"})
_LOOP_MAKERS: Final = frozenset(
    {"asyncio.get_running_loop", "asyncio.get_event_loop", "asyncio.new_event_loop"}
)
_LOOP_NAMES: Final = frozenset({"loop", "_loop", "event_loop", "_event_loop"})
_OWNING_CALLS: Final = frozenset({"asyncio.gather", "asyncio.wait_for", "asyncio.shield"})


class UnsupervisedSpawn(Rule):
    """See the module's docstring."""

    code = "RG101"
    name = "unsupervised-spawn"
    scope = Scope.CODE
    options = ("supervised-spawners", "task-group-types")
    triggers = ("create_task", "ensure_future", "run_coroutine_threadsafe")

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at all that makes tasks."""
        for call, name in file.calls_to(*_SPAWNERS):
            if not _is_owned(file, call):
                yield file.finding(self, call, _message(name.rpartition(".")[2]))
        for call in file.calls_named("create_task"):
            if _is_loop(file, call) and not _is_owned(file, call):
                yield file.finding(self, call, _message("loop.create_task"))


def _message(spawner: str) -> str:
    return f"{spawner} makes a task that nobody owns: use a task group, or a process under a supervisor"


def _is_loop(file: SourceFile, call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute):
        return False
    owner = call.func.value
    kind = file.type_of(owner)
    if kind is not None:
        return kind in _LOOPS or kind in _LOOP_MAKERS
    last = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
    return last in _LOOP_NAMES and file.qualified(owner) is None


def _is_owned(file: SourceFile, call: ast.Call) -> bool:
    """Whether it is awaited on the spot, alone or in a call that awaits it."""
    parent = file.parent(call)
    while isinstance(parent, ast.Starred | ast.List | ast.Tuple | ast.ListComp | ast.GeneratorExp):
        parent = file.parent(parent)
    if isinstance(parent, ast.Call) and file.qualified(parent.func) in _OWNING_CALLS:
        parent = file.parent(parent)
    return isinstance(parent, ast.Await)


RULE: Final = UnsupervisedSpawn()
