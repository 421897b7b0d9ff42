"""Where what a call has made goes: a task, a thread, an executor; and who deals with it there."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from regrow.lint.names import FUNCTIONS
from regrow.lint.nodes import DefNode

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

Place: TypeAlias = ast.Name | ast.Attribute
"""A variable or an attribute."""

_WRAPPING: Final = (ast.Starred, ast.List, ast.Tuple, ast.Set, ast.ListComp, ast.SetComp, ast.GeneratorExp)


def outermost(file: SourceFile, node: ast.expr) -> ast.expr:
    """`node`, or the display, comprehension or conditional that only passes it on."""
    while True:
        parent = file.parent(node)
        if isinstance(parent, ast.IfExp) and node is parent.test:
            return node
        if not isinstance(parent, (*_WRAPPING, ast.IfExp, ast.NamedExpr)):
            return node
        node = parent


def place_of(file: SourceFile, node: ast.expr) -> Place | None:
    """The variable or attribute that an expression's value goes to; None if it goes elsewhere."""
    parent = file.parent(outermost(file, node))
    target: ast.expr | None = None
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1:
        target = parent.targets[0]
    elif isinstance(parent, ast.AnnAssign):
        target = parent.target
    elif _is_collected(parent):
        target = parent.func.value  # type: ignore[union-attr]  # `jobs.append(...)`
    return target if isinstance(target, ast.Name | ast.Attribute) else None


def _is_collected(node: ast.AST | None) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"append", "add", "extend", "update"}
    )


def local_place(file: SourceFile, node: ast.expr) -> ast.Name | None:
    """The variable of the function around that an expression's value goes to, as it is or as a part of it."""
    place: ast.expr | None = place_of(file, node)
    if place is None:
        parent = file.parent(outermost(file, node))
        if isinstance(parent, ast.Dict | ast.DictComp):  # tasks = {key: ...}
            return local_place(file, parent)
        target = parent.targets[0] if isinstance(parent, ast.Assign) else None
        place = target.value if isinstance(target, ast.Subscript) else None  # tasks[key] = ...
    if not isinstance(place, ast.Name):
        return None
    found = file.binding_of(place)
    function = file.function_of(node)
    return place if found is not None and function is not None and found[0] is function else None


def outer_place(file: SourceFile, node: ast.expr) -> ast.Name | None:
    """The variable of a function further out that an expression's value goes to: one that is `nonlocal`."""
    place = place_of(file, node)
    if not isinstance(place, ast.Name):
        return None
    found = file.binding_of(place)
    outer = found is not None and isinstance(found[0], FUNCTIONS) and found[0] is not file.function_of(node)
    return place if outer else None


def is_entered(file: SourceFile, node: ast.expr) -> bool:
    """Whether ``__enter__`` puts it into an attribute with which ``__exit__``, or what that calls, deals."""
    place, function = place_of(file, node), file.function_of(node)
    if not isinstance(place, ast.Attribute) or not isinstance(function, DefNode):
        return False
    owner = file.parent(function)
    if function.name not in {"__enter__", "__aenter__"} or not isinstance(owner, ast.ClassDef):
        return False
    methods = [one for one in owner.body if isinstance(one, DefNode)]
    exits = [one for one in methods if one.name in {"__exit__", "__aexit__"}]
    called = {part.attr for one in exits for part in ast.walk(one) if isinstance(part, ast.Attribute)}
    return any(
        isinstance(part, ast.Attribute) and part.attr == place.attr
        for one in (*exits, *(one for one in methods if one.name in called))
        for part in ast.walk(one)
    )


def uses(file: SourceFile, place: Place) -> Iterator[Place]:
    """Where a variable is read, or an attribute of this name of whatever object."""
    if isinstance(place, ast.Attribute):
        yield from (
            one
            for one in file.index.of(ast.Attribute)
            if one.attr == place.attr and isinstance(one.ctx, ast.Load)
        )
        return
    home = file.binding_of(place)
    for name in file.index.of(ast.Name):
        if name.id == place.id and isinstance(name.ctx, ast.Load):
            found = file.binding_of(name)
            if found is not None and home is not None and found[0] is home[0]:
                yield name


def following(file: SourceFile, node: ast.AST) -> Iterator[ast.stmt]:
    """The statements after the one that `node` stands in, in its block and those around it."""
    child = file.statement_of(node)
    for parent in file.ancestors(child):
        for field in ("body", "orelse", "finalbody"):
            block = cast("list[ast.stmt] | ast.expr | None", getattr(parent, field, None))
            if isinstance(block, list) and child in block:
                yield from block[block.index(child) + 1 :]
        if isinstance(parent, DefNode):
            return
        if isinstance(parent, ast.stmt):
            child = parent


def ends_in_finally(file: SourceFile, node: ast.expr, name: ast.Name) -> bool:
    """Whether a ``finally`` that covers what follows `node` deals with the variable."""
    reads = set(uses(file, name))
    for read in tuple(reads):  # tasks = [one, two]; tasks.append(one)
        if (group := local_place(file, read)) is not None:
            reads.update(uses(file, group))
    reads.update(_calls_of(file, reads, node))
    found = file.binding_of(name)
    home = found[0] if found is not None else None
    covering: Iterable[ast.AST] = (*following(file, node), *file.ancestors(node))
    if isinstance(home, FUNCTIONS) and home is not file.function_of(node):  # a variable that is `nonlocal`
        covering = ast.walk(home)
    return any(
        isinstance(one, ast.Try) and any(part in reads for final in one.finalbody for part in ast.walk(final))
        for one in covering
    )


def _calls_of(file: SourceFile, reads: set[Place], node: ast.AST) -> Iterator[Place]:
    """The names of functions within functions that deal with one of `reads`: ``await clean_up()``."""
    spawner = file.function_of(node)
    for around in {file.function_of(read) for read in reads}:
        if around is spawner or not isinstance(around, DefNode):
            continue
        if file.function_of(around) is None:
            continue
        for one in file.index.of(ast.Name):
            if one.id == around.name and isinstance(one.ctx, ast.Load):
                yield one


def in_finally(file: SourceFile, node: ast.AST) -> bool:
    """Whether it stands in a ``finally``."""
    child = node
    for one in file.ancestors(node):
        if isinstance(one, ast.Try) and child in one.finalbody:
            return True
        child = one
    return False
