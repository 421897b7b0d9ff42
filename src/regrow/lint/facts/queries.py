"""Calls that return an attribute of their server as it is: what a test can ask in the place of a look."""

from __future__ import annotations

import ast
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from regrow.lint.nodes import DefNode, callee

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

_CALLS: Final = frozenset({"regrow.call", "regrow.core.decorators.call"})


@lru_cache(maxsize=1)  # asked for each look at something private
def queries_of(file: SourceFile) -> dict[str, dict[str, str]]:
    """Qualified class of the file -> attribute -> the call that returns it and does nothing else."""
    found: dict[str, dict[str, str]] = {}
    for name, owners in file.classes.items():
        methods = [one for one in owners[0].body if isinstance(one, DefNode)] if len(owners) == 1 else []
        times = Counter(one.name for one in methods)
        returned = {_returned(file, one): one.name for one in methods if times[one.name] == 1}
        calls = {attribute: call for attribute, call in returned.items() if attribute is not None}
        if calls:
            found[name] = calls
    return found


def query(file: SourceFile, kind: str, attribute: str) -> str | None:
    """The call of a server that returns an attribute, as far as the file and its project say.

    Args:
        file: Who asks.
        kind: The qualified class; what a module imports of it under the same name is the same class.
        attribute: The attribute.
    """
    own = queries_of(file) if file.mentions("regrow") else {}
    left, seen, last = [kind], set[str](), kind.rpartition(".")[2]
    while left:
        one = left.pop()
        calls = own.get(one) or file.project.queries.get(one)
        if calls is not None:
            return calls.get(attribute)
        seen.add(one)
        bases = file.project.bases_of(one)
        left += (base for base in bases if base not in seen and base.rpartition(".")[2] == last)
    return None


def _returned(file: SourceFile, method: DefNode) -> str | None:
    """The attribute that is all that a call returns, without a message's help: ``return self._total``."""
    marks, arguments = method.decorator_list, method.args
    if isinstance(method, ast.AsyncFunctionDef) or len(marks) != 1:
        return None
    if file.qualified(callee(marks[0])) not in _CALLS:
        return None
    given = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    if len(given) != 1 or arguments.vararg or arguments.kwarg:
        return None
    body = method.body[1:] if ast.get_docstring(method, clean=False) is not None else method.body
    value = body[0].value if len(body) == 1 and isinstance(body[0], ast.Return) else None
    if isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name):
        return value.attr if value.value.id == given[0].arg else None
    return None
