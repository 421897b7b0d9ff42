"""Light type tracking: which class a value is of, as far as the file itself says so."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from regrow.lint.names import FUNCTIONS, Names

_WRAPPERS: Final = frozenset(
    {
        *("typing.Optional", "typing.Annotated", "typing.Final", "typing.ClassVar", "typing.Required"),
        *("typing_extensions.Annotated", "typing_extensions.Final", "typing.Type", "typing.Awaitable"),
    }
)


class Types:
    """The class of a name or attribute.

    It is told by annotations, ``x = Class()``, ``with Class() as x`` and what methods assign to ``self.x``.

    Args:
        names: The module's names.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self._parents = names.index.parents
        self._attributes: dict[ast.ClassDef, dict[str, list[ast.AST]]] = {}
        self._assigned: dict[ast.ClassDef, list[ast.Attribute]] | None = None
        self._open: set[ast.AST] = set()
        self._told: dict[ast.expr, str | None] = {}

    def type_of(self, node: ast.expr) -> str | None:
        """The qualified class of an expression's value, or the factory that made it; None if unsaid.

        ``x: Queue`` and ``x = Queue()`` give ``asyncio.Queue``; ``nursery = trio.open_nursery()``, also in a
        ``with``, gives ``trio.open_nursery``; ``ref = system.ref("x")`` gives ``regrow.System.ref``. Where
        two places disagree there is no answer.
        """
        if node in self._told:
            return self._told[node]
        if node in self._open:  # x = x.y
            return None
        self._open.add(node)
        try:
            kinds = {kind for source in self.sources(node) if (kind := self._of_source(source)) != "None"}
        finally:
            self._open.discard(node)
        kind = kinds.pop() if len(kinds) == 1 else None
        if not self._open:  # else it may be the middle of a circle
            self._told[node] = kind
        return kind

    def sources(self, node: ast.expr) -> Iterator[ast.AST]:
        """The nodes that bind a variable or an attribute of ``self``; a call itself."""
        if isinstance(node, ast.Name):
            found = self._names.binding(node.id, self._names.scope_of(node))
            if found is not None:
                yield from found[1].sources
        elif isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and (owner := self.own_class(node.value)) is not None:
                yield from self.attributes(owner).get(node.attr, ())
        elif isinstance(node, ast.Call | ast.Await):
            yield node

    def own_class(self, name: ast.Name) -> ast.ClassDef | None:
        """The class whose method's first parameter (``self``) this name is."""
        found = self._names.binding(name.id, self._names.scope_of(name))
        if found is None or len(found[1].sources) != 1:
            return None
        arguments = self._parents.get(found[1].sources[0])
        function = self._parents.get(arguments) if arguments is not None else None
        if not isinstance(arguments, ast.arguments) or not isinstance(function, FUNCTIONS):
            return None
        first = (arguments.posonlyargs + arguments.args)[:1]
        owner = self._parents.get(function)
        return owner if first == found[1].sources and isinstance(owner, ast.ClassDef) else None

    def attributes(self, owner: ast.ClassDef) -> dict[str, list[ast.AST]]:
        """The nodes that say what a class's attributes are: ``self.x = ...``, ``x: X`` in its body."""
        if owner not in self._attributes:
            known: dict[str, list[ast.AST]] = {}
            for attribute in self._assignments().get(owner, ()):
                known.setdefault(attribute.attr, []).append(attribute)
            for statement in owner.body:
                if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                    known.setdefault(statement.target.id, []).append(statement.target)
            self._attributes[owner] = known
        return self._attributes[owner]

    def _assignments(self) -> dict[ast.ClassDef, list[ast.Attribute]]:
        """The places where methods assign to attributes of ``self``, by their classes."""
        if self._assigned is None:
            self._assigned = {}
            for target in self._names.changed:
                if not isinstance(target, ast.Attribute) or isinstance(target.ctx, ast.Del):
                    continue
                if isinstance(target.value, ast.Name):
                    owner = self.own_class(target.value)
                    if owner is not None:
                        self._assigned.setdefault(owner, []).append(target)
        return self._assigned

    def _of_source(self, source: ast.AST) -> str | None:
        if isinstance(source, ast.arg):
            return self.annotated(source.annotation)
        if isinstance(source, ast.Call | ast.Await):
            return self._made_by(source)
        parent = self._parents.get(source)
        if isinstance(parent, ast.AnnAssign):
            return self.annotated(parent.annotation)
        if isinstance(parent, ast.Assign | ast.NamedExpr):
            return self._made_by(parent.value)
        if isinstance(parent, ast.withitem) and parent.optional_vars is source:
            return self._made_by(parent.context_expr)
        return None

    def _made_by(self, value: ast.expr) -> str | None:
        if isinstance(value, ast.Await):
            value = value.value
        if isinstance(value, ast.Constant) and value.value is None:
            return "None"
        if isinstance(value, ast.Call):
            made = value.func.value if isinstance(value.func, ast.Subscript) else value.func
            return self._names.qualified(made) or self._method(made)
        if isinstance(value, ast.BoolOp):  # queue or Queue()
            return self._made_by(value.values[-1])
        if isinstance(value, ast.Name | ast.Attribute):
            return self.type_of(value)
        return None

    def _method(self, function: ast.expr) -> str | None:
        if not isinstance(function, ast.Attribute):
            return None
        owner = self.type_of(function.value)
        return f"{owner}.{function.attr}" if owner is not None else None

    def annotated(self, node: ast.expr | None) -> str | None:
        """The class that an annotation names: ``"Queue[int] | None"`` gives ``asyncio.Queue``."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return self._quoted(node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            sides = {kind for side in (node.left, node.right) if (kind := self.annotated(side)) != "None"}
            return sides.pop() if len(sides) == 1 else None
        if isinstance(node, ast.Constant) and node.value is None:
            return "None"
        if isinstance(node, ast.Subscript):
            outer = self._names.qualified(node.value)
            if outer not in _WRAPPERS:
                return outer
            several = isinstance(node.slice, ast.Tuple) and node.slice.elts
            return self.annotated(several[0] if several else node.slice)
        return None if node is None else self._names.qualified(node)

    def _quoted(self, node: ast.Constant) -> str | None:
        try:
            parsed = ast.parse(str(node.value), mode="eval").body
        except (SyntaxError, ValueError):
            return None
        for one in ast.walk(parsed):  # names in it see what the annotation sees
            self._parents.setdefault(one, node)
        return self.annotated(parsed)
