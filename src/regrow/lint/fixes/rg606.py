"""RG606: what a test changes for all is changed with `monkeypatch`, which puts it back."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from regrow.lint.fixes.fixtures import asked
from regrow.lint.fixes.patching import has_comment, replaced
from regrow.lint.model import Edit, Fix, Safety, no_fix

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile


def patched(file: SourceFile, test: ast.AST, changes: Sequence[ast.expr]) -> Fix:
    """All changes of a test by its `monkeypatch`; none where one of them can't be made so.

    Args:
        file: The file.
        test: The function.
        changes: What it sets, deletes or calls: ``os.environ["A"]`` on the left of an assignment.
    """
    fixture = asked(file, test, "monkeypatch")
    if fixture is None:
        return no_fix("pytest gives this function no monkeypatch")
    edits: list[Edit] = []
    for change in changes:
        statement = file.statement_of(change)
        call = _by_monkeypatch(file, change, statement)
        if call is None or has_comment(file, file.start(statement), file.end(statement)):
            return no_fix("monkeypatch has no call for one of the changes")
        edits.append(replaced(file, statement, f"{fixture.name}.{call}"))
    return Fix("Have monkeypatch put it back", (*fixture.edits, *edits), Safety.UNSAFE)


def _by_monkeypatch(file: SourceFile, change: ast.expr, statement: ast.stmt) -> str | None:
    """The call that does the same: ``setenv("A", "1")``."""
    match statement:
        case ast.Assign(targets=[ast.Subscript(slice=key)], value=value) if not isinstance(value, ast.Tuple):
            return f"setenv({file.segment(key)}, {file.segment(value)})"
        case ast.Delete(targets=[ast.Subscript(slice=key)]):
            return f"delenv({file.segment(key)})"
        case ast.Expr(value=ast.Call(func=function, args=args)) if statement.value is change:
            return _called(file.qualified(function), [file.segment(one) for one in args])
        case _:
            return None


def _called(function: str | None, given: Sequence[str]) -> str | None:
    match function, given:
        case "os.environ.pop", [key]:
            return f"delenv({key})"
        case "os.environ.pop", [key, _]:
            return f"delenv({key}, raising=False)"
        case "os.chdir", [path]:
            return f"chdir({path})"
        case "sys.path.insert", ["0", path]:
            return f"syspath_prepend({path})"
        case _:
            return None
