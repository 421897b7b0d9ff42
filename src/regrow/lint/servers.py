"""Which classes are processes of Regrow."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

SERVERS: Final = frozenset(
    {
        *("regrow.GenServer", "regrow.runtime.genserver.GenServer"),
        *("regrow.EventSourced", "regrow.delivery.persistence.sourced.EventSourced"),
    }
)
"""The classes that servers derive from."""


def is_server(file: SourceFile, name: str) -> bool:
    """Whether a qualified class is one of Regrow's servers or derives from one.

    What is known of it is what this file and the project's facts say.
    """
    if "regrow" not in file.text.content and not file.project.bases:
        return False
    seen: set[str] = set()
    left = [name]
    while left:
        one = left.pop()
        if one in SERVERS or file.project.is_a(one, SERVERS):
            return True
        if one not in seen:
            seen.add(one)
            left += _bases_here(file, one)
    return False


def is_server_class(file: SourceFile, owner: ast.ClassDef) -> bool:
    """Whether a class of the file is a server."""
    return any(is_server(file, base) for base in _bases(file, owner))


def _bases(file: SourceFile, owner: ast.ClassDef) -> Iterator[str]:
    for base in owner.bases:
        name = file.qualified(base.value if isinstance(base, ast.Subscript) else base)
        if name is not None:
            yield name


def _bases_here(file: SourceFile, name: str) -> Iterator[str]:
    last = name.rpartition(".")[2]
    for one in file.index.of(ast.ClassDef):
        if one.name == last and f"{file.module}.{file.names.qualname_of(one)}".lstrip(".") == name:
            yield from _bases(file, one)
