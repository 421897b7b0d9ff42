"""What runs once, when a program starts."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from regrow.lint.names import last_name
from regrow.lint.nodes import DefNode, callee

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

_MAINS: Final = frozenset({"main", "_main", "__main__"})
_FILES: Final = frozenset({"__main__.py", "manage.py", "wsgi.py", "asgi.py"})
_FIRSTS: Final = {"initializer": "Pool", "target": "Process"}
"""Argument for a child process's first function -> what names of calls that take it speak of."""
_COMMANDS: Final = frozenset({"command", "group", "callback"})


def is_start_up(file: SourceFile, node: ast.AST) -> bool:
    """Whether it stands under ``if __name__ == "__main__"``, in a ``main()``, or in a ``__main__.py``.

    Functions that click or typer make commands of, and Django's ``wsgi.py`` and ``asgi.py``, count as well.
    """
    if file.path.rpartition("/")[2] in _FILES:
        return True
    for one in file.ancestors(node):
        if isinstance(one, DefNode) and (
            one.name in _MAINS or any(_is_command(decorator) for decorator in one.decorator_list)
        ):
            return True
        if isinstance(one, ast.If) and any(
            isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(one.test)
        ):
            return True
    return False


def _is_command(decorator: ast.expr) -> bool:
    function = callee(decorator)
    return isinstance(function, ast.Attribute) and function.attr in _COMMANDS


def is_child_start(file: SourceFile, node: ast.AST) -> bool:
    """Whether it stands in a child process's first function: its `initializer` or `target`."""
    function = file.function_of(node)
    if not isinstance(function, DefNode):
        return False
    for keyword in file.index.of(ast.keyword):
        if keyword.arg in _FIRSTS and last_name(keyword.value) == function.name:
            call = file.parent(keyword)
            made = last_name(call.func) if isinstance(call, ast.Call) else ""
            if _FIRSTS[keyword.arg] in made and "Thread" not in made:
                return True
    return False


def is_part_of_main(file: SourceFile, node: ast.AST) -> bool:
    """Whether it stands in a private function of the module that only the program's start calls."""
    function = file.function_of(node)
    if not isinstance(function, DefNode) or not function.name.startswith("_"):
        return False
    calls = file.calls_named(function.name)
    return (
        file.parent(function) is file.tree
        and bool(calls)
        and all(is_start_up(file, call) for call in calls)
        and _uses(file, function.name) == len(calls)
    )


def _uses(file: SourceFile, name: str) -> int:
    """How often a function is named, called or not."""
    return sum(one.id == name for one in file.index.of(ast.Name)) + sum(
        one.attr == name for one in file.index.of(ast.Attribute)
    )
