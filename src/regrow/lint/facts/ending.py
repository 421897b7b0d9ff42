"""Coroutines that are over with a handler, and who notices."""

from __future__ import annotations

import ast
from typing import Final

from regrow.lint.facts.catching import inside
from regrow.lint.file import SourceFile
from regrow.lint.names import last_name
from regrow.lint.nodes import DefNode, callee

_WAITING: Final = (ast.Await, ast.AsyncFor, ast.AsyncWith)
_LOOPS: Final = (ast.While, ast.For, ast.AsyncFor)
_LOGS: Final = frozenset({"debug", "info", "warning", "error", "critical"})
_BEGINNING: Final = (
    *("create_task", "ensure_future", "Task", "start_soon", "spawn", "gather", "run", "run_until_complete"),
    *("start", "child", "create_background_task", "run_coroutine_threadsafe"),
)


def is_over_after(file: SourceFile, node: ast.ExceptHandler | ast.With) -> bool:
    """Whether nothing more of the coroutine runs after a handler, `finally` left out."""
    body = node.body if isinstance(node, ast.ExceptHandler) else []
    if any(isinstance(one, (*_WAITING, ast.Continue)) for one in inside(body)) or _tells_finally(file, node):
        return False
    last = body[-1] if body else None
    if isinstance(last, ast.Return):
        return True
    left = isinstance(last, ast.Break)
    child: ast.AST = node
    for parent in file.ancestors(node):
        if isinstance(parent, DefNode):
            return not _follows(parent, child)
        if isinstance(parent, _LOOPS):
            if not left:
                return False
            left = False
        elif not left and _follows(parent, child):
            return False
        child = parent
    return False


def _tells_finally(file: SourceFile, node: ast.AST) -> bool:
    """Whether a handler sets a variable that the `finally` behind it asks for."""
    told = {
        one.id
        for statement in getattr(node, "body", [])
        for one in ast.walk(statement)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
    }
    return any(
        isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load) and one.id in told
        for statement in getattr(file.parent(node), "finalbody", [])
        for one in ast.walk(statement)
    )


def _follows(parent: ast.AST, child: ast.AST) -> bool:
    """Whether more than a log and a plain `return` stands behind a statement, or in its `else`."""
    body: list[ast.AST] = getattr(parent, "body", [])
    orelse: list[ast.AST] = getattr(parent, "orelse", [])
    for part in (body, orelse):
        if child in part:
            behind = [one for one in part[part.index(child) + 1 :] if not _is_log(one)]
            if behind and not _is_plain_return(behind[0]):
                return True
    return isinstance(parent, ast.Try | ast.TryStar) and child in body and bool(orelse)


def _is_log(node: ast.AST) -> bool:
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and last_name(call.func) in _LOGS


def _is_plain_return(node: ast.AST) -> bool:
    return isinstance(node, ast.Return) and not any(isinstance(one, ast.Await) for one in ast.walk(node))


def runs_for_itself(file: SourceFile, function: ast.AsyncFunctionDef, body: list[ast.stmt]) -> bool:
    """Whether nobody who awaits the coroutine goes on when it ends: it is a task's, or loops until then."""
    return (
        any(_is_endless_loop(one) for one in inside(body))
        or _is_begun(file, function.name)
        or not _is_awaited(file, function.name)
    )


def _is_endless_loop(node: ast.AST) -> bool:
    return isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and bool(node.test.value)


def _is_begun(file: SourceFile, name: str) -> bool:
    """Whether the file gives the coroutine, or its function, to what makes a task or a process of it."""
    for call in file.calls_named(*_BEGINNING):
        for given in (*call.args, *(keyword.value for keyword in call.keywords)):
            made = callee(given)
            if last_name(made) == name:
                return True
    return False


def _is_awaited(file: SourceFile, name: str) -> bool:
    """Whether a coroutine of the file awaits it itself, on the same object if it is a method."""
    for call in file.calls_named(name):
        parent = file.parent(call)
        waits = isinstance(parent, ast.Await) or (isinstance(parent, ast.AsyncFor) and parent.iter is call)
        own = isinstance(call.func, ast.Name) or last_name(getattr(call.func, "value", call)) in {
            "self",
            "cls",
        }
        if waits and own:
            return True
    return False
