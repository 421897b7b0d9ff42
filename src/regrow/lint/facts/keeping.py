"""Containers that keep what was found out once, under whatever name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from regrow.lint.nodes import DefNode

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

_PUTS: Final = frozenset({"add", "setdefault"})


def is_made_on_demand(file: SourceFile, place: ast.AST, name: str) -> bool:
    """Whether what changes it is only called under an ``if`` that asks for it: ``if not table: fill()``.

    A public function that takes a value is called by other modules as well.
    """
    for one in file.ancestors(place):
        if isinstance(one, DefNode) and _is_own(one):
            calls = [call for call in file.calls_named(one.name) if not _is_in(file, call, one)]
            if calls and all(_is_asked_for(file, call, name) for call in calls):
                return True
    return False


def is_write_once(file: SourceFile, places: list[ast.expr]) -> bool:
    """Whether entries are only put in, never counted or taken out, and other functions look for a key."""
    if not all(_is_put(file, place) for place in places):
        return False
    spelled = ast.dump(places[0])
    if any(_has_other_name(file, one) for one in _named(file, places[0])):
        return False
    changers = {file.function_of(place) for place in places}
    return any(file.function_of(one) not in changers for one in _looked_for(file, spelled))


def is_decorator(file: SourceFile, function: DefNode) -> bool:
    """Whether the module decorates its own functions with it."""
    return any(
        isinstance(mark, ast.Name) and mark.id == function.name
        for one in file.index.of(ast.FunctionDef)
        for mark in one.decorator_list
    )


def _is_own(function: DefNode) -> bool:
    given = function.args
    return function.name.startswith("_") or not (given.args or given.kwonlyargs or given.vararg)


def _is_in(file: SourceFile, node: ast.AST, function: ast.AST) -> bool:
    return any(one is function for one in file.ancestors(node))


def _is_asked_for(file: SourceFile, call: ast.Call, name: str) -> bool:
    child: ast.AST = call
    for one in file.ancestors(call):
        if isinstance(one, ast.If) and child in one.body and _names(one.test, name):
            return True
        child = one
    return False


def _names(test: ast.expr, name: str) -> bool:
    """Whether a test asks whether there is any: `not table`, `table is None`, `len(table) == 0`."""
    asks = isinstance(test, ast.UnaryOp | ast.Compare | ast.BoolOp)
    return asks and any(isinstance(one, ast.Name) and one.id == name for one in ast.walk(test))


def _is_put(file: SourceFile, place: ast.expr) -> bool:
    """Whether a value is put in that has nothing to do with those that are in."""
    around = file.parent(place)
    if isinstance(around, ast.Attribute):
        return around.attr in _PUTS
    statement = file.parent(around) if around is not None else None
    if not isinstance(around, ast.Subscript) or not isinstance(statement, ast.Assign):
        return False
    kept = ast.dump(place).replace("Store()", "Load()")
    return kept not in ast.dump(statement.value)


def _named(file: SourceFile, place: ast.expr) -> list[ast.Name]:
    name = place.id if isinstance(place, ast.Name) else ""
    return [one for one in file.index.of(ast.Name) if one.id == name]


def _has_other_name(file: SourceFile, place: ast.Name) -> bool:
    parent = file.parent(place)
    return isinstance(parent, ast.Assign) and parent.value is place


def _looked_for(file: SourceFile, spelled: str) -> Iterator[ast.AST]:
    """Where the container is asked for a key: `key in kept`, `kept.get(key)`."""
    for call in file.calls_named("get"):
        if isinstance(call.func, ast.Attribute) and ast.dump(call.func.value) == spelled:
            yield call
    for one in file.index.of(ast.Compare):
        if isinstance(one.ops[0], ast.In | ast.NotIn) and ast.dump(one.comparators[0]) == spelled:
            yield one
