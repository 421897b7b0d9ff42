"""One walk over a syntax tree: who stands in whom, and all nodes of a kind."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

A = TypeVar("A", bound=ast.AST)

_NO_NODES: Final = frozenset(
    {
        *("ctx", "op", "ops", "id", "attr", "module", "level", "kind", "type_comment", "asname"),
        *("is_async", "simple", "conversion", "rest", "kwd_attrs", "tag", "type_ignores"),
    }
)
_PLAIN: Final[Mapping[str, frozenset[str]]] = {
    "name": frozenset({"TypeAlias"}),  # a node there, a str elsewhere
    "names": frozenset({"Import", "ImportFrom"}),
    "arg": frozenset(),
}
_NO_VALUE: Final = frozenset({"Constant", "MatchSingleton"})


def _fields(kind: type[ast.AST]) -> tuple[str, ...]:
    """The fields that hold nodes."""
    return tuple(
        field
        for field in kind._fields
        if field not in _NO_NODES
        and (field not in _PLAIN or kind.__name__ in _PLAIN[field])
        and not (field == "value" and kind.__name__ in _NO_VALUE)
    )


_FIELDS: Final[dict[type[ast.AST], tuple[str, ...]]] = {
    kind: _fields(kind) for kind in vars(ast).values() if isinstance(kind, type) and issubclass(kind, ast.AST)
}


_SHAPES: Final[dict[type[ast.AST], tuple[tuple[str, ...], tuple[str, ...]]]] = {}
"""Kind -> its fields with a node or None, and those with a list; learnt from the first node of the kind."""


def _shape(kind: type[ast.AST], values: Mapping[str, object]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if kind not in _SHAPES:
        lists = tuple(field for field in _FIELDS[kind] if isinstance(values[field], list))
        _SHAPES[kind] = tuple(field for field in _FIELDS[kind] if field not in lists), lists
    return _SHAPES[kind]


class Index:
    """A tree's parents, and its nodes by kind.

    Args:
        tree: A module's tree, as the parser made it.
    """

    __slots__ = ("_kinds", "parents", "tree")

    def __init__(self, tree: ast.Module) -> None:
        self.tree: ast.Module = tree
        self.parents: dict[ast.AST, ast.AST] = {}
        self._kinds: dict[type[ast.AST], list[ast.AST]] = {ast.Name: [], ast.Constant: []}
        self._walk()

    def _walk(self) -> None:
        # An explicit stack: as fast as it gets in Python, and no nesting is too deep for it. Names and
        # constants are half of all nodes, and nothing stands in them.
        parents, kinds, name, constant = self.parents, self._kinds, ast.Name, ast.Constant
        add_name, add_constant = kinds[name].append, kinds[constant].append
        ways: dict[type[ast.AST], tuple[Callable[[ast.AST], None], tuple[str, ...], tuple[str, ...]]] = {}
        stack: list[ast.AST] = [self.tree]
        pop, push = stack.pop, stack.append
        child: ast.AST | None
        while stack:
            node = pop()
            values = node.__dict__
            try:
                add, singles, lists = ways[type(node)]
            except KeyError:
                kind = type(node)
                add, (singles, lists) = kinds.setdefault(kind, []).append, _shape(kind, values)
                ways[kind] = add, singles, lists
            add(node)
            for field in singles:
                child = values[field]
                if child is not None:
                    parents[child] = node
                    kind = type(child)
                    (add_name if kind is name else add_constant if kind is constant else push)(child)
            for field in lists:
                for child in values[field]:
                    if child is not None:  # the key of `**other` in a dict
                        parents[child] = node
                        kind = type(child)
                        (add_name if kind is name else add_constant if kind is constant else push)(child)

    def of(self, kind: type[A]) -> list[A]:
        """All nodes of this very kind (not of its subclasses), in no order that means anything."""
        return self._kinds.get(kind, [])  # type: ignore[return-value]  # a list per kind
