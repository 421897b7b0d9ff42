"""Tests that look at, or change, what others keep private.

## What it does

Finds `other._name` in tests and in what supports them, where `other` is neither `self` nor `cls`, and private
names that are set or patched: `setattr(other, "_name", ...)` (also `monkeypatch`'s),
`patch("package._name")`, `patch.object(other, "_name")`. It also finds `server.state`, or another name of
`state-attributes`, where the file says that `server` is a server of Regrow.

Names that the file itself defines are its own affair, and so are those of its mocks. Names with an
underscore at both ends, such as `_fields_` of ctypes, aren't private, and neither are `_replace`, `_asdict`,
`_make`, `_fields` and `_field_defaults` of named tuples.

## Why is this bad?

The test breaks when the inside is rewritten, though everything works; and it passes while what callers see is
wrong. The state of a process belongs to the process: somebody else's look at it sees it between two steps.

## Example

```python
from shop import Counter


async def test_counts(counter):
    await counter.call(Counter.add(1), timeout=1.0)
    assert counter._total == 1
```

## Use instead

```python
from shop import Counter


async def test_counts(counter):
    await counter.call(Counter.add(1), timeout=1.0)
    assert await counter.call(Counter.total(), timeout=1.0) == 1
```

## Fix safety

The fix is unsafe. A look at an attribute becomes a call where the server has one that returns just that: a
method of `@rg.call` that is `return self._total`, in this file or another one that is looked at. On an object
of the class that is its method, `counter.total()`; on an address whose server the test names (`Ref[Counter]`,
`Pid[Counter]`, `await kit.start_supervised(Counter)`) it is a message,
`await counter.call(Counter.total(), timeout="default")`. Where there is no such call, and where the test sets
or patches the attribute or does something to it, there is no fix: what callers are to see is a decision.

## Options

- `state-attributes`: attributes that are a server's private state.

## Known problems

- A private name that the test file defines for a class of its own isn't reported on other objects either.
- Names in strings for other functions than those above aren't seen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.facts.servers import is_server
from regrow.lint.file import SourceFile
from regrow.lint.fixes.rg603 import asked
from regrow.lint.model import Finding, Safety, Scope
from regrow.lint.names import last_name
from regrow.lint.rule import Rule

_NAMED_TUPLE: Final = frozenset({"_replace", "_asdict", "_make", "_fields", "_field_defaults"})
_PUBLIC: Final = _NAMED_TUPLE | {"_get_current_object"}
_MOCKS: Final = frozenset(
    f"{module}.{kind}"
    for module in ("unittest.mock", "mock")
    for kind in ("Mock", "MagicMock", "AsyncMock", "NonCallableMock")
)
_MODULES: Final = frozenset({"os", "sys", "ctypes", "pytest"})


class StatePeekInTest(Rule):
    """See the module's docstring."""

    code = "RG603"
    name = "state-peek-in-test"
    fix: ClassVar[Safety | None] = Safety.UNSAFE
    scope = Scope.TESTS
    options: ClassVar[tuple[str, ...]] = ("state-attributes",)
    triggers: ClassVar[tuple[str, ...]] = ("._", "setattr", "delattr", "patch", "regrow")

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at attributes, and at what is patched."""
        own: set[str] | None = None
        modules = file.spellings(*_MODULES)
        states = frozenset(file.settings.state_attributes) if file.mentions("regrow") else frozenset[str]()
        has_servers = bool(states or file.project.queries)
        for node in file.index.of(ast.Attribute):
            attribute = node.attr
            if attribute[0] == "_" and is_private(attribute) and not _is_own_object(node.value):
                own = _defined(file) if own is None else own
                if attribute not in own and not (
                    _is_module(file, node.value, modules)
                    or (file.mentions("Mock") and file.type_of(node.value) in _MOCKS)
                ):
                    text = f"{attribute} is private: test what callers see"
                    yield file.finding(self, node, text, fix=asked(file, node) if has_servers else None)
            elif attribute in states and (kind := file.type_of(node.value)) and is_server(file, kind):
                text = f"{attribute} is the state of a process: ask it by a call"
                yield file.finding(self, node, text, fix=asked(file, node))
        for call in file.calls_named("setattr", "delattr", "object", "patch"):
            name = _patched(call)
            if name is not None and is_private(name):
                own = _defined(file) if own is None else own
                if name not in own:
                    yield file.finding(
                        self, call, f"{name} is private: give what is tested a stand-in instead"
                    )


def _is_module(file: SourceFile, owner: ast.expr, modules: frozenset[str]) -> bool:
    """Whether it is a module whose underscores are no secret."""
    # What it is called here comes first: most files need no names then.
    return isinstance(owner, ast.Name) and owner.id in modules and file.qualified(owner) in _MODULES


def is_private(name: str) -> bool:
    """Whether a name says that it is nobody else's affair."""
    return name[0] == "_" and name[-1] != "_" and not name.startswith("__") and name not in _PUBLIC


def _is_own_object(node: ast.expr) -> bool:
    if isinstance(node, ast.Name):
        return node.id in {"self", "cls", "mcs"}
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


def _defined(file: SourceFile) -> set[str]:
    """The names that the file defines: functions, variables, attributes of `self`."""
    names = {one.name for one in file.functions}
    for one in file.names.changed:
        if isinstance(one, ast.Name):
            name = one.id
        elif isinstance(one, ast.Attribute) and _is_own_object(one.value):
            name = one.attr
        else:
            continue
        if not isinstance(one.ctx, ast.Del):
            names.add(name)
    return names


def _patched(call: ast.Call) -> str | None:
    """The last part of the name that is patched, None if it isn't written here."""
    function = call.func
    if call.args and _is_own_object(call.args[0]):
        return None
    if not isinstance(function, ast.Attribute):
        first = isinstance(function, ast.Name) and function.id == "patch"
    else:
        owner = function.value
        last = last_name(owner)
        if function.attr == "object" and last != "patch":
            return None
        if function.attr in {"setattr", "delattr"} and "patch" not in last:
            return None
        first = function.attr == "patch"
    for given in call.args[: 1 if first else 2]:
        if isinstance(given, ast.Constant) and isinstance(given.value, str):
            return given.value.rpartition(".")[2] or None
    return None


RULE: Final = StatePeekInTest()
