"""Loops that ask again and again whether something came true."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, TypeAlias

from regrow.lint.names import last_name
from regrow.lint.nodes import DefNode

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

Loop: TypeAlias = ast.While | ast.For | ast.AsyncFor

_CLOCKS: Final = frozenset({"time.monotonic", "time.time", "time.perf_counter"})
_READS: Final = frozenset({"read", "readline", "readexactly", "recv", "receive"})


def polling_loop(file: SourceFile, call: ast.Call) -> Loop | None:
    """The loop that asks again and again whether something came true, sleeping in between; None if none.

    It is a ``while`` with a condition, or a loop that a ``break`` or ``return`` under an ``if`` or in a
    ``try`` leaves. One that counts its own rounds, runs for some time, reads data, sleeps until a time, or
    works in a thread or task of its own until it is told to stop is none.
    """
    for one in file.ancestors(call):
        if isinstance(one, DefNode | ast.Lambda | ast.ClassDef):
            return None
        if isinstance(one, ast.While):
            if _works_until_told(file, call, one):
                return None
            asks = not isinstance(one.test, ast.Constant) and not _runs_on_its_own(file, one)
            polls = (asks or _leaves(one.body)) and not _reads(one) and not _sleeps_until(file, call, one)
            return one if polls else None
        if isinstance(one, ast.For | ast.AsyncFor):
            counts = file.is_called(one.iter, ("builtins.range", "itertools.count"))
            return one if counts and _leaves(one.body) else None
    return None


def is_pace(file: SourceFile, call: ast.Call) -> bool:
    """Whether a sleep is the pace of a thread or task that works until it is told to stop."""
    for one in file.ancestors(call):
        if isinstance(one, DefNode | ast.Lambda | ast.ClassDef | ast.For):
            return False
        if isinstance(one, ast.While):
            return _works_until_told(file, call, one)
    return False


def _runs_on_its_own(file: SourceFile, loop: ast.While) -> bool:
    """Whether its condition is about the clock and about what it counts itself alone."""
    own = {ast.unparse(target) for target, value in _stores(loop) if not _calls_anything(value)}
    parts = loop.test.values if isinstance(loop.test, ast.BoolOp) else [loop.test]
    return all(_asks_clock(file, part) or _asks_only(part, own) for part in parts)


def _works_until_told(file: SourceFile, call: ast.Call, loop: ast.While) -> bool:
    """Whether a thread or task of its own does more than sleep, until a flag stops it."""
    test = loop.test.operand if isinstance(loop.test, ast.UnaryOp) else loop.test
    if isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute) and test.func.attr == "is_set":
        test = test.func.value
    function = file.function_of(loop)
    return (
        isinstance(loop.test, ast.UnaryOp)
        and isinstance(test, ast.Name | ast.Attribute)
        and isinstance(function, DefNode)
        and any(isinstance(one, ast.Call) and one is not call for part in loop.body for one in ast.walk(part))
        and _is_handed_on(file, function.name)
    )


def _is_handed_on(file: SourceFile, name: str) -> bool:
    """Whether the file gives the function to somebody who calls it: `Thread(target=work)`."""
    kinds: tuple[type[ast.Name | ast.Attribute], ...] = (ast.Attribute, ast.Name)
    return any(
        last_name(one) == name
        and isinstance(file.parent(one), ast.Call | ast.keyword)
        and getattr(file.parent(one), "func", None) is not one
        for kind in kinds
        for one in file.index.of(kind)
    )


def _stores(loop: ast.While) -> Iterator[tuple[ast.expr, ast.expr]]:
    for one in ast.walk(loop):
        if isinstance(one, ast.Assign):
            yield from ((target, one.value) for target in one.targets)
        elif isinstance(one, ast.AugAssign):
            yield one.target, one.value


def _calls_anything(value: ast.expr) -> bool:
    return any(
        isinstance(one, ast.Call | ast.Await | ast.Constant) and _is_news(one) for one in ast.walk(value)
    )


def _is_news(node: ast.Call | ast.Await | ast.Constant) -> bool:
    """Whether it tells of something outside; a flag (`done = True`) does."""
    return not isinstance(node, ast.Constant) or isinstance(node.value, bool)


def _asks_clock(file: SourceFile, part: ast.expr) -> bool:
    return isinstance(part, ast.Compare) and _looks_at_clock(file, part)


def _looks_at_clock(file: SourceFile, node: ast.expr) -> bool:
    return any(file.is_called(one, _CLOCKS) for one in ast.walk(node))


def _asks_only(part: ast.expr, own: set[str]) -> bool:
    """Whether all that changes in it is what the loop itself counts; there has to be something."""
    if isinstance(part, ast.Compare):
        return ast.unparse(part.left) in own and all(
            isinstance(one, ast.Constant | ast.Name) for one in part.comparators
        )
    return isinstance(part, ast.Name | ast.Attribute) and ast.unparse(part) in own


def _reads(loop: ast.While) -> bool:
    """Whether each round begins with data: a slow reader."""
    first = loop.body[0]
    value = first.value if isinstance(first, ast.Assign) else None
    called = value.value if isinstance(value, ast.Await) else value
    return isinstance(called, ast.Call) and last_name(called.func) in _READS


def _sleeps_until(file: SourceFile, call: ast.Call, loop: ast.While) -> bool:
    """Whether what it sleeps is what is left by the clock."""
    delay = file.argument(call, "delay", 0)
    if not isinstance(delay, ast.Name):
        return False
    return any(
        isinstance(target, ast.Name) and target.id == delay.id and _looks_at_clock(file, value)
        for target, value in _stores(loop)
    )


def _leaves(body: list[ast.stmt]) -> bool:
    """Whether something in a loop's own body leaves it on a condition."""
    for statement in body:
        if isinstance(statement, ast.Break | ast.Return):
            return True
        if isinstance(statement, ast.If) and _leaves(statement.body + statement.orelse):
            return True
        if isinstance(statement, ast.Try | ast.TryStar):
            inner = statement.body + statement.orelse + statement.finalbody
            if _leaves(inner) or any(_leaves(handler.body) for handler in statement.handlers):
                return True
        if isinstance(statement, ast.With | ast.AsyncWith) and _leaves(statement.body):
            return True
    return False
