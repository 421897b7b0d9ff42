"""One branch of an ``if`` in the place of all."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from regrow.lint.fixes.patching import (
    has_comment,
    has_long_text,
    indentation,
    is_alone,
    line_end,
    line_start,
    without_statement,
)
from regrow.lint.model import Edit, Fix, Safety, no_fix
from regrow.lint.nodes import DefNode

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

_ELSE: Final = re.compile(r"^[ \t]*(else)\s*:", re.MULTILINE)
_LOST: Final = "a comment would be lost with the branch that goes"


def only_branch(file: SourceFile, choice: ast.If, message: str, *, value: bool) -> Fix:
    """The branch that is run when the condition is `value`, indented as the ``if`` was.

    Args:
        file: The file.
        choice: The ``if``, or an ``elif``.
        message: What the fix does.
        value: What the condition always is.
    """
    if not is_alone(file, choice) or any(indentation(file, one) is None for one in choice.body[:1]):
        return no_fix("the branches share their lines with other code")
    if _declares(file, choice.orelse if value else choice.body):
        return no_fix("what goes declares a variable that functions share")
    if file.text.content.startswith("elif", file.start(choice)):
        edits = _of_elif(file, choice, value=value)
    else:
        edits = _of_if(file, choice, value=value)
    if isinstance(edits, str):
        return no_fix(edits)
    return Fix(message, edits, Safety.UNSAFE)


def _declares(file: SourceFile, gone: list[ast.stmt]) -> bool:
    """Whether statements say ``global`` or ``nonlocal``, or name what another function calls ``nonlocal``."""
    shared = {name for one in file.index.of(ast.Nonlocal) for name in one.names}
    return any(
        isinstance(one, ast.Global | ast.Nonlocal) or (isinstance(one, ast.Name) and one.id in shared)
        for statement in gone
        for one in ast.walk(statement)
    )


def _of_if(file: SourceFile, choice: ast.If, *, value: bool) -> tuple[Edit, ...] | str:
    start, end = file.start(choice), file.end(choice)
    if not value and not choice.orelse:
        edit = without_statement(file, choice)
        assert edit is not None
        return _LOST if has_comment(file, start, end) else (edit,)
    if not value and (other := _elif_of(file, choice)) is not None:
        at = file.start(other)
        return _LOST if has_comment(file, start, at) else (Edit(start, at + len("elif"), "if"),)
    kept = choice.body if value else choice.orelse
    first, last = _span(file, choice, kept)
    if has_comment(file, start, first) or has_comment(file, last, end):
        return _LOST
    content = file.text.content
    text = _dedented(file, choice, kept, content[first:last])
    if text is None:
        return "a text of several lines would be indented differently"
    return (Edit(start, max(last, end), text.lstrip()),)


def _of_elif(file: SourceFile, choice: ast.If, *, value: bool) -> tuple[Edit, ...] | str:
    content, start, end = file.text.content, file.start(choice), file.end(choice)
    if value:
        colon = content.index(":", file.end(choice.test))
        _, last = _span(file, choice, choice.body)
        if has_comment(file, last, end) or has_comment(file, start, colon):
            return _LOST
        header = Edit(start, colon, "else")
        return (header,) if last >= end else (header, Edit(last, end, ""))
    other = _elif_of(file, choice)
    next_ = _else_of(file, choice) if other is None else file.start(other)
    if next_ is not None:
        return _LOST if has_comment(file, start, next_) else (Edit(start, next_, ""),)
    before = line_start(content, start) - 1
    return _LOST if has_comment(file, start, line_end(content, end)) else (Edit(before, end, ""),)


def _elif_of(file: SourceFile, choice: ast.If) -> ast.If | None:
    if len(choice.orelse) == 1 and isinstance(other := choice.orelse[0], ast.If):
        return other if file.text.content.startswith("elif", file.start(other)) else None
    return None


def _else_of(file: SourceFile, choice: ast.If) -> int | None:
    if not choice.orelse:
        return None
    found = _ELSE.search(file.text.content, file.end(choice.body[-1]), _first_of(file, choice.orelse[0]))
    return None if found is None else found.start(1)


def _span(file: SourceFile, choice: ast.If, kept: list[ast.stmt]) -> tuple[int, int]:
    """A branch with the comments above its first statement and behind its last one."""
    content = file.text.content
    start = _first_of(file, kept[0])
    lowest = file.end(choice.test) if kept is choice.body else (_else_of(file, choice) or 0)
    at = line_start(content, start)
    while at > 0 and line_start(content, at - 1) > lowest:
        line = content[line_start(content, at - 1) : at].strip()
        if line and not line.startswith("#"):
            break
        at = line_start(content, at - 1)
    last = line_end(content, file.end(kept[-1]))
    return (at if indentation(file, kept[0]) is not None else start), last


def _first_of(file: SourceFile, statement: ast.stmt) -> int:
    """Where a statement begins, its decorators included."""
    if isinstance(statement, DefNode | ast.ClassDef):
        for decorator in statement.decorator_list[:1]:
            return file.text.content.rindex("@", 0, file.start(decorator))
    return file.start(statement)


def _dedented(file: SourceFile, choice: ast.If, kept: list[ast.stmt], text: str) -> str | None:
    if has_long_text(kept):
        return None
    outer = indentation(file, choice) or ""
    inner = indentation(file, kept[0])
    if inner is None:
        return text
    lines = text.split("\n")
    return "\n".join(outer + line.removeprefix(inner) if line.startswith(inner) else line for line in lines)
