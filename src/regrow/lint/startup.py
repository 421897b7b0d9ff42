"""What runs once, when a program starts."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

_MAINS: Final = frozenset({"main", "_main", "__main__"})
_FILES: Final = frozenset({"__main__.py", "manage.py", "wsgi.py", "asgi.py"})
_COMMANDS: Final = frozenset({"command", "group", "callback"})


def is_start_up(file: SourceFile, node: ast.AST) -> bool:
    """Whether it stands under ``if __name__ == "__main__"``, in a ``main()``, or in a ``__main__.py``.

    Functions that click or typer make commands of, and Django's ``wsgi.py`` and ``asgi.py``, count as well.
    """
    if file.path.rpartition("/")[2] in _FILES:
        return True
    for one in file.ancestors(node):
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and (
            one.name in _MAINS or any(_is_command(decorator) for decorator in one.decorator_list)
        ):
            return True
        if isinstance(one, ast.If) and any(
            isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(one.test)
        ):
            return True
    return False


def _is_command(decorator: ast.expr) -> bool:
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(function, ast.Attribute) and function.attr in _COMMANDS
