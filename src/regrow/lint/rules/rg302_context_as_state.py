"""State that is carried by context variables and thread locals.

## What it does

Finds context variables (`contextvars.ContextVar`) that are set without anybody keeping the token, so that
nobody can put the old value back. There is one finding for each variable, at its first `set`. Variables that
the file resets by a token somewhere are left alone, and so are those that the same function sets back in a
`finally`; setting one to `None`, or to another empty constant, counts as clearing it.

It also finds a `threading.local()` that coroutines of the same file use.

It is off by default: whether what is set ends with its task is often seen only where the task begins.

## Why is this bad?

What is set in a context stays there for everything that this task does afterwards, and every task that it
begins gets a copy: a request's user shows up in the next request of the same connection. Where it is lost
depends on who began which task. A thread local is worse in asyncio: all tasks of a loop are one thread, so
they overwrite each other's values at every `await`.

## Example

```python
from contextvars import ContextVar

user = ContextVar("user")


async def handle(request, respond):
    user.set(request.user)
    await respond(request)
```

## Use instead

```python
async def handle(request, respond):
    await respond(request, user=request.user)
```

or, where no argument gets through, for the time of one call only:

```python
from contextvars import ContextVar

user = ContextVar("user")


async def handle(request, respond):
    token = user.set(request.user)
    try:
        await respond(request)
    finally:
        user.reset(token)
```

## Known problems

- A variable that another module defines isn't seen.
- What a task sets for itself alone ends with the task. That is seen only where the same file begins the task,
  or runs the function by `context.run`. In other people's code, that was 5 of 15 findings: that is why the
  rule is off by default.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.facts.places import in_finally, local_place, place_of, uses
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding, Scope
from regrow.lint.names import last_name
from regrow.lint.nodes import DefNode
from regrow.lint.rule import Rule

_LOCALS: Final = ("threading.local", "_threading_local.local")
_BEGINNING: Final = ("create_task", "ensure_future", "start_soon", "Task")


class ContextAsState(Rule):
    """See the module's docstring."""

    code = "RG302"
    name = "context-as-state"
    scope = Scope.CODE
    default: ClassVar[bool] = False
    triggers: ClassVar[tuple[str, ...]] = ("ContextVar", "threading")

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at what is set in context variables, and at thread locals."""
        if file.mentions("ContextVar"):
            yield from self._context_variables(file)
        if file.index.of(ast.AsyncFunctionDef):
            for call, _ in file.calls_to(*_LOCALS):
                if _is_used_by_tasks(file, call):
                    text = "a thread local is one for all tasks of a loop: pass the value on"
                    yield file.finding(self, call, text)

    def _context_variables(self, file: SourceFile) -> Iterator[Finding]:
        """One finding for each variable, at its first set."""
        seen: set[str] = set()
        for call in sorted(file.calls_named("set"), key=lambda one: one.lineno):
            variable = _variable(file, call)
            if variable is None or _is_cleared(call) or not _drops_token(file, call):
                continue
            name = ast.unparse(variable)
            if name not in seen and not _is_reset(file, call, name) and not _ends_with_task(file, call):
                seen.add(name)
                text = f"{name} carries state: reset what is set here by its token, or pass the value on"
                yield file.finding(self, call, text)


def _is_used_by_tasks(file: SourceFile, call: ast.Call) -> bool:
    place = place_of(file, call)
    return place is not None and any(
        isinstance(file.parent(one), ast.Attribute)
        and isinstance(file.function_of(one), ast.AsyncFunctionDef)
        for one in uses(file, place)
    )


def _is_cleared(call: ast.Call) -> bool:
    """Whether the variable is set to nothing: the end of what another set began."""
    value = call.args[0]
    return isinstance(value, ast.Constant) and not value.value


def _ends_with_task(file: SourceFile, call: ast.Call) -> bool:
    """Whether the function is run in a context of its own: as a task, or by `context.run`."""
    function = file.function_of(call)
    if not isinstance(function, DefNode):
        return False
    for one in file.calls_named(function.name):
        begun = file.parent(one)
        if isinstance(begun, ast.Call) and last_name(begun.func) in _BEGINNING:
            return True
    return any(
        last_name(one) == function.name
        for begun in file.calls_named(*_BEGINNING, "run")
        for one in begun.args[:1]
    )


def _is_reset(file: SourceFile, call: ast.Call, name: str) -> bool:
    """Whether the variable is reset somewhere, or set back in a `finally` of this function."""
    function = file.function_of(call)
    for other in file.calls_named("reset", "set"):
        if isinstance(other.func, ast.Attribute) and ast.unparse(other.func.value) == name:
            if other.func.attr == "reset":
                return True
            if file.function_of(other) is function and in_finally(file, other):
                return True
    return False


def _variable(file: SourceFile, call: ast.Call) -> ast.expr | None:
    """The context variable that is set."""
    if not isinstance(call.func, ast.Attribute) or len(call.args) != 1:
        return None
    owner = call.func.value
    return owner if file.type_of(owner) == "contextvars.ContextVar" else None


def _drops_token(file: SourceFile, call: ast.Call) -> bool:
    if isinstance(file.parent(call), ast.Expr):
        return True
    place = local_place(file, call) if isinstance(file.parent(call), ast.Assign) else None
    return place is not None and next(uses(file, place), None) is None


RULE: Final = ContextAsState()
