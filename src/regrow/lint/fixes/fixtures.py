"""A test that asks pytest for one more fixture."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from regrow.lint.model import Edit
from regrow.lint.nodes import DefNode, callee

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile


class Asked(NamedTuple):
    """A fixture that a test has.

    Attributes:
        name: The parameter.
        edits: What adds it; nothing where the test has it already.
    """

    name: str
    edits: tuple[Edit, ...] = ()


def asked(file: SourceFile, test: ast.AST | None, fixture: str) -> Asked | None:
    """A fixture as a test's parameter; None for what pytest gives none to, or where it can't be told.

    That is a method of `unittest`, a function in a function, and what a decorator other than a mark calls.
    """
    if not isinstance(test, DefNode):
        return None
    given = test.args
    names = [one.arg for one in (*given.args, *given.kwonlyargs)]
    if fixture in names:
        return Asked(fixture)
    owner = file.parent(test)
    plain = isinstance(owner, ast.Module) or (isinstance(owner, ast.ClassDef) and not owner.bases)
    marked = all(_is_mark(file, one) for one in test.decorator_list)
    others = (given.posonlyargs, given.defaults, given.kwonlyargs, given.vararg, given.kwarg)
    if not (test.name.startswith("test") and plain and marked) or any(others):
        return None
    if getattr(test, "type_params", None) or file.names.binding(fixture, test) is not None:
        return None
    if given.args:
        end = file.end(given.args[-1])
        return Asked(fixture, (Edit(end, end, f", {fixture}"),))
    start = file.text.content.index("(", file.text.content.index(test.name, file.start(test))) + 1
    return Asked(fixture, (Edit(start, start, fixture),))


def _is_mark(file: SourceFile, decorator: ast.expr) -> bool:
    name = file.qualified(callee(decorator))
    return name is not None and name.startswith("pytest.mark.")
