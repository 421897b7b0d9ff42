"""A file as rules see it."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from regrow.lint.comments import comments
from regrow.lint.index import Index
from regrow.lint.model import Finding, Fix, Role
from regrow.lint.names import FUNCTIONS, Binding, FunctionNode, Names, ScopeNode, last_name
from regrow.lint.nodes import DefNode
from regrow.lint.project import Project
from regrow.lint.settings import Settings
from regrow.lint.text import Text
from regrow.lint.types import Types

if TYPE_CHECKING:
    from regrow.lint.rule import Rule

Positioned: TypeAlias = ast.stmt | ast.expr | ast.ExceptHandler | ast.alias | ast.arg | ast.keyword

_INFINITE: Final = frozenset({"inf", "infinity"})
_NEVER: Final = frozenset({"math.inf", "numpy.inf"})


class SourceFile:
    """A parsed file, with what rules ask about it.

    Args:
        path: Posix, as findings show it.
        text: Its text and positions in it.
        tree: Its syntax tree.
        module: Its dotted name, empty if it is unknown.
        role: What it is for.
        settings: The settings of the run.
        project: What is known of the project's other files.
    """

    def __init__(
        self,
        path: str,
        text: Text,
        tree: ast.Module,
        *,
        module: str = "",
        role: Role = Role.CODE,
        settings: Settings | None = None,
        project: Project | None = None,
    ) -> None:
        self.path = path
        self.text = text
        self.tree = tree
        self.module = module
        self.role = role
        self.settings: Settings = settings or Settings()
        self.project: Project = project or Project()
        self._mentioned: dict[str, bool] = {}

    def mentions(self, text: str) -> bool:
        """Whether a text stands anywhere in the file, comments included; several rules ask for the same."""
        found = self._mentioned.get(text)
        if found is None:
            found = text not in self.project.absent and text in self.text.content
            self._mentioned[text] = found
        return found

    # -- nodes -------------------------------------------------------------------------------------

    @cached_property
    def index(self) -> Index:
        """All nodes of a kind: ``file.index.of(ast.Call)``."""
        return Index(self.tree)

    def parent(self, node: ast.AST) -> ast.AST | None:
        """What `node` stands in."""
        return self.index.parents.get(node)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """What `node` stands in, innermost first."""
        parent = self.parent(node)
        while parent is not None:
            yield parent
            parent = self.parent(parent)

    def statement_of(self, node: ast.AST) -> ast.stmt:
        """The statement that `node` is, or is part of."""
        while not isinstance(node, ast.stmt):
            node = self.index.parents[node]
        return node

    def function_of(self, node: ast.AST) -> FunctionNode | None:
        """The innermost function or lambda whose body `node` stands in."""
        for scope in self.names.outer_scopes(self.names.scope_of(node)):
            if isinstance(scope, FUNCTIONS):
                return scope
        return None

    def class_of(self, node: ast.AST) -> ast.ClassDef | None:
        """The innermost class that `node` stands in, functions of it included."""
        return next((one for one in self.ancestors(node) if isinstance(one, ast.ClassDef)), None)

    # -- names -------------------------------------------------------------------------------------

    @cached_property
    def names(self) -> Names:
        """Scopes, imports and their aliases."""
        return Names(self.index, self.module, package=self.path.endswith("__init__.py"))

    @cached_property
    def types(self) -> Types:
        """The classes of values, as far as the file says them."""
        return Types(self.names)

    def qualified(self, node: ast.AST) -> str | None:
        """The dotted name that an expression stands for, None for what is no name or a variable."""
        return self.names.qualified(node)

    def binding_of(self, name: ast.Name) -> tuple[ScopeNode, Binding] | None:
        """Where a name of the tree is bound, and how; None if nowhere in this file."""
        return self.names.binding(name.id, self.names.scope_of(name))

    def type_of(self, node: ast.expr) -> str | None:
        """The qualified class of an expression's value, None if nothing in the file says it."""
        return self.types.type_of(node)

    def bases_of(self, owner: ast.ClassDef) -> Iterator[str]:
        """The qualified names of a class's bases."""
        for base in owner.bases:
            name = self.qualified(base.value if isinstance(base, ast.Subscript) else base)
            if name is not None:
                yield name

    def is_a(self, name: str, roots: Container[str]) -> bool:
        """Whether a class is one of `roots` or derives from one, as far as the file and its project say."""
        seen: set[str] = set()
        left = [name]
        while left:
            one = left.pop()
            if one in roots:
                return True
            if one not in seen:
                seen.add(one)
                left += self.project.bases_of(one)
                left += (base for owner in self.classes.get(one, ()) for base in self.bases_of(owner))
        return False

    @cached_property
    def functions(self) -> list[DefNode]:
        """The file's functions and methods, in no order that means anything."""
        return [*self.index.of(ast.FunctionDef), *self.index.of(ast.AsyncFunctionDef)]

    @cached_property
    def classes(self) -> dict[str, list[ast.ClassDef]]:
        """The file's classes by their qualified names."""
        classes: dict[str, list[ast.ClassDef]] = {}
        for owner in self.index.of(ast.ClassDef):
            classes.setdefault(self.defined_name(owner), []).append(owner)
        return classes

    def defined_name(self, node: ast.AST) -> str:
        """The qualified name of a class or a function that the file defines."""
        return ".".join(filter(None, (self.module, self.names.qualname_of(node))))

    @cached_property
    def comments(self) -> list[tuple[int, str]]:
        """The offset and the text of each comment, from top to bottom."""
        return comments(self.text.content)

    @cached_property
    def libraries(self) -> frozenset[str]:
        """The packages and modules at the top that the file imports anything of, by absolute imports."""
        names = [alias.name for one in self.index.of(ast.Import) for alias in one.names]
        names += [one.module for one in self.index.of(ast.ImportFrom) if one.module and not one.level]
        return frozenset(name.partition(".")[0] for name in names)

    # -- calls -------------------------------------------------------------------------------------

    @cached_property
    def _calls(self) -> dict[str, list[ast.Call]]:
        calls: defaultdict[str, list[ast.Call]] = defaultdict(list)
        for call in self.index.of(ast.Call):
            function = call.func
            if type(function) is ast.Attribute:  # faster than `isinstance`: this is about every call
                calls[function.attr].append(call)
            elif type(function) is ast.Name:
                calls[function.id].append(call)
        return calls

    @cached_property
    def _aliases(self) -> dict[str, set[str]]:
        """Last part of an imported name -> the other names under which this file has it."""
        aliases: dict[str, set[str]] = {}
        for alias in self.index.of(ast.alias):
            last = alias.name.rpartition(".")[2]
            if alias.asname is not None and alias.asname != last:
                aliases.setdefault(last, set()).add(alias.asname)
        return aliases

    def spellings(self, *names: str) -> frozenset[str]:
        """These last parts of qualified names, and what else imports of this file call them."""
        return frozenset(names).union(*(self._aliases.get(name, ()) for name in names))

    def calls_named(self, *names: str) -> list[ast.Call]:
        """The calls whose function is written with one of these names at its end: ``x.name()``."""
        return [call for name in names for call in self._calls.get(name, ())]

    def calls_to(self, *qualified: str) -> Iterator[tuple[ast.Call, str]]:
        """The calls of these qualified functions, through whatever aliases, and which one it is."""
        asked = _asked(qualified)
        if not self.can_name(asked.roots):
            return
        for tail, names in asked.by_tail:
            if not self.can_name(names.roots):
                continue
            calls = self.calls_named(tail, *sorted(self._aliases.get(tail, ())))
            owners = self.spellings(*names.owners) if calls else frozenset[str]()
            for call in calls:
                function = call.func
                # What it is an attribute of is written like that too: most `append`s aren't `sys.path`'s.
                if not isinstance(function, ast.Attribute) or last_name(function.value) in owners:
                    found = self.qualified(function)
                    if found in names.whole:
                        yield call, found

    def can_name(self, roots: frozenset[str]) -> bool:
        """Whether a qualified name can begin with one of these packages here; told by the imports alone."""
        return not self.module or not roots.isdisjoint(self._roots)

    def is_called(self, node: ast.AST | None, names: Container[str | None]) -> bool:
        """Whether it is a call of a function with one of these qualified names."""
        return isinstance(node, ast.Call) and self.qualified(node.func) in names

    @cached_property
    def _roots(self) -> frozenset[str]:
        """What qualified names can begin with here: what is imported, built-ins, and the own package."""
        return self.libraries | {"builtins", self.module.partition(".")[0]}

    @staticmethod
    def argument(call: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
        """A call's argument by keyword, or by its position; None if it isn't given or hidden in a ``*``."""
        for keyword in call.keywords:
            if keyword.arg == name:
                return keyword.value
        if position is None or position >= len(call.args):
            return None
        if any(isinstance(one, ast.Starred) for one in call.args[: position + 1]):
            return None
        return call.args[position]

    @staticmethod
    def has_unpacking(call: ast.Call) -> bool:
        """Whether ``*`` or ``**`` hide arguments of it."""
        return any(one.arg is None for one in call.keywords) or any(
            isinstance(one, ast.Starred) for one in call.args
        )

    # -- time --------------------------------------------------------------------------------------

    def is_endless(self, node: ast.expr) -> bool:
        """Whether a timeout is none at all: ``None``, ``math.inf``, ``float("inf")``, over a day."""
        if isinstance(node, ast.Constant):
            value = node.value
            return value is None or (isinstance(value, int | float) and value > 86_400)
        if isinstance(node, ast.Call):
            named = self.qualified(node.func) == "builtins.float" and len(node.args) == 1
            inner = node.args[0] if named else None
            return isinstance(inner, ast.Constant) and str(inner.value).strip("+").lower() in _INFINITE
        return self.qualified(node) in _NEVER

    def is_bounded(self, node: ast.AST) -> bool:
        """Whether a ``with timeout(...)`` or ``wait_for(...)`` around it bounds its time."""
        child = node
        for parent in self.ancestors(node):
            if isinstance(parent, FUNCTIONS):
                return False
            if isinstance(parent, ast.With | ast.AsyncWith) and isinstance(child, ast.stmt):
                if any(self._bounds(item.context_expr) for item in parent.items):
                    return True
            elif isinstance(parent, ast.Call) and self._is_bounding_call(parent, child):
                return True
            child = parent
        return False

    def _bounds(self, context: ast.expr) -> bool:
        if (
            not isinstance(context, ast.Call)
            or self.qualified(context.func) not in self.settings.timeout_scopes
        ):
            return False
        limit = context.args[0] if context.args else (context.keywords[0].value if context.keywords else None)
        return limit is not None and not self.is_endless(limit)

    def _is_bounding_call(self, call: ast.Call, inside: ast.AST) -> bool:
        name = self.qualified(call.func)
        if name not in {"asyncio.wait_for", "asyncio.wait"} or inside is call.func:
            return False
        limit = self.argument(call, "timeout", 1 if name == "asyncio.wait_for" else None)
        return limit is not None and not self.is_endless(limit)

    # -- what comes of it --------------------------------------------------------------------------

    def segment(self, node: Positioned) -> str:
        """The node's source."""
        return self.text.content[self.start(node) : self.end(node)]

    def start(self, node: Positioned) -> int:
        """The offset of its first character."""
        return self.text.offset(node.lineno, node.col_offset)

    def end(self, node: Positioned) -> int:
        """The offset after its last character."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.text.offset(node.end_lineno, node.end_col_offset)

    def finding(self, rule: Rule, node: Positioned, message: str, *, fix: Fix | None = None) -> Finding:
        """Make a finding at a node.

        Args:
            rule: The rule that is broken.
            node: Where; only its first line is underlined if it has several.
            message: What is wrong and what to do, in one line without a full stop.
            fix: How to mend it. Default: none.
        """
        line, column = self.text.position(self.start(node))
        end_line, end_column = self.text.position(self.end(node))
        return Finding(
            code=rule.code,
            name=rule.name,
            message=message,
            path=self.path,
            line=line,
            column=column,
            end_line=end_line,
            end_column=end_column,
            severity=rule.severity,
            scope=self.names.qualname_of(node),
            text=self.text.excerpt(line, column),
            fix=fix,
        )


class _Group(NamedTuple):
    """Qualified names, what they begin with, and the parts before their last ones."""

    whole: frozenset[str]
    roots: frozenset[str]
    owners: frozenset[str]


class _Asked(NamedTuple):
    """Qualified names as calls are looked for: what they begin with, and those that end in the same part."""

    roots: frozenset[str]
    by_tail: tuple[tuple[str, _Group], ...]


@lru_cache(maxsize=256)
def _asked(qualified: tuple[str, ...]) -> _Asked:
    tails = sorted({name.rpartition(".")[2] for name in qualified})
    return _Asked(_roots(qualified), tuple((tail, _group(tail, qualified)) for tail in tails))


def _group(tail: str, qualified: Iterable[str]) -> _Group:
    whole = frozenset(one for one in qualified if one.rpartition(".")[2] == tail)
    owners = frozenset(one.rpartition(".")[0].rpartition(".")[2] for one in whole)
    return _Group(whole, _roots(whole), owners)


def _roots(qualified: Iterable[str]) -> frozenset[str]:
    return frozenset(name.partition(".")[0] for name in qualified)
