"""What is the address of a process of Regrow."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from regrow.lint.facts.servers import is_server_class

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

SYSTEM_CLASSES: Final = ("regrow.System", "regrow.runtime.system.System")
SYSTEMS: Final = (*SYSTEM_CLASSES, "regrow.current_system")
ADDRESSES: Final = frozenset(
    {
        *("regrow.Pid", "regrow.Ref", "regrow.Alias", "regrow.types.Address", "regrow.alias"),
        *("regrow.spawn", "regrow.current"),
        *("regrow.runtime.pid.Pid", "regrow.runtime.pid.Ref", "regrow.runtime.pid.Address"),
        *("regrow.runtime.aliases.Alias", "regrow.runtime.plain.alias"),
        *("regrow.runtime.plain.spawn", "regrow.runtime.plain.current"),
        *(f"{system}.{method}" for system in SYSTEMS for method in ("ref", "spawn", "whereis", "partition")),
    }
)
"""The types of addresses, and what makes them."""
_SELF: Final = frozenset({"regrow.current", "regrow.runtime.plain.current"})


def is_address(file: SourceFile, node: ast.expr) -> bool:
    """Whether an expression's value is a `regrow.Pid`, `Ref` or `Alias`, as far as the file says it."""
    if isinstance(node, ast.Attribute) and node.attr == "from_thread":
        node = node.value
    return is_own_address(file, node) or file.type_of(node) in ADDRESSES


def is_own_address(file: SourceFile, node: ast.expr) -> bool:
    """Whether it is the address of the process whose code this is: ``self.pid``, ``rg.current()``."""
    if isinstance(node, ast.Attribute) and node.attr == "pid" and isinstance(node.value, ast.Name):
        owner = file.types.own_class(node.value)
        return owner is not None and is_server_class(file, owner)
    return isinstance(node, ast.Call | ast.Name) and file.type_of(node) in _SELF


def uses_regrow(file: SourceFile) -> bool:
    """Whether the file imports anything of Regrow."""
    return file.mentions("regrow") and "regrow" in file.libraries
