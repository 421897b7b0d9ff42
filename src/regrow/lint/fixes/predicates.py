"""Conditions that become predicates of `wait_for`: how they are written, and which can't be."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

_BUILTINS: Final = frozenset(
    {
        *("len", "all", "any", "sum", "isinstance", "issubclass", "callable", "hasattr", "getattr", "type"),
        *("str", "repr", "int", "float", "bool", "set", "list", "dict", "tuple", "frozenset", "sorted"),
        *("min", "max", "abs", "round"),
    }
)
_LOOKING: Final = re.compile(
    r"(?:is|has|can|get|count|num)_\w+|\w+_(?:count|exists)"
    r"|done|result|exception|cancelled|alive|locked|empty|full|qsize|get|keys|values|items|copy|exists|count"
    r"|index|startswith|endswith|strip|lower|upper|split|join|decode|encode|issubset|issuperset|getvalue"
    r"|read_text|read_bytes|stat|total_seconds"
)
_NOT_LOOKING: Final = frozenset({"get_nowait", "get_and_clear", "get_event_loop"})
_INVERSES: Final[dict[type[ast.cmpop], tuple[str, str]]] = {
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Lt: ("<", ">="),
    ast.GtE: (">=", "<"),
    ast.Gt: (">", "<="),
    ast.LtE: ("<=", ">"),
    ast.In: (r"in\b", "not in"),
    ast.NotIn: (r"not\s+in\b", "in"),
    ast.Is: (r"is\b", "is not"),
    ast.IsNot: (r"is\s+not\b", "is"),
}


def why_not(condition: ast.expr) -> str | None:
    """Why a condition can't stand in a ``lambda``; None if it can."""
    for one in ast.walk(condition):
        if isinstance(one, ast.Await) or (isinstance(one, ast.comprehension) and one.is_async):
            return "it awaits: give rt.wait_for an async def function"
        if isinstance(one, ast.NamedExpr | ast.Yield | ast.YieldFrom):
            return "it binds a name or yields, which a predicate can't"
    return "a tuple is always true" if isinstance(condition, ast.Tuple) else None


def why_not_again(file: SourceFile, condition: ast.expr) -> str | None:
    """Why a condition can't be asked again and again: it calls what may do more than look."""
    for one in ast.walk(condition):
        if not isinstance(one, ast.Call):
            continue
        function = one.func
        if isinstance(function, ast.Attribute):
            name, looks = function.attr, _LOOKING.fullmatch(function.attr) is not None
            looks = looks and name not in _NOT_LOOKING and not (name == "get" and not one.args)
        else:
            called = file.qualified(function) or ""
            name = file.segment(function)
            looks = called.startswith("builtins.") and called.removeprefix("builtins.") in _BUILTINS
        if not looks:
            return f"{name.splitlines()[0]}() would be called again and again"
    return None


def is_quick_to_hold(condition: ast.expr) -> bool:
    """Whether it is likely to be true before anything has happened: ``not x``, ``x == []``, ``x is None``."""
    if isinstance(condition, ast.BoolOp):
        return all(is_quick_to_hold(one) for one in condition.values)
    if isinstance(condition, ast.UnaryOp):
        return isinstance(condition.op, ast.Not)
    if not isinstance(condition, ast.Compare):
        return False
    operator, other = condition.ops[-1], condition.comparators[-1]
    if isinstance(operator, ast.NotIn | ast.Lt | ast.LtE):
        return True
    return isinstance(operator, ast.Eq | ast.Is) and is_nothing(other)


def is_nothing(node: ast.expr) -> bool:
    """Whether it is what things are before anything has happened: 0, None, an empty text or list."""
    if isinstance(node, ast.Constant):
        return not node.value
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return not node.elts
    return isinstance(node, ast.Dict) and not node.keys


def negated(file: SourceFile, condition: ast.expr) -> str:
    """Its opposite."""
    if isinstance(condition, ast.UnaryOp) and isinstance(condition.op, ast.Not):
        return file.segment(condition.operand)
    if isinstance(condition, ast.Compare) and len(condition.ops) == 1:
        pattern, inverse = _INVERSES[type(condition.ops[0])]
        content = file.text.content
        left, right = file.end(condition.left), file.start(condition.comparators[0])
        between, found = re.subn(pattern, inverse, content[left:right], count=1)
        if found:
            return content[file.start(condition) : left] + between + content[right : file.end(condition)]
    return f"not ({file.segment(condition)})"
