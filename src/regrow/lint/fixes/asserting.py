"""Assertions, written as statements or as unittest's methods, as conditions."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from regrow.lint.fixes.patching import has_comment, is_alone
from regrow.lint.fixes.predicates import is_nothing, is_quick_to_hold

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

_OPERATORS: Final = {
    "assertEqual": "==",
    "assertEquals": "==",
    "assertListEqual": "==",
    "assertDictEqual": "==",
    "assertNotEqual": "!=",
    "assertIs": "is",
    "assertIsNot": "is not",
    "assertIn": "in",
    "assertNotIn": "not in",
    "assertGreater": ">",
    "assertGreaterEqual": ">=",
    "assertLess": "<",
    "assertLessEqual": "<=",
}
_TESTS: Final = {
    "assertTrue": "{}",
    "assertFalse": "not {}",
    "assertIsNotNone": "{} is not None",
    "assertIsNone": "{} is None",
}
_QUICK: Final = frozenset({"assertFalse", "assertIsNone", "assertNotIn", "assertLess", "assertLessEqual"})
_LOOSE: Final = (ast.Compare, ast.BoolOp, ast.IfExp, ast.Lambda, ast.NamedExpr, ast.Starred)


class Assertion(NamedTuple):
    """One assertion.

    Attributes:
        statement: Where it is made.
        parts: The expressions that it looks at.
        text: The condition.
        message: What it says if it fails; None if it says nothing of its own.
        is_quick: Whether it is likely to hold before anything has happened.
        is_plain: Whether nothing but the condition stands in it: neither a comment nor other code.
    """

    statement: ast.stmt
    parts: tuple[ast.expr, ...]
    text: str
    message: ast.expr | None
    is_quick: bool
    is_plain: bool


def assertions(file: SourceFile, statements: Sequence[ast.stmt]) -> Iterator[Assertion]:
    """Those that come first, without a gap."""
    for statement in statements:
        one = _statement(file, statement) if isinstance(statement, ast.Assert) else _method(file, statement)
        if one is None:
            return
        yield one


def _statement(file: SourceFile, statement: ast.Assert) -> Assertion:
    test = statement.test
    start, end = file.start(statement), file.end(statement)
    is_plain = is_alone(file, statement) and not (
        has_comment(file, start, file.start(test)) or has_comment(file, file.end(test), end)
    )
    text = file.segment(test)
    return Assertion(statement, (test,), text, statement.msg, is_quick_to_hold(test), is_plain)


def _method(file: SourceFile, statement: ast.stmt) -> Assertion | None:
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or call.keywords:
        return None
    owner, name = call.func.value, call.func.attr
    if not isinstance(owner, ast.Name) or owner.id != "self":
        return None
    count = 2 if name in _OPERATORS else 1 if name in _TESTS else 0
    if not count or not count <= len(call.args) <= count + 1:
        return None
    parts = tuple(call.args[:count])
    texts = [_operand(file, part) for part in parts]
    if name in _TESTS:
        text = _TESTS[name].format(*texts) if name != "assertTrue" else file.segment(parts[0])
    else:
        text = f" {_OPERATORS[name]} ".join(texts)
    quick = name in _QUICK or (name in _OPERATORS and "Equal" in name and any(map(is_nothing, parts)))
    if name == "assertTrue":
        quick = is_quick_to_hold(parts[0])
    message = call.args[count] if len(call.args) > count else None
    plain = is_alone(file, statement) and not has_comment(file, file.start(call), file.end(call))
    return Assertion(statement, parts, text, message, quick, plain)


def _operand(file: SourceFile, node: ast.expr) -> str:
    loose = isinstance(node, _LOOSE) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not))
    return f"({file.segment(node)})" if loose else file.segment(node)


def joined(found: Sequence[Assertion]) -> str:
    """All of them at once."""
    if len(found) == 1:
        return found[0].text
    texts: list[str] = []
    for one in found:
        first = one.parts[0]
        loose = len(one.parts) == 1 and (
            isinstance(first, ast.IfExp | ast.Lambda)
            or (isinstance(first, ast.BoolOp) and isinstance(first.op, ast.Or))
        )
        texts.append(f"({one.text})" if loose else one.text)
    return " and ".join(texts)
