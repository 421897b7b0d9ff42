"""Which classes are processes of Regrow."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

SERVERS: Final = frozenset(
    {
        *("regrow.GenServer", "regrow.runtime.genserver.GenServer"),
        *("regrow.EventSourced", "regrow.delivery.persistence.sourced.EventSourced"),
    }
)
"""The classes that Regrow's servers derive from."""
ACTORS: Final = frozenset({"pykka.Actor", "pykka.ThreadingActor"})
"""The classes that pykka's actors derive from."""
LIBRARIES: Final = (b"regrow", b"pykka")
"""Where all these are from: what no file mentions isn't looked for."""


def is_server(file: SourceFile, name: str) -> bool:
    """Whether a qualified class is one of Regrow's servers, as far as the file and its project say."""
    if not file.mentions("regrow") and not file.project.bases:
        return False
    return file.is_a(name, SERVERS)


def is_server_class(file: SourceFile, owner: ast.ClassDef) -> bool:
    """Whether a class of the file is a server."""
    return any(is_server(file, base) for base in file.bases_of(owner))
