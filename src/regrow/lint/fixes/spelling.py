"""How a file writes a name of a library, and the import that it takes where the file has none."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from regrow.lint.model import Fix, no_fix

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile
    from regrow.lint.names import Binding, ScopeNode

_OURS: Final = "regrow"
_CUSTOMARY: Final = {"regrow": "rg", "regrow.testing": "rt"}


class Spelling(NamedTuple):
    """A name as a place in a file can write it.

    Attributes:
        text: ``rg.supervised_send``.
        imports: The statements that have to be added for it: `Fix.imports`.
    """

    text: str
    imports: tuple[str, ...] = ()


def spelled(file: SourceFile, qualified: str, at: ast.AST) -> Spelling | Fix:
    """How to write a module's name at a place.

    An import that the file has is used, through whatever alias: ``import regrow as rg``,
    ``from regrow import supervised_send as send``, one in the same function. One under ``TYPE_CHECKING``
    isn't. Where there is none ``import regrow as rg``, ``import regrow.testing as rt`` or ``import asyncio``
    is to be added.

    Args:
        file: The file.
        qualified: The module and one name in it: ``regrow.testing.wait_for``.
        at: What the text will stand in the place of, or beside.

    Returns:
        The text, or the fix that says why there is none: all names that it could have mean something else.
    """
    module, _, name = qualified.rpartition(".")
    existing = sorted(_existing(file, module, name, at), key=lambda text: (text.count("."), text))
    if existing:
        return Spelling(existing[0])
    scope = file.names.scope_of(at)
    short = _CUSTOMARY.get(module)
    if short is not None and _is_free(file, short, scope):
        return Spelling(f"{short}.{name}", (f"import {module} as {short}",))
    head = module.partition(".")[0]
    if _is_free(file, head, scope):
        return Spelling(f"{module}.{name}", (f"import {module}",))
    taken = f"{short} and {head} are" if short is not None else f"{head} is"
    return no_fix(f"{taken} something else here, so that {module} can't be imported under it")


def _existing(file: SourceFile, module: str, name: str, at: ast.AST) -> Iterator[str]:
    names = file.names
    here = names.scope_of(at)
    for scope in names.outer_scopes(here):
        for bound, binding in names.bindings_of(scope).items():
            imported = binding.imported
            if imported is None or not f"{module}.{name}".startswith(imported):
                continue
            if names.meaning(bound, here) != imported or not _is_imported(file, binding, scope, at):
                continue
            if imported in {f"{module}.{name}", module}:
                yield bound if imported != module else f"{bound}.{name}"
            elif f"{module}.".startswith(f"{imported}.") and _is_loaded(binding, imported, module):
                yield f"{bound}{module.removeprefix(imported)}.{name}"


def _is_loaded(binding: Binding, package: str, module: str) -> bool:
    """Whether a package's import brings a module of it: Regrow's does, others' if it names it."""
    return package == _OURS or any(
        isinstance(alias, ast.alias) and f"{alias.name}.".startswith(f"{module}.")
        for alias in binding.sources
    )


def _is_imported(file: SourceFile, binding: Binding, scope: ScopeNode, at: ast.AST) -> bool:
    """Whether an import of it has been made whenever `at` runs."""
    around = {at, *file.ancestors(at)}
    before = file.start(file.statement_of(at))
    later = isinstance(scope, ast.Module) and file.function_of(at) is not None
    for source in binding.sources:
        statement = file.parent(source)
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        block = file.parent(statement)
        if isinstance(block, ast.Try) and statement in block.body:
            block = file.parent(block)
        if block in around and (later or file.start(statement) < before):
            return True
    return False


def _is_free(file: SourceFile, name: str, scope: ScopeNode) -> bool:
    """Whether a module-level import may bind it, and is what `scope` sees then."""
    names = file.names
    return (
        names.binding(name, scope) is None
        and name not in names.bindings_of(file.tree)
        # Where it is read all the same something else brings it: `from x import *`, `globals()`.
        and not any(
            one.id == name and names.binding(name, names.scope_of(one)) is None
            for one in file.index.of(ast.Name)
        )
    )
