"""The fix of RG205: monitors that are managed, or said to live long."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from regrow.lint.fixes.patching import block_of, has_long_text, is_alone, line_end, replaced, with_argument
from regrow.lint.fixes.spelling import spelled
from regrow.lint.model import Edit, Fix, Safety, no_fix

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile


def managed(file: SourceFile, call: ast.Call) -> Fix:
    """``long_lived=True`` in an ``init``, ``with rg.monitoring(...)`` around what follows in a function."""
    function = file.function_of(call)
    if file.argument(call, "long_lived") is not None:
        return no_fix("the call says long_lived=False: say how long it is to live")
    if function is not None and isinstance(file.parent(function), ast.ClassDef):
        if isinstance(function, ast.Lambda) or function.name != "init":
            return no_fix("only a human knows when this monitor is to end: keep it for rg.demonitor")
        edit = with_argument(file, call, "long_lived=True")
        if edit is None:
            return no_fix("a generator without parentheses leaves no room for an argument")
        return Fix("Say that the monitor lives as long as its process", (edit,), Safety.UNSAFE)
    return _monitoring(file, call)


def _monitoring(file: SourceFile, call: ast.Call) -> Fix:
    statement = file.statement_of(call)
    block = block_of(file, statement)
    rest = block[block.index(statement) + 1 :]
    if file.function_of(call) is None or not isinstance(statement, ast.Expr) or not rest:
        return no_fix("nothing follows that the monitor could be for")
    if not all(is_alone(file, one) for one in (statement, *rest)) or has_long_text(rest):
        return no_fix("what follows can't be indented: two statements in a line, or a text of several lines")
    name = spelled(file, "regrow.monitoring", call)
    if isinstance(name, Fix):
        return name
    end = file.end(call)
    edits = [replaced(file, call.func, f"with {name.text}"), Edit(end, end, ":")]
    content = file.text.content
    at = line_end(content, file.end(statement)) + 1
    stop = file.end(rest[-1])
    while at < stop:
        following = content.find("\n", at) + 1 or stop
        if content[at:following].strip():
            edits.append(Edit(at, at, "    "))
        at = following
    return Fix("Release the monitor after what follows", tuple(edits), Safety.UNSAFE, name.imports)
