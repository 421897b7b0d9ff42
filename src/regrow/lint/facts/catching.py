"""What handlers of exceptions catch, and whether they keep it to themselves."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from regrow.lint.nodes import DefNode

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

CATCH_ALLS: Final = frozenset({"builtins.Exception", "builtins.BaseException"})
CANCELLED: Final = frozenset(
    {
        "asyncio.CancelledError",
        "asyncio.exceptions.CancelledError",
        "trio.Cancelled",
        "builtins.BaseException",
    }
)
"""What catches a cancellation."""


def kinds_of(node: ast.expr | None) -> tuple[ast.expr, ...]:
    """The exceptions that an ``except`` names."""
    if node is None:
        return ()
    return tuple(node.elts) if isinstance(node, ast.Tuple) else (node,)


def catches(file: SourceFile, handler: ast.ExceptHandler, wanted: frozenset[str]) -> bool:
    """Whether a handler is bare, or names one of these exceptions."""
    return handler.type is None or any(file.qualified(one) in wanted for one in kinds_of(handler.type))


def raises(handler: ast.ExceptHandler) -> bool:
    """Whether a handler raises anything, functions that it defines left out."""
    return any(isinstance(one, ast.Raise) for one in inside(handler.body))


def inside(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """All nodes of statements, those of functions and classes in them left out."""
    left: list[ast.AST] = list(body)
    while left:
        one = left.pop()
        if not isinstance(one, DefNode | ast.Lambda | ast.ClassDef):
            yield one
            left += ast.iter_child_nodes(one)


def is_boundary(file: SourceFile, node: ast.AST) -> bool:
    """Whether the settings say that catching everything is the job of the code that `node` stands in."""
    boundaries = file.settings.broad_except_boundaries
    if not boundaries:
        return False
    where = file.defined_name(node)
    return any(where == one or where.startswith(f"{one}.") for one in boundaries)
