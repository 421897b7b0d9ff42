"""The marks of pytest."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator


def marks_in(body: Iterable[ast.stmt]) -> Iterator[ast.expr]:
    """What ``pytestmark`` of a module or class gives to all its tests."""
    for statement in body:
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        if isinstance(statement, ast.Assign) and isinstance(target, ast.Name) and target.id == "pytestmark":
            value = statement.value
            yield from value.elts if isinstance(value, ast.List | ast.Tuple) else (value,)
