"""One walk over a syntax tree: who stands in whom, and all nodes of a kind."""

from __future__ import annotations

import ast
from collections.abc import Mapping
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


class Index:
    """A tree's parents, and its nodes by kind.

    Args:
        tree: A module's tree.
    """

    __slots__ = ("_kinds", "parents", "tree")

    def __init__(self, tree: ast.Module) -> None:
        self.tree: ast.Module = tree
        self.parents: dict[ast.AST, ast.AST] = {}
        self._kinds: dict[type[ast.AST], list[ast.AST]] = {}
        self._walk()

    def _walk(self) -> None:
        # An explicit stack: as fast as it gets in Python, and no nesting is too deep for it.
        parents, kinds, fields = self.parents, self._kinds, _FIELDS
        stack: list[ast.AST] = [self.tree]
        pop, push = stack.pop, stack.append
        while stack:
            node = pop()
            kind = node.__class__
            if kind in kinds:
                kinds[kind].append(node)
            else:
                kinds[kind] = [node]
            for field in fields[kind]:
                value = getattr(node, field)
                if value.__class__ is list:
                    for child in value:
                        if child is not None:  # the key of `**other` in a dict
                            parents[child] = node
                            push(child)
                elif value is not None:
                    parents[value] = node
                    push(value)

    def of(self, kind: type[A]) -> list[A]:
        """All nodes of this very kind (not of its subclasses), in no order that means anything."""
        return self._kinds.get(kind, [])  # type: ignore[return-value]  # a list per kind
