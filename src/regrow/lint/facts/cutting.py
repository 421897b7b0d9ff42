"""Sleeps of a test's own coroutines that the test cancels, or gives less time than they take."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from regrow.lint.facts.places import following
from regrow.lint.names import FUNCTIONS, last_name

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

_LOOPS: Final = (ast.While, ast.For, ast.AsyncFor)
_LIMITED: Final = ("wait_for", "wait", "fail_after", "move_on_after", "timeout", "result", "join")
_EXPIRY: Final = frozenset(
    {"ttl", "px", "ex", "expire", "expires", "expiry", "expires_in", "expire_in", "lease"}
)
_SERVERS: Final = re.compile(r"redis|valkey|memcache|etcd|dynamodb|consul", re.IGNORECASE)


def is_cut_short(file: SourceFile, call: ast.Call, delay: ast.expr | None) -> bool:
    """Whether the coroutine that sleeps is cancelled where it is defined, or waited for briefly."""
    function = file.function_of(call)
    if not isinstance(function, ast.AsyncFunctionDef) or _is_in_loop(file, call):
        return False
    outer = file.function_of(function)
    if outer is None:
        return False
    for made in file.calls_named(function.name):
        if any(_limits(one, delay) for one in _calls_around(file, made)):
            return True
    return any(_is_ended(file, name, outer, delay) for name in set(_holders(file, function.name, outer)))


def must_not_return(file: SourceFile, call: ast.Call) -> bool:
    """Whether what is set to True right behind a sleep is expected to be false."""
    after = next(following(file, call), None)
    if not isinstance(after, ast.Assign) or not isinstance(after.targets[0], ast.Name):
        return False
    value = after.value
    if not isinstance(value, ast.Constant) or value.value is not True:
        return False
    outermost = [one for one in file.ancestors(call) if isinstance(one, FUNCTIONS)][-1:]
    return any(_denies(one, after.targets[0].id) for function in outermost for one in ast.walk(function))


def _denies(node: ast.AST, name: str) -> bool:
    """`assert not name` or `assertFalse(name)`."""
    if isinstance(node, ast.Assert):
        return _is_not(node.test, name)
    return (
        isinstance(node, ast.Call)
        and last_name(node.func) == "assertFalse"
        and bool(node.args)
        and _is_name(node.args[0], name)
    )


def is_servers_expiry(file: SourceFile, call: ast.Call) -> bool:
    """Whether a test of a database's client waits until what it stored there before has expired."""
    function = file.function_of(call)
    if function is None:
        return False
    stored = any(
        one.arg in _EXPIRY and one.value.lineno <= call.lineno and function in file.ancestors(one)
        for one in file.index.of(ast.keyword)
    )
    return stored and _SERVERS.search(file.text.content) is not None


def _is_in_loop(file: SourceFile, call: ast.Call) -> bool:
    for one in file.ancestors(call):
        if isinstance(one, FUNCTIONS):
            return False
        if isinstance(one, _LOOPS):
            return True
    return False


def _calls_around(file: SourceFile, node: ast.AST) -> Iterator[ast.Call]:
    for one in file.ancestors(node):
        if isinstance(one, ast.stmt):
            return
        if isinstance(one, ast.Call):
            yield one


def _holders(file: SourceFile, name: str, outer: ast.AST) -> Iterator[str]:
    """The variables for a task of the coroutine, and for the group that it is begun in."""
    for one in file.index.of(ast.Name):
        if one.id != name or not isinstance(one.ctx, ast.Load) or file.function_of(one) is not outer:
            continue
        statement = file.statement_of(one)
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            yield statement.targets[0].id
        for around in _calls_around(file, one):
            if isinstance(around.func, ast.Attribute) and around.func.attr in {"start_soon", "start"}:
                yield f"{ast.unparse(around.func.value)}.cancel_scope"


def _is_ended(file: SourceFile, holder: str, outer: ast.AST, delay: ast.expr | None) -> bool:
    """Whether the function cancels what a variable holds, or waits for it for less than it takes."""
    for one in file.calls_named("cancel", *_LIMITED):
        if outer not in file.ancestors(one) or not isinstance(one.func, ast.Attribute | ast.Name):
            continue
        owner = ast.unparse(one.func.value) if isinstance(one.func, ast.Attribute) else ""
        if owner == holder and isinstance(one.func, ast.Attribute) and one.func.attr == "cancel":
            return True
        is_about_it = owner == holder or any(_is_name(given, holder) for given in one.args)
        if is_about_it and _limits(one, delay):
            return True
    return False


def _limits(call: ast.Call, delay: ast.expr | None) -> bool:
    """Whether a call waits for less than the delay, by a number that it is given as its timeout."""
    called = last_name(call.func)
    if called not in _LIMITED:
        return False
    given = [one.value for one in call.keywords if one.arg == "timeout"]
    if called == "wait_for" and len(call.args) > 1:
        given.append(call.args[1])
    lasts = delay.value if isinstance(delay, ast.Constant) else None
    return isinstance(lasts, int | float) and any(
        isinstance(one, ast.Constant) and isinstance(one.value, int | float) and one.value < lasts
        for one in given
    )


def _is_not(test: ast.expr, name: str) -> bool:
    return isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) and _is_name(test.operand, name)


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
