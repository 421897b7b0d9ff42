"""Edits that fixes are made of: arguments, statements, lines."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, cast

from regrow.lint.model import Edit

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

_TEXTS: Final = frozenset({"Constant", "JoinedStr", "TemplateStr"})  # the last one from Python 3.14 on
_NEED_PARENTHESES: Final = (ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.Lambda, ast.IfExp)


def replaced(file: SourceFile, node: ast.expr | ast.stmt | ast.keyword, text: str) -> Edit:
    """Another text in the place of a node."""
    return Edit(file.start(node), file.end(node), text)


def with_argument(file: SourceFile, call: ast.Call, argument: str) -> Edit | None:
    """One more argument at the end of a call's, or several; None beside a generator without parentheses."""
    if any(isinstance(one, ast.GeneratorExp) for one in call.args):
        return None
    content, end = file.text.content, file.end(call) - 1
    given: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    last = max(given, key=file.end, default=None)
    if last is None:
        return Edit(end, end, argument)
    rest = [line.partition("#")[0] for line in content[file.end(last) : end].split("\n")]
    has_comma = "," in "".join(rest)
    if has_comma and len(rest) > 1 and not rest[-1].strip():  # the parenthesis stands in a line of its own
        start = line_start(content, file.start(last))
        indent = content[start : file.start(last)]
        if not indent.strip():
            at = line_start(content, end)
            return Edit(at, at, f"{indent}{argument},\n")
    if has_comma:
        return Edit(end, end, f" {argument}" if content[end - 1] == "," else argument)
    at = end if "".join(rest).strip() else file.end(last)  # `(f)(\n    (x)\n)`
    return Edit(at, at, f", {argument}")


def in_parentheses(file: SourceFile, node: ast.expr) -> str:
    """An expression's source, such that it can stand where another expression stood."""
    text = file.segment(node)
    return f"({text})" if "\n" in text or isinstance(node, _NEED_PARENTHESES) else text


# -- statements ------------------------------------------------------------------------------------


def indentation(file: SourceFile, statement: ast.stmt) -> str | None:
    """What stands before a statement in its line; None if that is another one: ``if x: y``."""
    content, start = file.text.content, file.start(statement)
    before = content[line_start(content, start) : start]
    return before if not before.strip() else None


def is_alone(file: SourceFile, statement: ast.stmt) -> bool:
    """Whether nothing but a comment stands in a statement's lines beside it."""
    content, end = file.text.content, file.end(statement)
    after = content[end : line_end(content, end)].strip()
    return indentation(file, statement) is not None and (not after or after.startswith("#"))


def block_of(file: SourceFile, statement: ast.stmt) -> list[ast.stmt]:
    """The statements that it stands among, itself included."""
    parent = file.parent(statement)
    for field in ("body", "orelse", "finalbody"):
        block = cast("list[ast.stmt] | ast.expr | None", getattr(parent, field, None))
        if isinstance(block, list) and statement in block:
            return block
    return [statement]


def without_statement(file: SourceFile, statement: ast.stmt) -> Edit | None:
    """A statement taken out with its lines; ``pass`` is left where it stood alone.

    A comment behind it stays. None where it shares its line with another one.
    """
    if not is_alone(file, statement):
        return None
    content, start, end = file.text.content, file.start(statement), file.end(statement)
    if block_of(file, statement) == [statement]:
        return Edit(start, end, "pass")
    if content[end : line_end(content, end)].strip():  # a comment
        return Edit(start, end + len(content[end:]) - len(content[end:].lstrip(" \t")), "")
    return Edit(line_start(content, start), min(line_end(content, end) + 1, len(content)), "")


def has_long_text(statements: Sequence[ast.stmt]) -> bool:
    """Whether a text of several lines stands in them, which other indentation would change."""
    return any(
        isinstance(one, ast.expr) and type(one).__name__ in _TEXTS and one.lineno != one.end_lineno
        for statement in statements
        for one in ast.walk(statement)
    )


def line_start(content: str, offset: int) -> int:
    """The offset of the first character of the line that a character stands in."""
    return content.rfind("\n", 0, offset) + 1


def line_end(content: str, offset: int) -> int:
    """The offset of the end of the line that a character stands in."""
    end = content.find("\n", offset)
    return len(content) if end < 0 else end


def has_comment(file: SourceFile, start: int, end: int) -> bool:
    """Whether a comment begins between two offsets."""
    if "#" not in file.text.content[start:end]:
        return False
    at = bisect_left(file.comments, (start, ""))
    return at < len(file.comments) and file.comments[at][0] < end
