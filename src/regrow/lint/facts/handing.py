"""Who else gets what a function has made: its caller, or an object whose ``__exit__`` ends it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from regrow.lint.facts.places import local_place, outermost, place_of, uses
from regrow.lint.nodes import DefNode

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

ENDS: Final = frozenset({"join", "shutdown", "close", "terminate", "cancel", "stop"})
"""Methods that end a thread, a process or an executor."""
_KEEPS: Final = frozenset({"append", "add", "put", "put_nowait", "setdefault", "insert", "appendleft"})
_EXITS: Final = frozenset({"__exit__", "__aexit__"})


def is_returned(file: SourceFile, call: ast.Call) -> bool:
    """Whether the function only makes it for its caller: returns it, and nothing here or a cache keeps it."""
    function = file.function_of(call)
    if not isinstance(function, DefNode):
        return False
    if any("cache" in file.segment(one).lower() for one in function.decorator_list):
        return False
    if isinstance(file.parent(outermost(file, call)), ast.Return):
        return True
    place = local_place(file, call)
    if place is None or place_of(file, call) is not place:
        return False
    parents = [file.parent(outermost(file, read)) for read in uses(file, place)]
    return any(isinstance(one, ast.Return) for one in parents) and not any(_keeps(one) for one in parents)


def _keeps(node: ast.AST | None) -> bool:
    if isinstance(node, ast.Assign):
        return any(isinstance(one, ast.Attribute | ast.Subscript) for one in node.targets)
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _KEEPS


def is_exited(file: SourceFile, call: ast.Call) -> bool:
    """Whether an ``__exit__`` of the file ends what is in the attribute that it is put into, or its parts."""
    names = set(_attributes(file, call))
    if not names:
        return False
    own = file.parent(file.function_of(call) or call)
    exits = [one for one in file.functions if one.name in _EXITS]
    return any(_ends(one, names, own=file.parent(one) is own) for one in exits)


def _ends(function: DefNode, names: set[str], *, own: bool) -> bool:
    used = [one for one in ast.walk(function) if isinstance(one, ast.Attribute)]
    deals = any(
        one.attr in names and (own or not isinstance(one.value, ast.Name) or one.value.id != "self")
        for one in used
    )
    return deals and any(one.attr in ENDS for one in used)


def _attributes(file: SourceFile, call: ast.Call) -> Iterator[str]:
    """The attributes that it goes to, by a variable or not: ``self.a = ...``, ``self.a[key] = ...``."""
    local = local_place(file, call)
    for value in (call, *(uses(file, local) if local is not None else ())):
        parent = file.parent(value)
        for target in parent.targets if isinstance(parent, ast.Assign) and parent.value is value else ():
            owner = target.value if isinstance(target, ast.Subscript) else target
            if isinstance(owner, ast.Attribute):
                yield owner.attr
