"""RG202 and RG204: a timeout where there was none."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from regrow.lint.fixes.patching import replaced, with_argument
from regrow.lint.fixes.spelling import spelled
from regrow.lint.model import Edit, Fix, Safety, no_fix

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

SECONDS: Final = 30
"""What the standard timeout table calls ``long``; short ones break what works."""


def with_own_timeout(file: SourceFile, call: ast.Call) -> Fix:
    """``timeout="default"`` for a call of Regrow's: the table decides, by server and handler."""
    return _with(file, call, 'timeout="default"', "Ask the timeout table")


def with_timeout(file: SourceFile, call: ast.Call) -> Fix:
    """Half a minute for a call of another library's that takes a ``timeout``."""
    return _with(file, call, f"timeout={SECONDS}", f"Wait {SECONDS} seconds at most")


def _with(file: SourceFile, call: ast.Call, argument: str, message: str) -> Fix:
    edit = with_argument(file, call, argument)
    if edit is None:
        return no_fix("a generator without parentheses can't stand beside a timeout")
    return Fix(message, (edit,), Safety.UNSAFE)


def bounded(file: SourceFile, call: ast.Call) -> Fix:
    """``asyncio.wait_for`` around an awaited call that takes no timeout itself."""
    name = spelled(file, "asyncio.wait_for", call)
    if isinstance(name, Fix):
        return name
    start, end = file.start(call), file.end(call)
    edits = (Edit(start, start, f"{name.text}("), Edit(end, end, f", timeout={SECONDS})"))
    return Fix(f"Wait {SECONDS} seconds at most", edits, Safety.UNSAFE, name.imports)


def finite(file: SourceFile, limit: ast.expr, *, is_ours: bool) -> Fix:
    """A name of the timeout table in the place of an endless timeout of a call of Regrow's."""
    if not is_ours:
        return no_fix("only you know how long this may take")
    return Fix("Ask the timeout table", (replaced(file, limit, '"default"'),), Safety.UNSAFE)
