"""Variables of a module that functions rebind.

## What it does

Finds the variables that a function declares `global` and binds anew. There is one finding for each variable.

## Why is this bad?

A global variable has no owner. No restart gives it its first value back, so a supervised process comes up
again with what made it crash; tests see what other tests left in it; threads write it over each other.

## Example

```python
connections = 0


def opened():
    global connections
    connections += 1
```

## Use instead

```python
import regrow as rg


class Connections(rg.GenServer):
    def init(self) -> None:
        self.open = 0

    @rg.cast
    def opened(self) -> None:
        self.open += 1
```

## Known problems

- Lists and dicts of a module, or of a class, that functions change in place aren't seen yet.
- What is imported late, or computed once and kept, is reported as well. That was about one finding in four of
  those read, which is why the rule is off by default.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding, Scope
from regrow.lint.rule import Rule


class GlobalState(Rule):
    """See the module's docstring."""

    code = "RG301"
    name = "global-state"
    scope = Scope.CODE
    default = False
    triggers: ClassVar[tuple[str, ...]] = ("global ",)

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at the variables that functions declare global, each once."""
        seen: set[str] = set()
        for node in sorted(file.index.of(ast.Global), key=lambda one: one.lineno):
            function = file.function_of(node)
            for name in node.names:
                if name not in seen and function is not None and _binds(file, function, name):
                    seen.add(name)
                    text = f"{name} is global state that nobody owns: keep it in a process or pass it on"
                    yield file.finding(self, node, text)


def _binds(file: SourceFile, function: ast.AST, name: str) -> bool:
    found = file.names.bindings_of(file.tree).get(name)
    return found is not None and any(
        isinstance(one, ast.Name) and file.function_of(one) is function for one in found.sources
    )


RULE: Final = GlobalState()
