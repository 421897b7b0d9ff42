"""RG603: a server is asked by a call that returns what the test looks at."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from regrow.lint.facts.addresses import ADDRESSES
from regrow.lint.facts.queries import query
from regrow.lint.fixes.patching import replaced
from regrow.lint.model import Edit, Fix, Safety, no_fix
from regrow.lint.names import FUNCTIONS

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

_STARTING: Final = "start_supervised"
_TEXTS: Final = frozenset({"JoinedStr", "TemplateStr"})  # Pythons don't agree on places in them
_INNER: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda, ast.ClassDef)
_MORE: Final = "the test does more with it than look: only you know what callers see of that"
_NOT_HERE: Final = "nobody can await here: ask for it in a line before"


def asked(file: SourceFile, look: ast.Attribute) -> Fix | None:
    """The call in the place of the look; None where no server is known that has one.

    An object of the class itself has its method called; whose address it is gets a message.
    """
    kind = file.type_of(look.value)
    call = None if kind is None else query(file, kind, look.attr)
    if call is not None:
        if not _is_read(file, look):
            return no_fix(_MORE)
        end = file.end(look)
        edit = Edit(end - len(look.attr), end, f"{call}()")
        return Fix("Call the method that returns it", (edit,), Safety.UNSAFE)
    server = _server(file, look.value)
    name = None if server is None else file.qualified(server)
    call = None if name is None else query(file, name, look.attr)
    if server is None or call is None:
        return None
    if not _is_read(file, look):
        return no_fix(_MORE)
    if not _can_await(file, look):
        return no_fix(_NOT_HERE)
    message = f"{file.segment(server)}.{call}()"
    text = f'await {file.segment(look.value)}.call({message}, timeout="default")'
    if isinstance(file.parent(look), ast.Subscript):
        text = f"({text})"
    return Fix("Ask the server by a call", (replaced(file, look, text),), Safety.UNSAFE)


def _server(file: SourceFile, owner: ast.expr) -> ast.Name | ast.Attribute | None:
    """The class of the server whose address a variable is, where an annotation or its start names it."""
    sources = list(file.types.sources(owner)) if isinstance(owner, ast.Name) else []
    named = _named(file, sources[0]) if len(sources) == 1 else None
    return named if isinstance(named, ast.Name | ast.Attribute) else None


def _named(file: SourceFile, source: ast.AST) -> ast.expr | None:
    parent = file.parent(source)
    if isinstance(source, ast.arg):
        return _addressed(file, source.annotation)
    if isinstance(parent, ast.AnnAssign):
        return _addressed(file, parent.annotation)
    awaited = parent.value if isinstance(parent, ast.Assign) else None
    call = awaited.value if isinstance(awaited, ast.Await) else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == _STARTING:
        return file.argument(call, "target", 0)
    return None


def _addressed(file: SourceFile, annotation: ast.expr | None) -> ast.expr | None:
    if isinstance(annotation, ast.Subscript) and file.qualified(annotation.value) in ADDRESSES:
        return annotation.slice
    return None


def _is_read(file: SourceFile, look: ast.Attribute) -> bool:
    """Whether the value is read where its place in the text is known, and nothing is done to it."""
    parent = file.parent(look)
    is_changed = isinstance(parent, ast.Subscript) and not isinstance(parent.ctx, ast.Load)
    is_used = isinstance(parent, ast.Attribute) or (isinstance(parent, ast.Call) and parent.func is look)
    in_text = any(type(one).__name__ in _TEXTS for one in file.ancestors(look))
    return isinstance(look.ctx, ast.Load) and not (is_changed or is_used or in_text)


def _can_await(file: SourceFile, look: ast.Attribute) -> bool:
    for one in file.ancestors(look):
        if isinstance(one, _INNER):
            return False
        if isinstance(one, FUNCTIONS):
            return isinstance(one, ast.AsyncFunctionDef)
    return False
