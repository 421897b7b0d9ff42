"""Asyncio tasks that nobody owns.

## What it does

Finds asyncio tasks that nobody owns: `asyncio.create_task`, `asyncio.ensure_future`, `asyncio.Task`,
`loop.create_task` and `asyncio.run_coroutine_threadsafe`, whether the task is dropped, stored or returned;
and functions that arm themselves again and again with `loop.call_later` or `loop.call_at`. These have an
owner:

- the tasks of a task group;
- what is awaited on the spot, also within `await asyncio.gather(...)`, `asyncio.wait_for(...)` or
  `asyncio.shield(...)`, or as an argument of a call that is awaited;
- what the function that makes it awaits later, by a variable, an attribute, a collection or a `gather` of it,
  before it waits for anything else or returns (in a `try`, a `with`, an `if tasks:` or a
  `while not task.done():`, too);
- what a `finally` around all that follows deals with, also as part of a list or a dictionary, or by calling a
  function that is defined within this one; for an attribute, also the `finally` of a function around;
- what a handler of every error or cancellation deals with that belongs to the `try` around, or to the one
  that comes before anything is waited for;
- what `__aenter__` puts into an attribute that `__aexit__` deals with;
- what `run_coroutine_threadsafe(...).result(...)` or `loop.run_until_complete(...)` waits for.

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

The fix is unsafe. Where a task group is in scope (a `with` around it, a parameter, an attribute of `self`)
the task is made in it: its errors now end the group, and the group waits for it. Where the address of a
`rg.TaskSupervisor` is in scope, as `Ref[TaskSupervisor]`, a task that nobody keeps becomes
`await rg.start_task(...)`; and an object whose class has one of `supervised-spawners`, `self` among them,
spawns it itself. Else there is none: who should own it is a decision.

## Options

- `supervised-spawners`: functions whose tasks have an owner, as `app.jobs.Manager.spawn`. What they make
  themselves is theirs.
- `task-group-types`: classes whose objects own the tasks that they make.

## Known problems

- `asyncio.wait` is no owner: it raises nothing, and leaves its tasks behind when it is cancelled.
- A task that is stored, and awaited only after something else was, is reported: a cancel or an error in
  between leaves it behind.
- An error of a statement that waits for nothing isn't seen: it may leave a task behind, too.
- An awaited call of another file is trusted to wait for the tasks it gets; a task that comes from another
  function isn't followed.
- A `finally` or a handler that names the task is taken at its word: whether it cancels and awaits it isn't
  looked at.
- What is called `loop` (`_loop`, `event_loop`) and nothing says otherwise is taken for an event loop.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.facts.awaiting import is_awaited, is_awaited_next
from regrow.lint.facts.places import ends_in_finally, is_entered, local_place, outer_place, outermost
from regrow.lint.facts.spawning import is_loop, made_tasks
from regrow.lint.file import SourceFile
from regrow.lint.fixes.spawns import owned
from regrow.lint.model import Finding, Safety, Scope, no_fix
from regrow.lint.rule import Rule


class UnsupervisedSpawn(Rule):
    """See the module's docstring."""

    code = "RG101"
    name = "unsupervised-spawn"
    fix: ClassVar[Safety | None] = Safety.UNSAFE
    scope = Scope.CODE
    options: ClassVar[tuple[str, ...]] = ("supervised-spawners", "task-group-types")
    triggers: ClassVar[tuple[str, ...]] = (
        *("create_task", "ensure_future", "run_coroutine_threadsafe"),
        *("Task(", "call_later", "call_at"),
    )

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at all that makes tasks."""
        if file.module.partition(".")[0] == "asyncio":  # it is what groups are made of
            return
        for call, name in made_tasks(file):
            if not _is_owned(file, call):
                message = (
                    f"{name} makes a task that nobody owns: use a task group, or a process under a supervisor"
                )
                yield file.finding(self, call, message, fix=owned(file, call, name))
        for call in file.calls_named("call_later", "call_at"):
            if _arms_itself(file, call) and is_loop(file, call):
                message = (
                    "a function that arms itself again is a task that nobody owns:"
                    " use a process with rg.send_interval, or a loop in a task group"
                )
                fix = no_fix("the function has to become a loop")
                yield file.finding(self, call, message, fix=fix)


def _is_owned(file: SourceFile, call: ast.Call) -> bool:
    return (
        _is_in_spawner(file, call) or is_awaited(file, call) or _is_kept(file, call) or is_entered(file, call)
    )


def _is_kept(file: SourceFile, call: ast.Call) -> bool:
    """Whether the function around awaits the task before all else, or a `finally` ends it."""
    if is_awaited_next(file, call):
        return True
    name = local_place(file, call)
    if name is None:
        outer = outer_place(file, call)
        return outer is not None and ends_in_finally(file, call, outer)
    return ends_in_finally(file, call, name)


def _is_in_spawner(file: SourceFile, call: ast.Call) -> bool:
    """Whether it is handed to a function that the settings name as an owner, or stands in one."""
    owners = file.settings.supervised_spawners
    if not owners:
        return False
    function = file.function_of(call)
    if function is not None and file.defined_name(function) in owners:
        return True
    return any(file.is_called(one, owners) for one in (call, file.parent(outermost(file, call))))


def _arms_itself(file: SourceFile, call: ast.Call) -> bool:
    callback = file.argument(call, "callback", 1)
    around = file.function_of(call)
    if not isinstance(around, ast.FunctionDef):
        return False
    if _is_put_off(file, call):
        return False
    if isinstance(callback, ast.Attribute) and isinstance(callback.value, ast.Name):
        owner = file.types.own_class(callback.value)
        return owner is not None and callback.attr == around.name and file.parent(around) is owner
    if not isinstance(callback, ast.Name):
        return False
    found = file.binding_of(callback)
    return found is not None and around in found[1].sources


def _is_put_off(file: SourceFile, call: ast.Call) -> bool:
    """Whether a timer that comes too early waits on: ``if now < self.end: loop.call_at(self.end, ...)``."""
    at_time = isinstance(call.func, ast.Attribute) and call.func.attr == "call_at" and bool(call.args)
    if not at_time or not isinstance(call.args[0], ast.Name | ast.Attribute):
        return False
    for one in file.ancestors(call):
        if isinstance(one, ast.FunctionDef):
            break
        if isinstance(one, ast.If):
            return True
    return False


RULE: Final = UnsupervisedSpawn()
