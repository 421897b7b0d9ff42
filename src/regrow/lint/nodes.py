"""Kinds of nodes that rules ask for together, and what calls and decorators are written with."""

from __future__ import annotations

import ast
from typing import TypeAlias

DefNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
"""What ``def`` and ``async def`` make."""


def statements_of(function: ast.AST | None) -> list[ast.stmt]:
    """What a function does, in order; nothing of a lambda, whose body is an expression."""
    return function.body if isinstance(function, DefNode) else []


def callee(node: ast.expr) -> ast.expr:
    """What a call calls, anything else itself: ``fixture`` of ``@fixture`` and of ``@fixture(...)``."""
    return node.func if isinstance(node, ast.Call) else node
