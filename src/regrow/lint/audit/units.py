"""The tests, fixtures and helpers of a file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from regrow.lint.facts.marks import marks_in
from regrow.lint.file import SourceFile
from regrow.lint.nodes import DefNode, callee

_FIXTURES: Final = frozenset({"pytest.fixture", "pytest_asyncio.fixture", "pytest.yield_fixture"})


@dataclass(frozen=True, slots=True)
class Unit:
    """A function of a file of tests that stands in no other one.

    Attributes:
        name: With its class: ``TestOrders.test_pays``.
        node: The function.
        owner: The class that it stands in, None for none.
        is_test: Whether pytest or unittest runs it as a test.
        scope: The scope of a fixture, as ``session``; None for what is no fixture.
    """

    name: str
    node: DefNode
    owner: ast.ClassDef | None
    is_test: bool
    scope: str | None

    @property
    def first_line(self) -> int:
        """Its first line, decorators included."""
        return min([self.node.lineno, *(one.lineno for one in self.node.decorator_list)])

    def holds(self, line: int) -> bool:
        """Whether a line is one of its own."""
        return self.first_line <= line <= (self.node.end_lineno or self.node.lineno)


def units_of(file: SourceFile) -> tuple[Unit, ...]:
    """The functions of a file, and the methods of its classes."""
    return tuple(_below(file, file.tree.body, None))


def _below(file: SourceFile, body: list[ast.stmt], owner: ast.ClassDef | None) -> Iterator[Unit]:
    for node in body:
        if isinstance(node, DefNode):
            scope = _scope(file, node)
            is_test = node.name.startswith("test") and scope is None and _collects(file, owner)
            yield Unit(file.names.qualname_of(node), node, owner, is_test, scope)
        elif isinstance(node, ast.ClassDef):
            yield from _below(file, node.body, node)
        elif isinstance(node, ast.If | ast.Try | ast.With):
            yield from _below(file, node.body, owner)


def _collects(file: SourceFile, owner: ast.ClassDef | None) -> bool:
    """Whether what a class has is collected: pytest's ``Test*``, or a test case of unittest."""
    if owner is None or owner.name.startswith("Test"):
        return True
    return any((file.qualified(base) or "").endswith("TestCase") for base in owner.bases)


def _scope(file: SourceFile, node: DefNode) -> str | None:
    for decorator in node.decorator_list:
        named = callee(decorator)
        if file.qualified(named) in _FIXTURES:
            scope = file.argument(decorator, "scope") if isinstance(decorator, ast.Call) else None
            return (
                scope.value
                if isinstance(scope, ast.Constant) and isinstance(scope.value, str)
                else "function"
            )
    return None


def arguments_of(node: DefNode) -> frozenset[str]:
    """The fixtures that a test asks for by its parameters."""
    arguments = node.args
    return frozenset(one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs))


def marks_of(file: SourceFile, unit: Unit) -> Iterator[tuple[str, ast.expr]]:
    """The marks that a test carries, as ``timeout``, its own first, then its class's and the module's."""
    holders = [unit.node.decorator_list]
    if unit.owner is not None:
        holders += [unit.owner.decorator_list, list(marks_in(unit.owner.body))]
    holders.append(list(marks_in(file.tree.body)))
    for mark in (mark for holder in holders for mark in holder):
        named = file.qualified(callee(mark)) or ""
        if named.startswith("pytest.mark."):
            yield named.removeprefix("pytest.mark."), mark
