"""RG402: a cancellation is raised again."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from regrow.lint.facts.catching import CANCELLED, inside, kinds_of
from regrow.lint.facts.places import following
from regrow.lint.fixes.patching import indentation, is_alone, line_end, line_start, replaced
from regrow.lint.fixes.spelling import spelled
from regrow.lint.model import Edit, Fix, Safety, no_fix
from regrow.lint.names import last_name

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

_ALONE: Final = CANCELLED - {"builtins.BaseException"}
_WRAPPERS: Final = frozenset({"wait_for", "shield", "gather", "wait"})
_WHOSE: Final = "it may be the cancellation of what is awaited: ask asyncio.current_task().cancelling()"
_AT_END: Final = "Raise the cancellation again at the end of its handler"


def raise_again(file: SourceFile, handler: ast.ExceptHandler) -> Fix:
    """A handler of its own for the cancellation before this one; or a ``raise`` at the end of this one.

    Args:
        file: The file.
        handler: One that catches a cancellation, among others or alone, and never raises.
    """
    tried = file.parent(handler)
    if isinstance(tried, ast.Try | ast.TryStar) and _awaits_task(tried.body):
        return no_fix(_WHOSE)
    if handler.type is not None and all(file.qualified(one) in _ALONE for one in kinds_of(handler.type)):
        return _at_its_end(file, handler)
    content, start = file.text.content, file.start(handler)
    indent = content[line_start(content, start) : start]
    if indent.strip():
        return no_fix("the handler shares its line with other code")
    name = spelled(file, "trio.Cancelled" if _uses_trio(file) else "asyncio.CancelledError", handler)
    if isinstance(name, Fix):
        return name
    star = "*" if isinstance(file.parent(handler), ast.TryStar) else ""
    first = handler.body[0]
    step = (indentation(file, first) or "").removeprefix(indent) or "    "
    text = f"except{star} {name.text}:\n{indent}{step}raise\n{indent}"
    return Fix("Raise a cancellation again", (Edit(start, start, text),), Safety.UNSAFE, name.imports)


def _at_its_end(file: SourceFile, handler: ast.ExceptHandler) -> Fix:
    last = handler.body[-1]
    if isinstance(file.parent(handler), ast.TryStar) or _leaves_a_loop(file, last):
        return no_fix("what follows would be left out; put it into a finally, and raise")
    if isinstance(last, ast.Return | ast.Break | ast.Continue | ast.Pass):
        value = last.value if isinstance(last, ast.Return) else None
        if value is None or isinstance(value, ast.Constant | ast.Name | ast.Attribute):
            return Fix(_AT_END, (replaced(file, last, "raise"),), Safety.UNSAFE)
        return no_fix("it returns what only it knows; raise when that is done")
    end = file.end(last)
    if is_alone(file, last):
        end = line_end(file.text.content, end)
        return Fix(_AT_END, (Edit(end, end, f"\n{indentation(file, last)}raise"),), Safety.UNSAFE)
    if hasattr(last, "body"):
        return no_fix("the handler's last statement shares its line with others")
    return Fix(_AT_END, (Edit(end, end, "; raise"),), Safety.UNSAFE)


def _leaves_a_loop(file: SourceFile, last: ast.stmt) -> bool:
    if not isinstance(last, ast.Break):
        return False
    loop = next(one for one in file.ancestors(last) if isinstance(one, ast.For | ast.AsyncFor | ast.While))
    return next(following(file, loop), None) is not None


def stop_suppressing(file: SourceFile, call: ast.Call) -> Fix:
    """A cancellation taken out of what ``suppress`` names; what it names alone a human has to see to."""
    around = file.statement_of(call)
    if isinstance(around, ast.With) and _awaits_task(around.body):
        return no_fix(_WHOSE)
    kept = [one for one in call.args if file.qualified(one) not in CANCELLED]
    if not kept or len(kept) != len(call.args) - 1 or call.keywords:
        return no_fix("suppress would have nothing left to suppress")
    gone = next(number for number, one in enumerate(call.args) if one not in kept)
    if gone:
        start, end = file.end(call.args[gone - 1]), file.end(call.args[gone])
    else:
        start, end = file.start(call.args[0]), file.start(call.args[1])
    return Fix("Let a cancellation be raised", (Edit(start, end, ""),), Safety.UNSAFE)


def _awaits_task(body: list[ast.stmt]) -> bool:
    """Whether a task or future is awaited that others have, whose own cancellation it may be."""
    for one in inside(body):
        value = one.value if isinstance(one, ast.Await) else None
        if isinstance(value, ast.Call) and value.args:
            value = value.args[0] if last_name(value.func) in _WRAPPERS else None
        if isinstance(value, ast.Name | ast.Attribute | ast.Subscript | ast.Starred):
            return True
    return False


def _uses_trio(file: SourceFile) -> bool:
    return "trio" in file.libraries and "asyncio" not in file.libraries
