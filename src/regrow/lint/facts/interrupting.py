"""Sleeps that are there to be interrupted."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from regrow.lint.facts.cutting import is_cut_short, must_not_return
from regrow.lint.facts.places import following
from regrow.lint.names import FUNCTIONS, last_name

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

_FOREVER: Final = 30.0
"""Seconds that no test waits for."""
_LONG: Final = 5.0
"""Seconds for which only what is cancelled before sleeps."""
_CANCELLED: Final = ("CancelledError", "Cancelled", "get_cancelled_exc_class", "KeyboardInterrupt")


def is_interrupted(file: SourceFile, call: ast.Call) -> bool:
    """Whether a sleep lasts for ever, stands in a shorter timeout, or before a cancellation or a failure."""
    delay = file.argument(call, "delay", 0)
    if _lasts(file, call, delay) or _fails_after(file, call) or must_not_return(file, call):
        return True
    child: ast.AST = call
    for one in file.ancestors(call):
        if isinstance(one, FUNCTIONS):
            break
        if _interrupts(file, one, child, delay):
            return True
        child = one
    return is_cut_short(file, call, delay)


def expects_interrupt(file: SourceFile, call: ast.Call) -> bool:
    """Whether a sleep is the last thing before a `KeyboardInterrupt` is caught."""
    statement = file.statement_of(call)
    return _is_caught(file.parent(statement), statement, _names_interrupt)


def is_measured(file: SourceFile, call: ast.Call) -> bool:
    """Whether a sleep stands right between two looks at the same clock: the clock is what is tested."""
    statement = file.statement_of(call)
    body: list[ast.stmt] = getattr(file.parent(statement), "body", [])
    if statement not in body[1:-1]:
        return False
    place = body.index(statement)
    before, after = (_clock(file, one) for one in (body[place - 1], body[place + 1]))
    return before is not None and before == after


def _clock(file: SourceFile, statement: ast.stmt) -> str | None:
    """The clock of the standard library that is read into a variable."""
    value = statement.value if isinstance(statement, ast.Assign) else None
    name = file.qualified(value.func) if isinstance(value, ast.Call) and not value.args else None
    return name if name is not None and name.startswith("time.") else None


def _fails_after(file: SourceFile, call: ast.Call) -> bool:
    after = next(following(file, call), None)
    return isinstance(after, ast.Expr) and file.is_called(after.value, ("pytest.fail",))


def _lasts(file: SourceFile, call: ast.Call, delay: ast.expr | None) -> bool:
    if not isinstance(delay, ast.Constant) or not isinstance(delay.value, int | float):
        return False
    return delay.value >= _FOREVER or (delay.value >= _LONG and _is_in_another(file, call))


def _interrupts(file: SourceFile, around: ast.AST, child: ast.AST, delay: ast.expr | None) -> bool:
    """Whether a `with` or a `try` around the sleep, which stands in `child`, cuts it short."""
    if isinstance(around, ast.With | ast.AsyncWith):
        scopes = [item.context_expr for item in around.items]
        return any(_is_shorter(file, one, delay) for one in scopes) or (
            child is around.body[-1] and any(_expects_cancel(one) for one in scopes)
        )
    return _is_caught(around, child, _names_cancel)


def _is_caught(around: ast.AST | None, child: ast.AST, named: Callable[[ast.expr], bool]) -> bool:
    """Whether a `try`, whose last statement is `child`, has a handler for what is `named`."""
    return (
        isinstance(around, ast.Try)
        and child is around.body[-1]
        and any(one.type is not None and named(one.type) for one in around.handlers)
    )


def _is_in_another(file: SourceFile, call: ast.Call) -> bool:
    """Whether it stands in a coroutine that another function defines: a stand-in of one test."""
    function = file.function_of(call)
    return function is not None and file.function_of(function) is not None


def _expects_cancel(scope: ast.expr) -> bool:
    return isinstance(scope, ast.Call) and any(_names_cancel(one) for one in scope.args)


def _names_cancel(node: ast.expr) -> bool:
    return any(last_name(one) in _CANCELLED for one in ast.walk(node))


def _names_interrupt(node: ast.expr) -> bool:
    return any(last_name(one) == "KeyboardInterrupt" for one in ast.walk(node))


def _is_shorter(file: SourceFile, scope: ast.expr, delay: ast.expr | None) -> bool:
    """Whether a timeout's limit is below the delay, or nobody can tell from here."""
    if not file.is_called(scope, file.settings.timeout_scopes):
        return False
    assert isinstance(scope, ast.Call)
    limit = scope.args[0] if scope.args else None
    if not isinstance(limit, ast.Constant) or not isinstance(delay, ast.Constant):
        return limit is not None
    most, lasts = limit.value, delay.value
    return isinstance(most, int | float) and isinstance(lasts, int | float) and most < lasts
