"""Whether the function that makes a task waits for it, before it waits for anything else."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, TypeGuard

from regrow.lint.facts.catching import catches, inside
from regrow.lint.facts.places import Place, following, local_place, outermost, place_of, uses
from regrow.lint.names import FUNCTIONS, last_name

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

_OWNING_CALLS: Final = frozenset({"asyncio.gather", "asyncio.wait_for", "asyncio.shield"})
_EVERYTHING: Final = frozenset({"builtins.BaseException", "asyncio.CancelledError"})
_WRAPPERS: Final = frozenset({"asyncio.wrap_future"})
_KEEPING: Final = frozenset({"put", "send", "wait", "append", "add"})
"""Awaited calls that don't wait for a task that they get, or leave it behind when they are cancelled."""
_VIEWS: Final = frozenset({"values", "keys", "copy"})
_COPIES: Final = frozenset({"builtins.list", "builtins.tuple", "builtins.set"})
_WAITS: Final = (ast.Await, ast.Yield, ast.YieldFrom)
_LEAVES: Final = (ast.Return, ast.Raise, ast.Break, ast.Continue, ast.AsyncFor, ast.AsyncWith, *_WAITS)


class _Way(Enum):
    """What becomes of a task in some statements."""

    OWNED = auto()
    LEFT = auto()
    PASSED = auto()


def is_awaited(file: SourceFile, node: ast.expr) -> bool:
    """Whether it is awaited on the spot, alone or in a call that awaits it."""
    node = _whole(file, node)
    parent = file.parent(node)
    if isinstance(parent, ast.Attribute) and parent.attr == "result":  # blocks until it has ended
        return isinstance(file.parent(parent), ast.Call)
    if isinstance(parent, ast.Call) and node is not parent.func:
        name = file.qualified(parent.func)
        if name in _WRAPPERS or name in _OWNING_CALLS:
            return is_awaited(file, parent)
        return last_name(parent.func) == "run_until_complete" or _is_handed(file, node, parent)
    return isinstance(parent, ast.Await)


def _whole(file: SourceFile, node: ast.expr) -> ast.expr:
    """The display, view or copy of a collection that passes it on: `*tasks.values()`, `list(tasks)`."""
    while True:
        node = outermost(file, node)
        parent = file.parent(node)
        call: ast.AST | None = parent
        if isinstance(parent, ast.Attribute) and parent.attr in _VIEWS:
            call = file.parent(parent)
        elif not isinstance(parent, ast.Call) or file.qualified(parent.func) not in _COPIES:
            return node
        if not isinstance(call, ast.Call):
            return node
        node = call


def is_awaited_next(file: SourceFile, node: ast.expr) -> bool:
    """Whether the function that makes a task awaits it before anything else, however it is left then."""
    if _ends_further_out(file, node):
        return True
    reads = reads_of(file, node)
    if not reads:
        return False
    child: ast.AST = node
    for one in file.ancestors(node):
        if isinstance(one, FUNCTIONS):
            break
        if isinstance(one, ast.Try) and child in one.body and _cancels(file, one, reads):
            return True
        if isinstance(one, ast.Try) and child in one.handlers and _mentioned(one.finalbody, reads):
            return True
        child = one
    return _way(file, following(file, node), reads) is _Way.OWNED


def _ends_further_out(file: SourceFile, node: ast.expr) -> bool:
    """Whether the `finally` of a function around this one deals with the attribute: `one.task.cancel()`."""
    place, function = place_of(file, node), file.function_of(node)
    around = file.function_of(function) if function is not None else None
    if not isinstance(place, ast.Attribute) or around is None:
        return False
    return any(
        isinstance(part, ast.Attribute) and part.attr == place.attr
        for one in ast.walk(around)
        if isinstance(one, ast.Try)
        for final in one.finalbody
        for part in ast.walk(final)
    )


def reads_of(file: SourceFile, node: ast.expr) -> set[Place]:
    """Where the function around reads the task: by its variable, its collection, or a `gather` of it."""
    function = file.function_of(node)
    reads: set[Place] = set()
    todo = [node]
    while todo:
        place = _kept_in(file, todo.pop())
        if place is not None:
            found = {one for one in uses(file, place) if _is_same(place, one)}
            found = {one for one in found if file.function_of(one) is function} - reads
            reads |= found
            todo.extend(found)
    return reads


def _is_same(place: Place, read: Place) -> bool:
    return isinstance(place, ast.Name) or ast.unparse(place) == ast.unparse(read)


def _kept_in(file: SourceFile, node: ast.expr) -> Place | None:
    """The variable or attribute that gets it, also within calls of asyncio: `done = gather(task, other)`."""
    node = _whole(file, node)
    parent = file.parent(node)
    while isinstance(parent, ast.Call) and (file.qualified(parent.func) or "").startswith("asyncio."):
        node = _whole(file, parent)
        parent = file.parent(node)
    if (local := local_place(file, node)) is not None:
        return local
    place = place_of(file, node)
    if isinstance(place, ast.Attribute):
        return place
    target = parent.targets[0] if isinstance(parent, ast.Assign) else None
    held = target.value if isinstance(target, ast.Subscript) else None  # self.tasks[key] = ...
    return held if isinstance(held, ast.Attribute) else None


def _way(file: SourceFile, statements: Iterable[ast.stmt], reads: set[Place]) -> _Way:
    for one in statements:
        way = _step(file, one, reads)
        if way is not _Way.PASSED:
            return way
    return _Way.PASSED


def _step(file: SourceFile, statement: ast.stmt, reads: set[Place]) -> _Way:
    """What becomes of it in one statement."""
    if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
        return _Way.PASSED
    if _cancels(file, statement, reads) or _is_persistent(file, statement, reads):
        return _Way.OWNED
    if isinstance(statement, ast.If):
        return _branch(file, statement, reads)
    if isinstance(statement, ast.Try | ast.With | ast.AsyncWith) or _is_until(statement, reads):
        return _way(file, statement.body, reads)
    if not isinstance(statement, ast.For | ast.While | ast.AsyncFor | ast.Match):
        inside = set(ast.walk(statement))
        if any(one in inside and is_awaited(file, one) for one in reads):
            return _Way.OWNED
    return _Way.LEFT if _leaves(statement) else _Way.PASSED


def _is_until(statement: ast.stmt, reads: set[Place]) -> TypeGuard[ast.While]:
    """Whether it is `while True:`, or goes on until the task is done."""
    return isinstance(statement, ast.While) and (
        isinstance(statement.test, ast.Constant) or _mentions(statement.test, reads)
    )


def _is_persistent(file: SourceFile, loop: ast.stmt, reads: set[Place]) -> bool:
    """Whether it waits until the task is done, whatever comes: `try: await wait({task})`, no way out."""
    if not isinstance(loop, ast.While) or not _mentions(loop.test, reads):
        return False
    first = loop.body[0]
    if not isinstance(first, ast.Try) or not _mentions(first.body[0], reads):
        return False
    handlers = [one for one in first.handlers if catches(file, one, _EVERYTHING)]
    return bool(handlers) and not any(_leaves(part) for one in handlers for part in one.body)


def _branch(file: SourceFile, statement: ast.If, reads: set[Place]) -> _Way:
    body = _way(file, statement.body, reads)
    if _mentions(statement.test, reads) and body is not _Way.LEFT:  # `if tasks: await gather(*tasks)`
        return body
    return body if body is _way(file, statement.orelse, reads) else _Way.LEFT


def _mentions(node: ast.AST, reads: set[Place]) -> bool:
    return any(one in reads for one in ast.walk(node))


def _mentioned(statements: Iterable[ast.stmt], reads: set[Place]) -> bool:
    return any(_mentions(one, reads) for one in statements)


def _leaves(statement: ast.stmt) -> bool:
    """Whether it waits for something, or may leave the block."""
    return any(isinstance(one, _LEAVES) for one in inside([statement]))


def _cancels(file: SourceFile, statement: ast.stmt, reads: set[Place]) -> bool:
    """Whether the task is dealt with however the `try` that waits for it is left."""
    if not isinstance(statement, ast.Try):
        return False
    if _mentioned(statement.finalbody, reads):
        return True
    return any(
        catches(file, one, _EVERYTHING)
        and any(part in reads and not _is_watched(file, part) for part in ast.walk(one))
        for one in statement.handlers
    )


def _is_watched(file: SourceFile, read: ast.AST) -> bool:
    """Whether the task only gets a callback, which ends nothing."""
    parent = file.parent(read)
    return isinstance(parent, ast.Attribute) and parent.attr == "add_done_callback"


def _is_handed(file: SourceFile, read: ast.expr, call: ast.Call) -> bool:
    """Whether a function that is awaited gets it; one of this file has to await it."""
    if not isinstance(file.parent(call), ast.Await):
        return False
    name = last_name(call.func)
    if name in _KEEPING:
        return False
    if read not in call.args:
        return True
    method = isinstance(call.func, ast.Attribute)
    position = call.args.index(read)
    for function in file.index.of(ast.AsyncFunctionDef):
        if function.name == name:
            names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
            if method and names[:1] in (["self"], ["cls"]):
                names = names[1:]
            return position >= len(names) or _awaits(file, function, names[position])
    return True


def _awaits(file: SourceFile, function: ast.AsyncFunctionDef, name: str) -> bool:
    """Whether a function awaits what a variable of it holds, or looks at what became of it."""
    for one in ast.walk(function):
        if isinstance(one, ast.Name) and one.id == name and isinstance(one.ctx, ast.Load):
            parent = file.parent(one)
            looked_at = isinstance(parent, ast.Attribute) and parent.attr == "exception"
            if looked_at or _is_waited_for(file, one):
                return True
            if isinstance(parent, ast.Call) and file.qualified(parent.func) in _WRAPPERS:
                alias = local_place(file, parent)
                if alias is not None and alias.id != name and _awaits(file, function, alias.id):
                    return True
    return False


def _is_waited_for(file: SourceFile, read: ast.Name) -> bool:
    """Whether it is awaited, but by handing it on, perhaps to the same function."""
    parent = file.parent(outermost(file, read))
    handed = isinstance(parent, ast.Call) and file.qualified(parent.func) not in _OWNING_CALLS | _WRAPPERS
    if handed and isinstance(parent, ast.Call):
        return last_name(parent.func) == "wait" and isinstance(file.parent(parent), ast.Await)
    return is_awaited(file, read)
