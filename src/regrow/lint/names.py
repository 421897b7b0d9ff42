"""What names mean: scopes, imports and their aliases."""

from __future__ import annotations

import ast
import builtins
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final, TypeAlias, cast

from regrow.lint.index import Index

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
ComprehensionNode: TypeAlias = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
Target: TypeAlias = ast.Name | ast.Attribute | ast.Subscript
_WithTarget: TypeAlias = (
    ast.For | ast.AsyncFor | ast.comprehension | ast.AugAssign | ast.AnnAssign | ast.NamedExpr
)
ScopeNode: TypeAlias = ast.Module | ast.ClassDef | FunctionNode | ComprehensionNode

FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
SCOPES: Final = (ast.Module, ast.ClassDef, *FUNCTIONS, *COMPREHENSIONS)
# Tuples, as these are asked about often: with a union made on the spot it takes three times as long.
_DEFINITIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_TARGET: Final = (ast.Name, ast.Attribute, ast.Subscript)
_NESTING: Final = (ast.Tuple, ast.List)
_WITH_TARGET: Final[tuple[type[_WithTarget], ...]] = (
    *(ast.For, ast.AsyncFor, ast.comprehension),
    *(ast.AugAssign, ast.AnnAssign, ast.NamedExpr),
)
_WITH_TARGETS: Final[tuple[type[ast.Assign | ast.Delete], ...]] = (ast.Assign, ast.Delete)
_BUILTINS: Final = frozenset(vars(builtins))


class Binding:
    """What a scope knows of one of its names.

    Attributes:
        imported: The qualified name that an import binds it to, None if no import does.
        sources: The nodes that bind it: an import's alias, a definition, a parameter, the target of an
            assignment, of a ``for``, a ``with``, an ``except``.
    """

    __slots__ = ("imported", "sources")

    def __init__(self) -> None:
        self.imported: str | None = None
        self.sources: list[ast.AST] = []


class Names:
    """The names of a module's scopes, and what they stand for.

    Args:
        index: The module's tree.
        module: Its dotted name, empty if it is unknown.
        package: Whether it is a package's ``__init__``.
    """

    def __init__(self, index: Index, module: str, *, package: bool = False) -> None:
        self.index = index
        self.module = module
        self._package = package
        self._bindings: dict[str, dict[ScopeNode, Binding]] = {}
        self._globals: dict[ast.AST, set[str]] = {}
        self._nonlocals: dict[ast.AST, set[str]] = {}
        self._known: dict[ast.stmt, ScopeNode] = {}
        self._meanings: dict[ast.AST, str] = {}
        self._qualnames: dict[ast.AST, str] = {}
        self._declare()

    # -- which scope a node stands in --------------------------------------------------------------

    def scope_of(self, node: ast.AST) -> ScopeNode:
        """The scope whose names `node` sees.

        A definition's name, decorators, defaults and bases see the scope around it.
        """
        parents, known = self.index.parents, self._known
        child, parent = node, parents.get(node)
        passed: list[ast.stmt] = []
        scope: ScopeNode = self.index.tree
        while parent is not None:
            if isinstance(child, ast.stmt):
                if child in known:
                    scope = known[child]
                    break
                passed.append(child)
            if isinstance(parent, SCOPES) and _inside(parent, child):
                scope = parent
                break
            child, parent = parent, parents.get(parent)
        for one in passed:  # all of them: each `elif` stands in the one before
            known[one] = scope
        return scope

    def outer_scopes(self, scope: ScopeNode) -> Iterator[ScopeNode]:
        """`scope` and those in which names are looked up next; a class is seen only from its own body."""
        yield scope
        while not isinstance(scope, ast.Module):
            scope = self.scope_of(scope)
            if not isinstance(scope, ast.ClassDef):
                yield scope

    def binding(self, name: str, scope: ScopeNode) -> tuple[ScopeNode, Binding] | None:
        """Where the name is bound as seen from `scope`, and how; None if nowhere in this module."""
        tree = self.index.tree
        bindings = self._bindings_to(name)
        if not bindings:
            return None
        if name in self._globals.get(scope, ()):
            return (tree, bindings[tree]) if tree in bindings else None
        for one in self.outer_scopes(scope):
            if one in bindings:
                return one, bindings[one]
        return None

    def bindings_of(self, scope: ScopeNode) -> dict[str, Binding]:
        """All names that a scope binds; for a single name `binding` is many times faster."""
        found = ((name, self._bindings_to(name)) for name in self._sources)
        return {name: bindings[scope] for name, bindings in found if scope in bindings}

    # -- qualified names ---------------------------------------------------------------------------

    def qualified(self, node: ast.AST) -> str | None:
        """The dotted name that an expression stands for: ``asyncio.create_task``, ``builtins.open``.

        Imports are followed through their aliases, in whatever scope they stand. What this module defines
        itself is ``<module>.<name>``. None for what is not a name with attributes, or for a variable.
        """
        tail: list[str] = []
        while isinstance(node, ast.Attribute):
            tail.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        head = self._head(node)
        return None if head is None else ".".join((head, *reversed(tail)))

    def _head(self, node: ast.Name) -> str | None:
        return self.meaning(node.id, self.scope_of(node))

    def meaning(self, name: str, scope: ScopeNode) -> str | None:
        """The dotted name that a name stands for as seen from `scope`; see `qualified`."""
        found = self.binding(name, scope)
        if found is not None:
            return self._bound(name, *found)
        if name in _BUILTINS:
            return f"builtins.{name}"
        return f"{self.star_imports[0]}.{name}" if len(self.star_imports) == 1 else None

    def _bound(self, name: str, scope: ScopeNode, binding: Binding) -> str | None:
        others = [source for source in binding.sources if not isinstance(source, ast.alias)]
        if binding.imported is not None:
            # `except ImportError: name = None` leaves the import as what it means.
            return binding.imported if all(self._is_placeholder(one) for one in others) else None
        if all(isinstance(one, _DEFINITIONS) for one in others):
            where = self.qualname_of(scope)
            return ".".join(part for part in (self.module, where, name) if part)
        return None

    def _is_placeholder(self, source: ast.AST) -> bool:
        parent = self.index.parents.get(source)
        value = parent.value if isinstance(parent, ast.Assign | ast.AnnAssign) else None
        return isinstance(value, ast.Constant) and value.value is None

    def qualname_of(self, node: ast.AST) -> str:
        """The dotted names of the functions and classes that `node` stands in, itself included."""
        passed: list[ast.AST] = []
        one: ast.AST | None = node
        while one is not None and one not in self._qualnames:
            passed.append(one)
            one = self.index.parents.get(one)
        name = "" if one is None else self._qualnames[one]
        for one in reversed(passed):
            if isinstance(one, _DEFINITIONS):
                name = f"{name}.{one.name}" if name else one.name
            if isinstance(one, ast.stmt):
                self._qualnames[one] = name
        return name

    # -- binding -----------------------------------------------------------------------------------

    @cached_property
    def _sources(self) -> dict[str, list[ast.AST]]:
        """What binds each name, in whatever scope: few names are asked for, so scopes can wait."""
        sources: defaultdict[str, list[ast.AST]] = defaultdict(list)
        self._add_imports(sources)
        for name in self.targets:
            sources[name.id].append(name)
        for arg in self.index.of(ast.arg):
            sources[arg.arg].append(arg)
        definitions: tuple[Sequence[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef], ...] = (
            self.index.of(ast.FunctionDef),
            self.index.of(ast.AsyncFunctionDef),
            self.index.of(ast.ClassDef),
        )
        for definition in (one for kind in definitions for one in kind):
            sources[definition.name].append(definition)
        optional: tuple[Sequence[ast.ExceptHandler | ast.MatchAs | ast.MatchStar], ...] = (
            self.index.of(ast.ExceptHandler),
            self.index.of(ast.MatchAs),
            self.index.of(ast.MatchStar),
        )
        for node in (one for kind in optional for one in kind):
            if node.name is not None:
                sources[node.name].append(node)
        for mapping in self.index.of(ast.MatchMapping):
            if mapping.rest is not None:
                sources[mapping.rest].append(mapping)
        return sources

    @cached_property
    def targets(self) -> list[ast.Name]:
        """The variables where they get a value or are deleted."""
        return [one for one in self.changed if isinstance(one, ast.Name)]

    @cached_property
    def changed(self) -> list[Target]:
        """The variables, attributes and items where they get a value or are deleted."""
        # Not by the context of every name: most are read, and to look at them all takes many times longer.
        of = self.index.of
        left: list[ast.expr | None] = [one.target for kind in _WITH_TARGET for one in of(kind)]
        left += (target for kind in _WITH_TARGETS for one in of(kind) for target in one.targets)
        left += (one.optional_vars for one in of(ast.withitem))
        if sys.version_info >= (3, 12):
            left += (one.name for one in of(ast.TypeAlias))
        found: list[Target] = []
        while left:
            one = left.pop()
            if isinstance(one, _TARGET):
                found.append(one)
            elif isinstance(one, _NESTING):
                left += one.elts
            elif isinstance(one, ast.Starred):
                left.append(one.value)
        return found

    @cached_property
    def star_imports(self) -> list[str]:
        """The modules all of whose names are imported."""
        nodes = self.index.of(ast.ImportFrom)
        return [self._absolute(node) for node in nodes for alias in node.names if alias.name == "*"]

    def _add_imports(self, sources: dict[str, list[ast.AST]]) -> None:
        for plain in self.index.of(ast.Import):
            for alias in plain.names:
                first = alias.name.partition(".")[0]
                self._meanings[alias] = first if alias.asname is None else alias.name
                sources[alias.asname or first].append(alias)
        for node in self.index.of(ast.ImportFrom):
            base = self._absolute(node)
            for alias in node.names:
                if alias.name != "*":
                    self._meanings[alias] = f"{base}.{alias.name}" if base else alias.name
                    sources[alias.asname or alias.name].append(alias)

    def _bindings_to(self, name: str) -> dict[ScopeNode, Binding]:
        """The scopes that bind a name."""
        bindings = self._bindings.get(name)
        if bindings is None:
            bindings = self._bindings[name] = {}
            for source in self._sources.get(name, ()):
                binding = bindings.setdefault(self._home(name, source), Binding())
                binding.sources.append(source)
                if binding.imported is None:
                    binding.imported = self._meanings.get(source)
        return bindings

    def _declare(self) -> None:
        for node in self.index.of(ast.Global):
            self._globals.setdefault(self.scope_of(node), set()).update(node.names)
        for other in self.index.of(ast.Nonlocal):
            self._nonlocals.setdefault(self.scope_of(other), set()).update(other.names)

    def _home(self, name: str, source: ast.AST) -> ScopeNode:
        """The scope in which a node binds a name."""
        if isinstance(source, ast.Name):
            scope = self._target_scope(source)
        else:
            scope = self._function_of(source) if isinstance(source, ast.arg) else self.scope_of(source)
        if name in self._globals.get(scope, ()):
            return self.index.tree
        if name in self._nonlocals.get(scope, ()):
            scope = self.scope_of(scope)
            while isinstance(scope, ast.ClassDef) or name in self._nonlocals.get(scope, ()):
                scope = self.scope_of(scope)
        return scope

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.module.split(".") if self.module else []
        kept = parts[: len(parts) - node.level + self._package]
        return ".".join((*kept, *((node.module,) if node.module else ())))

    def _target_scope(self, name: ast.Name) -> ScopeNode:
        scope = self.scope_of(name)
        if isinstance(self.index.parents.get(name), ast.NamedExpr):
            while isinstance(scope, COMPREHENSIONS):  # PEP 572: it binds in the function around
                scope = self.scope_of(scope)
        return scope

    def _function_of(self, arg: ast.arg) -> ScopeNode:
        node: ast.AST = arg
        while not isinstance(node, FUNCTIONS):
            node = self.index.parents[node]
        return cast("ScopeNode", node)


def last_name(node: ast.AST) -> str:
    """The end of a name as it is written: ``run`` of ``self.run``; empty for what is no name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _inside(scope: ScopeNode, child: ast.AST) -> bool:
    """Whether `child`, a direct child of `scope`, sees its names."""
    if isinstance(scope, _DEFINITIONS):
        return isinstance(child, ast.stmt)
    return not isinstance(scope, ast.Lambda) or child is scope.body
