"""Containers of modules and classes that functions change in place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from regrow.lint.facts.catching import inside
from regrow.lint.facts.keeping import is_decorator, is_made_on_demand, is_write_once
from regrow.lint.facts.startup import is_start_up
from regrow.lint.names import last_name
from regrow.lint.nodes import statements_of

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

_DISPLAYS: Final = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
_MAKERS: Final = frozenset({"list", "dict", "set", "deque", "defaultdict", "Counter", "OrderedDict"})
_CHANGES: Final = (
    *("append", "appendleft", "extend", "extendleft", "insert", "pop", "popleft", "popitem", "remove"),
    *("add", "discard", "update", "setdefault", "clear"),
)
KEPT: Final = re.compile(r"cach|memo|regist|handlers?$|hooks?$|plugins?$|types?$", re.IGNORECASE)
"""Names of caches and registries."""
_FILLERS: Final = re.compile(
    r"^_*([Rr]egister|[Uu]nregister|add_|[Aa]dd(?=[A-Z])|remember|cache|clear_|init_subclass__)"
)

_Key: TypeAlias = tuple[ast.ClassDef | None, str]


class Shared(NamedTuple):
    """A container that everybody shares.

    Attributes:
        node: Where it is made.
        name: Its name.
        changer: The function that changes it first.
        of_class: Whether it is a class's, not a module's.
    """

    node: ast.stmt
    name: str
    changer: str
    of_class: bool = False


def shared_containers(file: SourceFile) -> Iterator[Shared]:
    """The containers of the module and of its classes that functions change, in no order."""
    made: dict[_Key, ast.Assign | ast.AnnAssign] = {
        (None, name): node for name, node in _containers(file.tree.body)
    }
    for owner in file.index.of(ast.ClassDef):
        for name, node in _containers(owner.body):
            if isinstance(node, ast.Assign) or "ClassVar" in ast.unparse(node.annotation):
                made[owner, name] = node
    if not made:
        return
    names = {name for _, name in made}
    changed: dict[_Key, list[ast.expr]] = {}
    for place in _changed(file):
        key = _key(file, place, names)
        if key in made:
            changed.setdefault(key, []).append(place)
    for key, places in changed.items():
        found = _as_shared(file, key, made[key], places)
        if found is not None:
            yield found


def _key(file: SourceFile, place: ast.expr, names: set[str]) -> _Key | None:
    """The variable of the module, or of a class, that an expression stands for."""
    if isinstance(place, ast.Name):
        return (None, place.id) if place.id in names and _is_modules(file, place) else None
    if isinstance(place, ast.Attribute) and place.attr in names and isinstance(place.value, ast.Name):
        owner = file.types.own_class(place.value)
        return None if owner is None else (owner, place.attr)
    return None


def _containers(body: list[ast.stmt]) -> Iterator[tuple[str, ast.Assign | ast.AnnAssign]]:
    for statement in body:
        if isinstance(statement, ast.Assign):
            target = statement.targets[0]
        elif isinstance(statement, ast.AnnAssign):
            target = statement.target
        else:
            continue
        if isinstance(target, ast.Name) and _is_container(statement.value) and not KEPT.search(target.id):
            yield target.id, statement


def _is_container(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call):
        return last_name(value.func) in _MAKERS
    return isinstance(value, _DISPLAYS)


def _changed(file: SourceFile) -> Iterator[ast.expr]:
    """The expressions whose objects are changed in place."""
    for call in file.calls_named(*_CHANGES):
        if isinstance(call.func, ast.Attribute):
            yield call.func.value
    yield from (one.value for one in file.names.changed if isinstance(one, ast.Subscript))


def _is_modules(file: SourceFile, place: ast.Name) -> bool:
    scope = file.names.scope_of(place)
    found = file.names.binding(place.id, scope)
    return scope is not file.tree and found is not None and found[0] is file.tree


def _as_shared(
    file: SourceFile, key: _Key, node: ast.Assign | ast.AnnAssign, places: list[ast.expr]
) -> Shared | None:
    owner, name = key
    if owner is not None and any(
        _is_given(file, node, one)
        for one in file.names.changed
        if isinstance(one, ast.Attribute) and one.attr == name
    ):
        return None
    if owner is None and is_write_once(file, places):
        return None
    for place in sorted(places, key=lambda one: one.lineno):
        changer = _changer(file, place)
        if changer is not None and not _is_memo(file, place) and not is_made_on_demand(file, place, name):
            return Shared(node, name, changer, owner is not None)
    return None


def _is_given(file: SourceFile, node: ast.AST, attribute: ast.Attribute) -> bool:
    """Whether an object of the class gets an attribute of its own."""
    if isinstance(attribute.ctx, ast.Del) or not isinstance(attribute.value, ast.Name):
        return False
    return file.types.own_class(attribute.value) is file.parent(node)


def _changer(file: SourceFile, place: ast.expr) -> str | None:
    """The function that changes it while the program runs; None if that is part of the start."""
    function = file.function_of(place)
    if function is None or is_start_up(file, place):
        return None
    if isinstance(function, ast.Lambda):
        return "a lambda"
    names = [part for part in file.names.qualname_of(function).split(".") if part]
    if any(_FILLERS.search(name) for name in names):
        return None
    called = any(file.function_of(call) is None for call in file.calls_named(function.name))
    if called or is_decorator(file, function):
        return None  # the module itself calls it while it is imported
    return function.name


def _is_memo(file: SourceFile, place: ast.expr) -> bool:
    """Whether a key is only set where it was missing, or dropped where there are too many."""
    kept = ast.dump(place)
    function = file.function_of(place)
    for one in file.ancestors(place):
        if one is function:
            break
        if isinstance(one, ast.If) and (kept in ast.dump(one.test) or _asks_what_it_got(function, one, kept)):
            return True
        if isinstance(one, ast.ExceptHandler) and getattr(one.type, "id", "") == "KeyError":
            return True
    return any(
        _is_early_return(function, one, kept)
        for one in inside(statements_of(function))
        if isinstance(one, ast.If | ast.Try) and one.lineno < place.lineno
    )


def _asks_what_it_got(function: ast.AST | None, asking: ast.If, kept: str) -> bool:
    """`found = kept.get(key)` before `if found is None`."""
    names = {one.id for one in ast.walk(asking.test) if isinstance(one, ast.Name)}
    return function is not None and any(
        isinstance(one, ast.Assign)
        and isinstance(one.targets[0], ast.Name)
        and one.targets[0].id in names
        and isinstance(one.value, ast.Call | ast.Subscript)
        and kept in ast.dump(one.value)
        for one in ast.walk(function)
    )


def _is_early_return(function: ast.AST | None, statement: ast.If | ast.Try, kept: str) -> bool:
    """`if key in kept: return kept[key]`, or `try: return kept[key]`."""
    if not isinstance(statement.body[-1], ast.Return):
        return False
    if isinstance(statement, ast.Try):
        return kept in ast.dump(statement.body[-1])
    return kept in ast.dump(statement.test) or _asks_what_it_got(function, statement, kept)
