"""Variables of modules and classes that functions change.

## What it does

Finds, each variable once:

- what a function declares `global` and binds anew, in one finding for the function;
- lists, dicts, sets and deques of a module that functions change in place;
- those of a class body that methods change in place through `self` or `cls`, where no method gives `self`
  one of its own.

These don't count:

- what is imported late, or computed once and kept: a `global` that is bound under an `if` that asks for it,
  or after one that returns or raises the error that was kept, in a cached function or a module's
  `__getattr__`, and what a private function fills that is only called under `if not table:`;
- what a module learns and keeps: dicts and sets whose entries are only put in, never counted or taken out,
  and which other functions of the module ask for a key by `in` or `.get`;
- functions that put another one in their own place, and what is made anew after a fork;
- caches and registries: what is filled under `if key not in ...` or `except KeyError`, variables whose names
  speak of `cache`, `memo`, `registry`, `types`, `handlers`, `hooks` or `plugins`, and what is filled by
  `__init_subclass__`, by functions called `register...`, `add_...` or `remember...`, or by decorators that
  the module itself uses;
- what the module's own code fills while it is imported, or `main()` when the program starts;
- annotated variables of a class without `ClassVar`: they belong to each object where the class is a dataclass
  or a model.

## Why is this bad?

A global variable has no owner. No restart gives it its first value back, so a supervised process comes up
again with what made it crash; tests see what other tests left in it; threads write it over each other.
A list of a class is the same list for all of its objects.

## Example

```python
connections = []


def opened(connection):
    connections.append(connection)
```

## Use instead

```python
import regrow as rg


class Connections(rg.GenServer):
    def init(self) -> None:
        self.open = []

    @rg.cast
    def opened(self, connection) -> None:
        self.open.append(connection)
```

## Known problems

- Changes by other modules aren't seen, nor those through another name for the same object.
- A cache or a registry by another name is reported where entries are taken out again.
- Entries that are only put in are taken for facts, even if they are one user's: `users[name] = user`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from regrow.errors.base import override
from regrow.lint.facts.containers import KEPT, Shared, shared_containers
from regrow.lint.facts.keeping import is_made_on_demand
from regrow.lint.facts.singletons import is_cached
from regrow.lint.facts.startup import is_start_up
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding, Role, Scope
from regrow.lint.rule import Rule

_LOCKS: Final = frozenset({"threading.Lock", "threading.RLock", "asyncio.Lock"})


class GlobalState(Rule):
    """See the module's docstring."""

    code = "RG301"
    name = "global-state"
    scope = Scope.CODE

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at the variables that functions declare global, each once, and at shared containers."""
        if file.role is Role.SCRIPT:
            return
        seen: set[str] = set()
        found: dict[ast.AST, tuple[ast.Global, list[str]]] = {}
        for node in sorted(file.index.of(ast.Global), key=lambda one: one.lineno):
            names = [name for name in node.names if name not in seen and _is_state(file, node, name)]
            function = file.function_of(node)
            if names and function is not None:
                seen.update(names)
                found.setdefault(function, (node, []))[1].extend(names)
        for node, names in found.values():
            text = f"global state that nobody owns ({', '.join(names)}): keep it in a process or pass it on"
            yield file.finding(self, node, text)
        for one in shared_containers(file):
            if one.name not in seen:
                yield file.finding(self, one.node, _message(one))


def _message(one: Shared) -> str:
    whose = "one for all objects of the class" if one.of_class else "global state that nobody owns"
    return f"{one.name} is {whose}, and {one.changer} changes it: keep it in a process or an object"


def _is_state(file: SourceFile, node: ast.Global, name: str) -> bool:
    """Whether the function binds a module's variable anew, other than once and for all."""
    function = file.function_of(node)
    found = file.names.binding(name, file.tree)
    if function is None or found is None or name.startswith("__") or KEPT.search(name):
        return False
    sources = found[1].sources
    called = getattr(function, "name", "")
    if is_start_up(file, node) or function in sources or "fork" in called or called == "__getattr__":
        return False
    if any(_stands_for(file, one, function) for one in sources):
        return False
    bound = [one for one in sources if file.function_of(one) is not None and not is_start_up(file, one)]
    if not any(file.function_of(one) is function for one in bound):
        return False
    return not all(_is_once(file, one) or is_made_on_demand(file, one, name) for one in bound)


def _stands_for(file: SourceFile, source: ast.AST, function: ast.AST) -> bool:
    """Whether the module gives a function this other name: `log = first_log`."""
    parent = file.parent(source)
    value = parent.value if isinstance(parent, ast.Assign) and file.function_of(source) is None else None
    return isinstance(value, ast.Name) and value.id == getattr(function, "name", None)


def _is_once(file: SourceFile, source: ast.AST) -> bool:
    """Whether it is an import, a definition, a deletion, the first value or no value."""
    if not isinstance(source, ast.Name) or isinstance(source.ctx, ast.Del):
        return True
    parent, function = file.parent(source), file.function_of(source)
    assert function is not None
    if isinstance(parent, ast.AugAssign):
        return False
    if is_cached(file, function) or _is_nothing(file, parent):
        return True
    asked = _asking(file, function)
    for one in file.ancestors(source):
        if isinstance(one, ast.If) and _asks_for(one.test, asked):
            return True
        if isinstance(one, ast.ExceptHandler) and getattr(one.type, "id", "") == "NameError":
            return True
    return any(
        one.lineno < source.lineno and _asks_for(one.test, asked) and _gives_it(one, asked)
        for one in file.index.of(ast.If)
        if file.function_of(one) is function
    )


def _gives_it(found: ast.If, asked: set[str]) -> bool:
    """Whether the function returns where it was found, or raises the error that was kept."""
    return isinstance(found.body[-1], ast.Return) or any(
        isinstance(one, ast.Raise) and one.exc is not None and _asks_for(one.exc, asked)
        for one in ast.walk(found)
    )


def _asking(file: SourceFile, function: ast.AST) -> set[str]:
    """The function's global names, and the local ones that it gives their values."""
    asked = {
        one for node in file.index.of(ast.Global) if file.function_of(node) is function for one in node.names
    }
    for one in ast.walk(function):
        if isinstance(one, ast.Assign) and isinstance(one.value, ast.Name) and one.value.id in asked:
            asked.update(target.id for target in one.targets if isinstance(target, ast.Name))
    return asked


def _is_nothing(file: SourceFile, parent: ast.AST | None) -> bool:
    """Whether what is assigned is None, a new lock, or a module."""
    value = parent.value if isinstance(parent, ast.Assign | ast.AnnAssign) else None
    if isinstance(value, ast.Constant):
        return value.value is None
    if isinstance(value, ast.Call):
        return file.qualified(value.func) in _LOCKS
    if not isinstance(value, ast.Name):
        return False
    found = file.binding_of(value)
    return value.id.endswith("module") or (found is not None and found[1].imported is not None)


def _asks_for(test: ast.expr, names: set[str]) -> bool:
    return any(isinstance(one, ast.Name) and one.id in names for one in ast.walk(test))


RULE: Final = GlobalState()
