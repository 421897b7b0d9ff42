"""Errors that `gather` returns and nobody looks at.

## What it does

Finds `asyncio.gather(..., return_exceptions=True)` whose results are dropped, or go to a variable that is
never read. Gathering what the same function has cancelled before is left alone, and so are `close`, `stop`
and their like, after which nothing can be done, and waiting for tasks that were begun elsewhere: their errors
may be read there.

## Why is this bad?

`return_exceptions=True` turns every error into a value. Whoever drops the values drops the errors: half of
the work may have failed, and the program goes on as if all of it were done.

## Example

```python
import asyncio


async def store_all(store, rows):
    await asyncio.gather(*(store.put(row) for row in rows), return_exceptions=True)
```

## Use instead

```python
import asyncio


async def store_all(store, rows):
    async with asyncio.TaskGroup() as tasks:
        for row in rows:
            tasks.create_task(store.put(row))
```

Or look at every result.

## Known problems

- That a variable with the results is read doesn't mean that errors in it are looked for.
- A function with a decorator is left alone: that may deal with what it raises.
- A list that is filled by `append` isn't followed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.facts.places import uses
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding, Scope
from regrow.lint.rule import Rule

_TASKS: Final = ("asyncio.create_task", "asyncio.ensure_future")
_CLOSING: Final = frozenset(
    {"close", "aclose", "wait_closed", "disconnect", "stop", "astop", "shutdown", "terminate", "cleanup"}
)


class IgnoredGatherErrors(Rule):
    """See the module's docstring."""

    code = "RG403"
    name = "ignored-gather-errors"
    scope = Scope.CODE
    triggers: ClassVar[tuple[str, ...]] = ("return_exceptions",)

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at what becomes of gathered errors."""
        for call, _ in file.calls_to("asyncio.gather", "asyncio.tasks.gather"):
            returned = file.argument(call, "return_exceptions")
            if not isinstance(returned, ast.Constant) or returned.value is not True:
                continue
            made_here = any(_is_made_here(file, one) for one in call.args)
            if made_here and _is_ignored(file, call) and not _is_cancelled_before(file, call):
                text = "errors that gather returns are ignored: look at them, or use a task group"
                yield file.finding(self, call, text)


def _is_made_here(file: SourceFile, given: ast.expr) -> bool:
    """Whether what is gathered is begun here; tasks that others began may have their errors read there."""
    if isinstance(given, ast.Starred):
        given = given.value
        if isinstance(given, ast.Name):
            found = file.binding_of(given)
            source = file.parent(found[1].sources[0]) if found is not None else None
            if not isinstance(source, ast.Assign):
                return False
            given = source.value
        if not isinstance(given, ast.ListComp | ast.GeneratorExp | ast.SetComp):
            return False
        given = given.elt
    if isinstance(given, ast.Call) and given.args and file.is_called(given, _TASKS):
        given = given.args[0]
    return (
        isinstance(given, ast.Call)
        and file.qualified(given.func) != "asyncio.wrap_future"
        and not _is_decorated(file, given.func)
        and getattr(given.func, "attr", "") not in _CLOSING
    )


def _is_decorated(file: SourceFile, function: ast.expr) -> bool:
    """Whether a decorator may deal with what the function raises."""
    found = file.binding_of(function) if isinstance(function, ast.Name) else None
    return found is not None and any(getattr(one, "decorator_list", ()) for one in found[1].sources)


def _is_ignored(file: SourceFile, call: ast.Call) -> bool:
    node: ast.AST = call
    parent = file.parent(node)
    while isinstance(parent, ast.Await) or (
        isinstance(parent, ast.Call) and file.qualified(parent.func) in {"asyncio.wait_for", "asyncio.shield"}
    ):
        node, parent = parent, file.parent(parent)
    if isinstance(parent, ast.Expr):
        return True
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1 and isinstance(node, ast.Await):
        target = parent.targets[0]
        return (
            isinstance(target, ast.Name)
            and file.function_of(call) is not None
            and next(uses(file, target), None) is None
        )
    return False


def _is_cancelled_before(file: SourceFile, call: ast.Call) -> bool:
    function = file.function_of(call)
    return any(
        isinstance(one.func, ast.Attribute)
        and one.lineno <= call.lineno
        and file.function_of(one) is function
        for one in file.calls_named("cancel")
    )


RULE: Final = IgnoredGatherErrors()
