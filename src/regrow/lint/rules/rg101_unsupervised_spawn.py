"""Asyncio tasks that nobody owns.

## What it does

Finds asyncio tasks that nobody owns: `asyncio.create_task`, `asyncio.ensure_future`, `asyncio.Task`,
`loop.create_task` and `asyncio.run_coroutine_threadsafe`, whether the task is dropped, stored or returned;
and functions that arm themselves again and again with `loop.call_later` or `loop.call_at`. These have an
owner:

- the tasks of a task group;
- what is awaited on the spot, also within `await asyncio.gather(...)`, `asyncio.wait_for(...)` or
  `asyncio.shield(...)`;
- what a variable holds that the next statement awaits (the first one of a `try` or of `if tasks:`, too), but
  for logs, statements that store it and variables that are set; or hands to a function of the file that does;
- what a `finally` around all that follows deals with, also as part of a list or a dictionary, or by calling a
  function that is defined within this one;
- what a handler of every error or cancellation deals with that belongs to the `try` that comes next, or to
  one that this `try` starts with; assignments that wait for nothing may stand before it;
- what `__aenter__` puts into an attribute that `__aexit__` deals with;
- what `run_coroutine_threadsafe(...).result(...)` waits for on the spot.

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
`await rg.start_task(...)`; and an object whose class has one of `supervised-spawners` spawns it itself. Else
there is none: who should own it is a decision.

## Options

- `supervised-spawners`: functions whose tasks have an owner.
- `task-group-types`: classes whose objects own the tasks that they make.

## Known problems

- `asyncio.wait` is no owner: it raises nothing, and leaves its tasks behind when it is cancelled.
- A task that is stored and awaited some statements later is reported: a cancel or an error in between
  leaves it behind.
- A task that is handed to a function of another file, or comes from another function, isn't followed.
- A `finally` is taken at its word: whether it cancels and awaits the task isn't looked at.
- What is called `loop` (`_loop`, `event_loop`) and nothing says otherwise is taken for an event loop.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.facts.catching import kinds_of
from regrow.lint.facts.places import (
    Place,
    ends_in_finally,
    following,
    is_entered,
    local_place,
    outer_place,
    outermost,
    uses,
)
from regrow.lint.facts.spawning import TASKS, is_loop
from regrow.lint.file import SourceFile
from regrow.lint.fixes.spawns import owned
from regrow.lint.model import Finding, Safety, Scope, no_fix
from regrow.lint.names import last_name
from regrow.lint.rule import Rule

_OWNING_CALLS: Final = frozenset({"asyncio.gather", "asyncio.wait_for", "asyncio.shield"})
_LOGS: Final = frozenset({"debug", "info", "warning", "error", "exception", "log"})
_EVERYTHING: Final = frozenset({"builtins.BaseException", "asyncio.CancelledError"})
_WRAPPERS: Final = frozenset({"asyncio.wrap_future"})


class UnsupervisedSpawn(Rule):
    """See the module's docstring."""

    code = "RG101"
    name = "unsupervised-spawn"
    fix: ClassVar[Safety | None] = Safety.UNSAFE
    scope = Scope.CODE
    options: ClassVar[tuple[str, ...]] = ("supervised-spawners", "task-group-types")
    triggers: ClassVar[tuple[str, ...]] = (
        *("create_task", "ensure_future", "run_coroutine_threadsafe"),
        *("asyncio.Task(", "call_later", "call_at"),
    )

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at all that makes tasks."""
        if file.module.partition(".")[0] == "asyncio":  # it is what groups are made of
            return
        for call, name in file.calls_to(*TASKS):
            if not _is_owned(file, call):
                spawner = name.rpartition(".")[2]
                yield file.finding(self, call, _message(spawner), fix=owned(file, call, spawner))
        for call in file.calls_named("create_task"):
            if is_loop(file, call) and not _is_owned(file, call):
                fix = owned(file, call, "create_task")
                yield file.finding(self, call, _message("loop.create_task"), fix=fix)
        for call in file.calls_named("call_later", "call_at"):
            if _arms_itself(file, call) and is_loop(file, call):
                message = (
                    "a function that arms itself again is a task that nobody owns:"
                    " use a process with rg.send_interval, or a loop in a task group"
                )
                fix = no_fix("the function has to become a loop")
                yield file.finding(self, call, message, fix=fix)


def _message(spawner: str) -> str:
    return f"{spawner} makes a task that nobody owns: use a task group, or a process under a supervisor"


def _is_owned(file: SourceFile, call: ast.Call) -> bool:
    return (
        _is_in_spawner(file, call)
        or _is_awaited(file, call)
        or _is_kept(file, call)
        or is_entered(file, call)
    )


def _is_awaited(file: SourceFile, node: ast.expr) -> bool:
    """Whether it is awaited on the spot, alone or in a call that awaits it."""
    node = outermost(file, node)
    parent = file.parent(node)
    if isinstance(parent, ast.Attribute) and parent.attr == "result":  # blocks until it has ended
        return isinstance(file.parent(parent), ast.Call)
    if isinstance(parent, ast.Call) and node is not parent.func:
        name = file.qualified(parent.func)
        if name in _WRAPPERS:
            return _is_awaited(file, parent)
        if name in _OWNING_CALLS:
            return _is_awaited(file, parent)
    return isinstance(parent, ast.Await)


def _is_kept(file: SourceFile, call: ast.Call) -> bool:
    """Whether a variable holds it whose task the next statement awaits, or a `finally` ends."""
    name = local_place(file, call)
    if name is None:
        outer = outer_place(file, call)
        return outer is not None and ends_in_finally(file, call, outer)
    reads = set(uses(file, name))
    if _cancels(file, _next(file, call, reads, lenient=True), reads):
        return True
    after = _next(file, call, reads)
    if isinstance(after, ast.If) and any(one in reads for one in ast.walk(after.test)):  # `if tasks:`
        after = after.body[0]
    if isinstance(after, ast.Try):  # `try: await shield(task)`, with the drain in its handlers
        after = next((one for one in after.body if not _is_log(one)), None)
    if after is not None and not isinstance(after, ast.Try | ast.If | ast.For | ast.While):
        inside = set(ast.walk(after))
        if any(one in inside and (_is_awaited(file, one) or _is_handed(file, one)) for one in reads):
            return True
    return ends_in_finally(file, call, name)


def _next(file: SourceFile, node: ast.AST, reads: set[Place], *, lenient: bool = False) -> ast.stmt | None:
    """The statement after one, but for those that make other tasks, store this one, log, or set variables.

    `lenient` leaves out assignments that call something, too, and functions that are defined.
    """
    for after in following(file, node):
        passed = (
            _is_plain_spawn(file, after)
            or _is_log(after)
            or _is_stored(after, reads)
            or _is_plain(after, lenient=lenient)
        )
        if not passed:
            return after
    return None


def _is_plain(statement: ast.stmt, *, lenient: bool) -> bool:
    """Whether it only sets a variable, and waits for nothing."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return lenient
    if not isinstance(statement, ast.Assign | ast.AnnAssign):
        return False
    if statement.value is None or isinstance(statement.value, ast.Constant | ast.Name):
        return True
    waits = (ast.Await, ast.Yield, ast.YieldFrom)
    return lenient and not any(isinstance(one, waits) for one in ast.walk(statement.value))


def _is_stored(statement: ast.stmt, reads: set[Place]) -> bool:
    """Whether it keeps the task: `self.task = task`, `tasks.add(task)`, `task.add_done_callback(...)`."""
    if isinstance(statement, ast.Assign):
        return statement.value in reads
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return False
    if call.func.attr == "add_done_callback":
        return call.func.value in reads
    return call.func.attr in {"add", "append"} and len(call.args) == 1 and call.args[0] in reads


def _is_handed(file: SourceFile, read: ast.expr) -> bool:
    """Whether a function of this file that is awaited gets it, and awaits it."""
    call = file.parent(read)
    if (
        not isinstance(call, ast.Call)
        or read not in call.args
        or not isinstance(file.parent(call), ast.Await)
    ):
        return False
    method = isinstance(call.func, ast.Attribute)
    name = last_name(call.func)
    position = call.args.index(read)
    for function in file.index.of(ast.AsyncFunctionDef):
        if function.name == name:
            names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
            if method and names[:1] in (["self"], ["cls"]):
                names = names[1:]
            return position < len(names) and _awaits(file, function, names[position])
    return False


def _awaits(file: SourceFile, function: ast.AsyncFunctionDef, name: str) -> bool:
    """Whether a function awaits what a variable of it holds, or looks at what became of it."""
    for one in ast.walk(function):
        if isinstance(one, ast.Name) and one.id == name and isinstance(one.ctx, ast.Load):
            parent = file.parent(one)
            if _is_awaited(file, one) or (isinstance(parent, ast.Attribute) and parent.attr == "exception"):
                return True
            if isinstance(parent, ast.Call) and file.qualified(parent.func) in _WRAPPERS:
                alias = local_place(file, parent)
                if alias is not None and alias.id != name and _awaits(file, function, alias.id):
                    return True
    return False


def _cancels(file: SourceFile, statement: ast.stmt | None, reads: set[Place]) -> bool:
    """Whether the task is dealt with however the `try` that waits for it is left."""
    if not isinstance(statement, ast.Try):
        return False
    dealt = any(
        (one.type is None or any(file.qualified(kind) in _EVERYTHING for kind in kinds_of(one.type)))
        and any(part in reads and not _is_watched(file, part) for part in ast.walk(one))
        for one in statement.handlers
    )
    return dealt or _cancels(file, statement.body[0], reads)


def _is_watched(file: SourceFile, read: ast.AST) -> bool:
    """Whether the task only gets a callback, which ends nothing."""
    parent = file.parent(read)
    return isinstance(parent, ast.Attribute) and parent.attr == "add_done_callback"


def _is_plain_spawn(file: SourceFile, statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Assign) else None
    if not isinstance(value, ast.Call):
        return False
    on_loop = isinstance(value.func, ast.Attribute) and value.func.attr == "create_task"
    return file.is_called(value, TASKS) or (on_loop and is_loop(file, value))


def _is_log(statement: ast.stmt) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in _LOGS


def _is_in_spawner(file: SourceFile, call: ast.Call) -> bool:
    """Whether it is handed to a function that the settings name as an owner."""
    owners = file.settings.supervised_spawners
    if not owners:
        return False
    if file.qualified(call.func) in owners:
        return True
    parent = file.parent(outermost(file, call))
    return isinstance(parent, ast.Call) and file.qualified(parent.func) in owners


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
    found = file.names.binding(callback.id, file.names.scope_of(callback))
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
