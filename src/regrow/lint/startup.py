"""What runs once, when a program starts."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

_MAINS: Final = frozenset({"main", "_main", "__main__"})


def is_start_up(file: SourceFile, node: ast.AST) -> bool:
    """Whether it stands under ``if __name__ == "__main__"``, in a ``main()``, or in a ``__main__.py``."""
    if file.path.rpartition("/")[2] == "__main__.py":
        return True
    for one in file.ancestors(node):
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name in _MAINS:
            return True
        if isinstance(one, ast.If) and any(
            isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(one.test)
        ):
            return True
    return False
