"""Kinds of nodes that rules ask for together, and what calls and decorators are written with."""

from __future__ import annotations

import ast
from typing import TypeAlias

DefNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
"""What ``def`` and ``async def`` make."""


def callee(node: ast.expr) -> ast.expr:
    """What a call calls, anything else itself: ``fixture`` of ``@fixture`` and of ``@fixture(...)``."""
    return node.func if isinstance(node, ast.Call) else node
