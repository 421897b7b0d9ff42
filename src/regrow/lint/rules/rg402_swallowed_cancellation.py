"""Coroutines that catch their own cancellation and go on.

## What it does

Finds handlers in coroutines that catch `asyncio.CancelledError` or `trio.Cancelled` around an `await` and
don't raise: by name, as a bare `except:` or as `except BaseException`. It finds `suppress(CancelledError)`
too.

It is about coroutines that go on: there is a loop around the handler, code behind it, an `await` in it, or
another coroutine of the file that awaits this one and goes on as if nothing had happened. A coroutine that is
over with the handler is left alone where it is a task's own (`create_task`, `start_soon`, `gather`, `child`
and their like), loops until it is stopped (`while True`), hands the error to a future by `set_exception`, or
is awaited nowhere in its file.

Awaiting a task that the same function has cancelled before is left alone, and so are functions that ask
`cancelling()` or call `uncancel()`: they tell their own cancellation from others'.

## Why is this bad?

A cancelled task that goes on can't be stopped. Its task group waits for it without end, a timeout around it
never fires, a supervisor has to kill it, and its result says that all went well.

## Example

```python
import asyncio


async def poll(queue):
    while True:
        try:
            print(await queue.get())
        except asyncio.CancelledError:
            print("stopped")
```

## Use instead

```python
import asyncio


async def poll(queue):
    while True:
        try:
            print(await queue.get())
        except asyncio.CancelledError:
            print("stopped")
            raise
```

Where it is only about cleaning up, `finally` does it without the question.

## Fix safety

The fix is unsafe: it puts `except asyncio.CancelledError: raise` before a handler that catches more, and
`raise` at the end of one that catches nothing else. What followed the handler isn't run any more after a
cancellation; if it has to be, it belongs into a `finally`. There is no fix where a task or future is awaited
that others have: it may be that one which was cancelled.

## Options

- `broad-except-boundaries`: functions and modules where catching everything is the job.

## Known problems

- A coroutine that is over with its handler, and that only other files await, isn't reported: its callers go
  on as if it had not been cancelled.
- Which task a `.cancel()` of the same function, or another function with `cancel` in its name, was for isn't
  looked at.
- A raise under a condition is believed. So is a handler that keeps the error in a variable, returns it or
  hands it to another function than a log's or `set_exception`, and one that sets a variable to `True` that an
  `if` with a `raise` asks for in the same function: it may be raised later.
- A `try` around nothing but a sleep without end is left alone: it waits for its cancellation.
- A loop that waits through all cancellations until a task is `done()`, or until what it shields is, is left
  alone, whatever comes after it.
- What stands in another handler that raises, or keeps its error, isn't reported.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.facts.catching import CANCELLED, catches, inside, is_boundary, kinds_of, raises
from regrow.lint.facts.ending import is_over_after, runs_for_itself
from regrow.lint.file import SourceFile
from regrow.lint.fixes.rg402 import raise_again, stop_suppressing
from regrow.lint.model import Finding, Safety, Scope
from regrow.lint.names import FunctionNode, last_name
from regrow.lint.nodes import statements_of
from regrow.lint.rule import Rule

_AWAITING: Final = (ast.Await, ast.AsyncFor, ast.AsyncWith)
_NAMES: Final = ("CancelledError", "Cancelled", "BaseException")
_NO_RAISERS: Final = frozenset(
    {
        *("debug", "info", "warning", "error", "critical", "exception", "log", "print", "set_exception"),
        *("str", "repr", "type", "isinstance", "format_exception", "print_exception"),
    }
)
_TELLS_APART: Final = frozenset({"cancelling", "uncancel"})


class SwallowedCancellation(Rule):
    """See the module's docstring."""

    code = "RG402"
    name = "swallowed-cancellation"
    scope = Scope.CODE
    fix: ClassVar[Safety | None] = Safety.UNSAFE
    options: ClassVar[tuple[str, ...]] = ("broad-except-boundaries",)
    triggers: ClassVar[tuple[str, ...]] = ("async def",)

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at handlers in coroutines, and at what they suppress."""
        names = file.spellings(*_NAMES)
        for handler in file.index.of(ast.ExceptHandler):
            tried = file.parent(handler)
            if (
                isinstance(tried, ast.Try | ast.TryStar)
                and _may_catch(handler, names)
                and not raises(handler)
                and _awaits(tried.body)
                and catches(file, handler, CANCELLED)
                and not _is_caught_before(file, tried, handler)
                and not _is_allowed(file, handler)
            ):
                caught = "except" if handler.type is None else f"except {ast.unparse(handler.type)}"
                text = f"{caught} swallows a cancellation: raise it again"
                yield file.finding(self, handler, text, fix=raise_again(file, handler))
        for call, _ in file.calls_to("contextlib.suppress"):
            around = file.statement_of(call)
            if (
                isinstance(around, ast.With)
                and _awaits(around.body)
                and any(file.qualified(one) in CANCELLED for one in call.args)
                and not _is_allowed(file, call)
            ):
                text = "suppress swallows a cancellation of this coroutine: let it be raised"
                yield file.finding(self, call, text, fix=stop_suppressing(file, call))


def _may_catch(handler: ast.ExceptHandler, names: frozenset[str]) -> bool:
    """The cheap test before names are looked up."""
    return handler.type is None or any(last_name(one) in names for one in kinds_of(handler.type))


def _awaits(body: list[ast.stmt]) -> bool:
    return any(isinstance(one, _AWAITING) for one in inside(body))


def _is_caught_before(file: SourceFile, tried: ast.Try | ast.TryStar, handler: ast.ExceptHandler) -> bool:
    earlier = tried.handlers[: tried.handlers.index(handler)]
    return any(catches(file, one, CANCELLED) for one in earlier)


def _is_allowed(file: SourceFile, node: ast.ExceptHandler | ast.Call) -> bool:
    function = file.function_of(node)
    if not isinstance(function, ast.AsyncFunctionDef):
        return True
    if _drains(file, node):
        return True
    if isinstance(node, ast.ExceptHandler) and (_keeps(node, function) or _waits_for_it(file, node)):
        return True
    for one in file.ancestors(node):
        if one is function:
            break
        if isinstance(one, ast.ExceptHandler) and (raises(one) or _keeps(one, function)):
            return True
    return _cancels_itself(file, function, node) or is_boundary(file, node) or _ends(file, function, node)


def _ends(file: SourceFile, function: ast.AsyncFunctionDef, node: ast.ExceptHandler | ast.Call) -> bool:
    """Whether the coroutine is over after what is caught, and nobody goes on in its place."""
    around = node if isinstance(node, ast.ExceptHandler) else file.statement_of(node)
    if not isinstance(around, ast.ExceptHandler | ast.With) or not is_over_after(file, around):
        return False
    tried = file.parent(around) if isinstance(around, ast.ExceptHandler) else around
    body: list[ast.stmt] = getattr(tried, "body", [])
    return _tells_a_future(around) or runs_for_itself(file, function, body)


def _tells_a_future(node: ast.ExceptHandler | ast.With) -> bool:
    """Whether a handler gives its error to those who wait for a future."""
    return isinstance(node, ast.ExceptHandler) and any(
        isinstance(one, ast.Call)
        and getattr(one.func, "attr", "") == "set_exception"
        and any(_is_name(value, node.name) for value in one.args)
        for one in inside(node.body)
    )


def _keeps(handler: ast.ExceptHandler, function: ast.AsyncFunctionDef) -> bool:
    """Whether the error, or that there was one, is kept in a variable or given to somebody."""
    for one in inside(handler.body):
        if isinstance(one, ast.Return) and one.value is not None and _is_name(one.value, handler.name):
            return True
        if isinstance(one, ast.Assign) and (
            any(_is_name(value, handler.name) for value in _values(one.value))
            or (_is_true(one.value) and _is_raised_for(one.targets[0], function))
        ):
            return True
        if isinstance(one, ast.Call):
            called = last_name(one.func)
            if called == "exc_info":
                return True
            given = [*one.args, *(keyword.value for keyword in one.keywords)]
            if called not in _NO_RAISERS and any(_is_name(value, handler.name) for value in given):
                return True
    return False


def _values(node: ast.expr) -> list[ast.expr]:
    """What an assignment keeps: several values of a tuple or list."""
    return node.elts if isinstance(node, ast.Tuple | ast.List) else [node]


def _drains(file: SourceFile, node: ast.ExceptHandler | ast.Call) -> bool:
    """Whether it waits for a task's end through all cancellations.

    Its loop or itself asks `task.done()`, or all that the loop tries is to await what is shielded.
    """
    around = file.parent(node) if isinstance(node, ast.ExceptHandler) else file.statement_of(node)
    loop = file.parent(around) if around is not None else None
    if around is None or not isinstance(loop, ast.While):
        return False
    asked = [loop.test]
    if isinstance(node, ast.ExceptHandler):
        asked += [one.test for one in inside(node.body) if isinstance(one, ast.If)]
    tried: list[ast.stmt] = getattr(around, "body", [])
    return any(_calls(test, "done") for test in asked) or (len(tried) == 1 and _calls(tried[0], "shield"))


def _calls(node: ast.AST, name: str) -> bool:
    return any(isinstance(one, ast.Call) and last_name(one.func) == name for one in ast.walk(node))


def _waits_for_it(file: SourceFile, handler: ast.ExceptHandler) -> bool:
    """Whether all that is tried is to sleep until the cancellation comes."""
    tried = file.parent(handler)
    body = tried.body if isinstance(tried, ast.Try | ast.TryStar) else []
    value = body[0].value if len(body) == 1 and isinstance(body[0], ast.Expr) else None
    call = value.value if isinstance(value, ast.Await) else None
    if not isinstance(call, ast.Call):
        return False
    name = (file.qualified(call.func) or "").rpartition(".")[2]
    return name == "sleep_forever" or (name == "sleep" and bool(call.args) and file.is_endless(call.args[0]))


def _is_raised_for(flag: ast.expr, function: ast.AsyncFunctionDef) -> bool:
    """Whether an ``if`` of the function asks for a variable and raises."""
    wanted = ast.unparse(flag)
    return any(
        isinstance(one, ast.If)
        and any(isinstance(raised, ast.Raise) for raised in inside(one.body))
        and any(isinstance(part, ast.expr) and ast.unparse(part) == wanted for part in ast.walk(one.test))
        for one in inside(function.body)
    )


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _is_name(node: ast.expr, name: str | None) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _cancels_itself(file: SourceFile, function: FunctionNode, node: ast.ExceptHandler | ast.Call) -> bool:
    """Whether the function awaits what it cancelled, or knows whose cancellation it has caught."""
    end = node.end_lineno if isinstance(node, ast.Call) else node.lineno
    for call in inside(statements_of(function)):
        if isinstance(call, ast.Call):
            name = last_name(call.func)
            if name in _TELLS_APART or ("cancel" in name and call.lineno <= (end or 0)):
                return True
    # `with suppress(CancelledError): task.cancel(); await task`
    around = file.statement_of(node) if isinstance(node, ast.Call) else None
    return isinstance(around, ast.With) and any(
        isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr == "cancel"
        for one in inside(around.body)
    )


RULE: Final = SwallowedCancellation()
