"""What changes the environment of a process."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from regrow.lint.names import last_name

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

_OS: Final = frozenset({"os"})
_CHANGING: Final = (
    *("os.putenv", "os.unsetenv"),
    *(f"os.environ.{method}" for method in ("setdefault", "update", "pop", "popitem", "clear")),
    *("os.environ.__setitem__", "os.environ.__delitem__"),
)


def environment_changes(file: SourceFile) -> Iterator[ast.expr]:
    """The places where a file sets, changes or deletes variables of the environment."""
    if not file.can_name(_OS):
        return
    names = file.spellings("environ")
    for item in file.index.of(ast.Subscript):
        if not isinstance(item.ctx, ast.Load) and _is_environment(file, item.value, names):
            yield item
    for change in file.index.of(ast.AugAssign):
        if _is_environment(file, change.target, names):
            yield change.target
    yield from (call for call, _ in file.calls_to(*_CHANGING))


def _is_environment(file: SourceFile, node: ast.expr, names: frozenset[str]) -> bool:
    return last_name(node) in names and file.qualified(node) == "os.environ"
