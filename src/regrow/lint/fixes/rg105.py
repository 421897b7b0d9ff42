"""RG105: the branch of production is kept, the one of tests is taken out."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, TypeAlias

from regrow.lint.fixes.branches import only_branch
from regrow.lint.fixes.patching import has_comment, in_parentheses, replaced
from regrow.lint.model import Edit, Fix, Safety, no_fix

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

Known: TypeAlias = tuple[ast.expr, bool]
"""A condition, and what it is in production."""

_MESSAGE: Final = "Keep what runs in production"


def keep_production(file: SourceFile, node: ast.expr) -> Fix:
    """The code as it is where no test runs.

    Args:
        file: The file.
        node: What the rule found: a flag, or the constant in a question.
    """
    known = _question(file, node)
    if known is None:
        return no_fix("what it says in production isn't known")
    condition, value = known
    parent = file.parent(condition)
    while isinstance(parent, ast.UnaryOp | ast.BoolOp):
        if isinstance(parent, ast.UnaryOp):
            if not isinstance(parent.op, ast.Not):
                break
            value = not value
        elif value is isinstance(parent.op, ast.And):  # the others decide
            return _without_operand(file, parent, condition)
        condition, parent = parent, file.parent(parent)
    if isinstance(parent, ast.IfExp) and parent.test is condition:
        return _only_value(file, parent, value=value)
    if isinstance(parent, ast.If) and parent.test is condition:
        return only_branch(file, parent, _MESSAGE, value=value)
    return no_fix("what goes by it has to go, too")


def _question(file: SourceFile, node: ast.expr) -> Known | None:
    if isinstance(node, ast.Name | ast.Attribute):
        return node, False
    parent = file.parent(node)
    if isinstance(parent, ast.Compare):
        return _compared(parent)
    if not isinstance(parent, ast.Call):
        return None
    around = file.parent(parent)  # os.getenv("PYTEST_VERSION") is not None
    if not isinstance(around, ast.Compare):
        return parent, False
    none = around.comparators[0]
    if (
        isinstance(around.ops[0], ast.Is | ast.IsNot)
        and isinstance(none, ast.Constant)
        and none.value is None
    ):
        return around, isinstance(around.ops[0], ast.Is)
    return None


def _compared(question: ast.Compare) -> Known | None:
    if len(question.ops) != 1:
        return None
    if isinstance(question.ops[0], ast.In | ast.Eq):
        return question, False
    return (question, True) if isinstance(question.ops[0], ast.NotIn | ast.NotEq) else None


def _without_operand(file: SourceFile, operation: ast.BoolOp, operand: ast.expr) -> Fix:
    values = operation.values
    at = values.index(operand)
    if at:
        start, end = file.end(values[at - 1]), file.end(operand)
    else:
        start, end = file.start(operand), file.start(values[1])
    between = file.text.content[start:end].replace(file.segment(operand), "")
    if has_comment(file, start, end) or set(between) & set("()"):
        return no_fix("a comment or a parenthesis stands beside the question")
    return Fix(_MESSAGE, (Edit(start, end, ""),), Safety.UNSAFE)


def _only_value(file: SourceFile, choice: ast.IfExp, *, value: bool) -> Fix:
    kept = choice.body if value else choice.orelse
    if has_comment(file, file.start(choice), file.end(choice)):
        return no_fix("a comment stands in the choice")
    return Fix(_MESSAGE, (replaced(file, choice, in_parentheses(file, kept)),), Safety.UNSAFE)
