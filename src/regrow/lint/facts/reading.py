"""Whether anybody reads what became of a task: its result or its exception."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from regrow.lint.facts.catching import CATCH_ALLS, catches, kinds_of
from regrow.lint.facts.places import Place, outermost, uses
from regrow.lint.names import last_name
from regrow.lint.nodes import DefNode, callee

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

_ASKS: Final = frozenset(
    {
        *("cancel", "done", "cancelled", "cancelling", "get_name", "set_name", "get_coro", "get_loop"),
        *("add", "append", "discard", "remove", "clear"),  # of a collection
    }
)
_PLAIN: Final = frozenset({"builtins.len", "builtins.bool", "builtins.isinstance", "builtins.id"})
_COPIES: Final = frozenset({"builtins.list", "builtins.tuple", "builtins.set", "builtins.frozenset"})
_FORGETS: Final = frozenset({"discard", "remove", "pop"})
_KEEPS: Final = frozenset({"add", "append"})
_WAITS: Final = frozenset({"sleep", "wait", "put"})
_PLAIN_METHODS: Final = frozenset(
    {
        *("debug", "info", "warning", "error", "exception", "log"),
        *("set", "set_result", "set_exception", "put_nowait", "cancel"),
        *("append", "add", "discard", "clear"),
        *_WAITS,
    }
)
_DEPTH: Final = 4


def is_read(file: SourceFile, place: Place, *, depth: int = _DEPTH) -> bool:
    """Whether anything that is done with a variable or attribute may read what became of the task in it.

    To cancel it, to ask whether it is done, and to keep it in a collection that nobody reads are none. What
    isn't known is taken for a reader.
    """
    return depth == 0 or any(_reads(file, use, depth) for use in uses(file, place))


def _reads(file: SourceFile, use: ast.expr, depth: int) -> bool:
    use = outermost(file, use)
    parent = file.parent(use)
    if isinstance(parent, ast.Attribute):
        return _method_reads(file, parent, depth)
    if isinstance(parent, ast.Call):
        return _call_reads(file, parent, depth)
    if isinstance(parent, ast.For | ast.AsyncFor | ast.comprehension):
        return use is parent.iter and _targets_read(file, parent.target, depth)
    if isinstance(parent, ast.Assign | ast.AnnAssign):
        targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
        return any(is_public(file, target) or _is_place_read(file, target, depth) for target in targets)
    if isinstance(parent, ast.Subscript):
        return use is parent.value and isinstance(parent.ctx, ast.Load)
    return not _is_condition(file, use, parent)


def _is_condition(file: SourceFile, use: ast.expr, parent: ast.AST | None) -> bool:
    """Whether it is only asked whether there is one."""
    if isinstance(parent, ast.BoolOp):
        return use is not parent.values[-1] or _is_condition(file, parent, file.parent(parent))
    if isinstance(parent, ast.If | ast.While | ast.IfExp | ast.Assert):
        return use is parent.test
    if isinstance(parent, ast.comprehension):
        return use in parent.ifs
    return isinstance(parent, ast.Compare | ast.Expr) or (
        isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.Not)
    )


def _method_reads(file: SourceFile, method: ast.Attribute, depth: int) -> bool:
    call = file.parent(method)
    if not isinstance(call, ast.Call) or call.func is not method:
        return method.attr not in _FORGETS  # as a callback
    if method.attr == "add_done_callback":
        return not (call.args and only_forgets(call.args[0]))
    if method.attr in {"copy", "values"}:
        return _reads(file, call, depth)
    if method.attr == "pop":
        return not isinstance(file.parent(call), ast.Expr)
    return method.attr not in _ASKS


def _call_reads(file: SourceFile, call: ast.Call, depth: int) -> bool:
    name = file.qualified(call.func)
    if name in _PLAIN:
        return False
    if name in _COPIES:
        return _reads(file, call, depth)
    if isinstance(call.func, ast.Attribute):
        if call.func.attr in _KEEPS:
            return _is_place_read(file, call.func.value, depth)
        return call.func.attr not in _FORGETS
    return True


def _targets_read(file: SourceFile, target: ast.expr, depth: int) -> bool:
    names = [one for one in ast.walk(target) if isinstance(one, ast.Name)]
    return not names or any(is_read(file, one, depth=depth - 1) for one in names)


def _is_place_read(file: SourceFile, target: ast.expr, depth: int) -> bool:
    if isinstance(target, ast.Subscript):  # tasks[key] = task
        target = target.value
    if not isinstance(target, ast.Name | ast.Attribute):
        return True
    return is_read(file, target, depth=depth - 1)


def is_public(file: SourceFile, target: ast.expr) -> bool:
    """Whether other files may read an attribute: by its name, or as it is another object's."""
    if isinstance(target, ast.Subscript):
        target = target.value
    if not isinstance(target, ast.Attribute):
        return False
    owner = target.value
    own = isinstance(owner, ast.Name) and file.types.own_class(owner) is not None
    return not (own and target.attr.startswith("_"))


def only_forgets(callback: ast.expr) -> bool:
    """Whether a callback only takes the task out of a collection: ``self._tasks.discard``."""
    if isinstance(callback, ast.Lambda):
        body = callback.body
        return isinstance(body, ast.Call) and only_forgets(body.func)
    return isinstance(callback, ast.Attribute) and callback.attr in _FORGETS


def handles_all(file: SourceFile, work: ast.expr) -> bool:
    """Whether a coroutine or function stands in this file and lets no exception of its body through."""
    function = callee(work)
    name = last_name(function)
    found = [one for one in file.functions if one.name == name]
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        owner = file.types.own_class(function.value)
        found = [one for one in found if file.parent(one) is owner] or found
    return bool(found) and all(_is_watched(file, one) or _catches(file, one.body) for one in found)


def _is_watched(file: SourceFile, function: DefNode) -> bool:
    """Whether a decorator deals with its exceptions: ``@log_exceptions``."""
    shown = " ".join(file.segment(one) for one in function.decorator_list).lower()
    return any(word in shown for word in ("exception", "error", "catch", "safe"))


def _catches(file: SourceFile, body: list[ast.stmt]) -> bool:
    return all(_is_caught(file, one) for one in body)


def _is_caught(file: SourceFile, statement: ast.stmt) -> bool:
    if isinstance(statement, ast.With | ast.AsyncWith) and any(
        _suppresses(file, one.context_expr) for one in statement.items
    ):
        return True
    if isinstance(statement, ast.While | ast.With | ast.AsyncWith | ast.For | ast.AsyncFor):
        return _catches(file, statement.body)
    if isinstance(statement, ast.If):
        return _catches(file, [*statement.body, *statement.orelse])
    if isinstance(statement, ast.Try):
        return any(catches(file, one, CATCH_ALLS) for one in statement.handlers)
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.Return):
        return not any(isinstance(one, ast.Await) and not _is_plain(one.value) for one in ast.walk(statement))
    return not isinstance(statement, ast.Raise) and (
        not isinstance(statement, ast.Expr) or _is_plain_statement(file, statement)
    )


def _suppresses(file: SourceFile, manager: ast.expr) -> bool:
    return (
        isinstance(manager, ast.Call)
        and file.qualified(manager.func) == "contextlib.suppress"
        and any(file.qualified(kind) in CATCH_ALLS for one in manager.args for kind in kinds_of(one))
    )


def _is_plain_statement(file: SourceFile, statement: ast.Expr) -> bool:
    if isinstance(statement.value, ast.Await):
        return _is_plain(statement.value.value)
    if isinstance(statement.value, ast.Constant):  # a docstring
        return True
    return isinstance(file.function_of(statement), ast.AsyncFunctionDef) or _is_plain(statement.value)


def _is_plain(node: ast.expr) -> bool:
    """Whether it is a call of what hardly ever fails: a wait, a log, a flag."""
    return _has_method(node, _PLAIN_METHODS)


def is_plain_wait(node: ast.expr) -> bool:
    """Whether it is a coroutine that only waits: for time, for an event, for room in a queue."""
    return _has_method(node, _WAITS)


def _has_method(node: ast.expr, names: frozenset[str]) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names
