"""Tasks and threads that a test begins and forgets.

## What it does

Finds `asyncio.create_task`, `ensure_future`, `loop.create_task` and `run_coroutine_threadsafe` in tests, and
in what supports them, whose task is dropped or goes to a variable that is never read. It finds
`threading.Thread(...).start()` on the spot as well, unless the thread's function sets an event that the test
waits for.

## Why is this bad?

It outlives the test. Its error shows up in another test or nowhere, it holds ports and files that the next
test needs, and which test it came from nobody can say.

## Example

```python
import asyncio


async def test_serves(server):
    asyncio.create_task(server.run())
    assert await server.answer() == 1
```

## Use instead

```python
import asyncio


async def test_serves(server):
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(server.run())
        assert await server.answer() == 1
        running.cancel()
```

A process is begun under a supervisor of the test's own system.

## Fix safety

The fix is unsafe. Where the test has a kit (`regrow_kit`, or one of `rt.kit(...)`) a task that nobody keeps
becomes `await kit.spawn_supervised(...)`: if it crashes, the test fails. Where a task group is in scope it is
made in that. Else a test that pytest gives fixtures to asks for `regrow_kit`, which Regrow's plugin has.

## Known problems

- Whether a task that is kept is awaited or cancelled isn't looked at.
- That a fixture ends all tasks of the loop isn't seen.
- What is called `loop` (`_loop`, `event_loop`) and nothing says otherwise is taken for an event loop.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.facts.expecting import is_expected_to_fail
from regrow.lint.facts.places import following, local_place, uses
from regrow.lint.facts.spawning import made_tasks
from regrow.lint.file import SourceFile
from regrow.lint.fixes.spawns import in_kit
from regrow.lint.model import Finding, Safety, Scope, no_fix
from regrow.lint.rule import Rule


class UnsupervisedTestProcess(Rule):
    """See the module's docstring."""

    code = "RG604"
    name = "unsupervised-test-process"
    fix: ClassVar[Safety | None] = Safety.UNSAFE
    scope = Scope.TESTS
    triggers: ClassVar[tuple[str, ...]] = (
        *("create_task", "ensure_future", "run_coroutine_threadsafe", "Task(", "Thread"),
    )

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at what becomes of tasks and threads."""
        for call, name in made_tasks(file):
            if _is_forgotten(file, call) and not is_expected_to_fail(file, call):
                message = f"{name} in a test that forgets its task: use a task group"
                yield file.finding(self, call, message, fix=in_kit(file, call, name))
        for call, _ in file.calls_to("threading.Thread"):
            method = file.parent(call)
            if (
                isinstance(method, ast.Attribute)
                and method.attr == "start"
                and not _is_awaited(file, call)
                and not _tells_its_end(file, call)
            ):
                message = "a thread that the test forgets: keep it, and join it at the end"
                yield file.finding(self, call, message, fix=no_fix("where the test is done with it you know"))


def _is_forgotten(file: SourceFile, call: ast.Call) -> bool:
    """Whether the task is dropped, or goes to a variable that is neither read nor deleted."""
    parent = file.parent(call)
    place = local_place(file, call)
    if place is None or not isinstance(parent, ast.Assign):
        return isinstance(parent, ast.Expr)
    function = file.function_of(call)
    is_deleted = any(
        isinstance(one.ctx, ast.Del) and one.id == place.id and file.function_of(one) is function
        for one in file.names.targets
    )
    return not is_deleted and next(uses(file, place), None) is None


def _is_awaited(file: SourceFile, call: ast.Call) -> bool:
    """Whether a `with` around it waits for threads, as `wait_threads_exit()` of Python's own tests does."""
    return any(
        isinstance(one, ast.With)
        and any("thread" in ast.unparse(item.context_expr).lower() for item in one.items)
        for one in file.ancestors(call)
    )


def _tells_its_end(file: SourceFile, call: ast.Call) -> bool:
    """Whether the thread's function sets an event in the end, and who begins the thread waits for that."""
    target = file.argument(call, "target", 1)
    function = file.function_of(call)
    if not isinstance(target, ast.Name) or function is None:
        return False
    waited = {
        ast.unparse(one.func.value)
        for one in file.calls_named("wait")
        if isinstance(one.func, ast.Attribute) and file.function_of(one) is function
    }
    return any(
        isinstance(one.func, ast.Attribute)
        and ast.unparse(one.func.value) in waited
        and getattr(file.function_of(one), "name", None) == target.id
        and _is_last(file, one)
        for one in file.calls_named("set")
    )


def _is_last(file: SourceFile, call: ast.Call) -> bool:
    """Whether nothing comes after it: its function ends with it, or has it in a `finally`."""
    return next(following(file, call), None) is None


RULE: Final = UnsupervisedTestProcess()
