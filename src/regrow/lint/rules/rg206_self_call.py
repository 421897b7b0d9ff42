"""Processes that call themselves.

## What it does

Finds `call`, `down` and `reserve` on a process's own address: `self.pid.call(...)` in a server,
`rg.current().call(...)`.

## Why is this bad?

A process handles one message at a time. While it waits for its own answer it handles none, so the answer
never comes. Regrow raises `CallToSelf` when it happens; this finds it before.

## Example

```python
import regrow as rg


class Counter(rg.GenServer):
    @rg.call
    def value(self) -> int:
        return 1

    @rg.call
    async def twice(self) -> int:
        return 2 * await self.pid.call(Counter.value(), timeout=1)
```

## Use instead

```python
import regrow as rg


class Counter(rg.GenServer):
    def current_value(self) -> int:
        return 1

    @rg.call
    def twice(self) -> int:
        return 2 * self.current_value()
```

## Known problems

- A process that calls itself by its name, or through others, isn't seen; nor is a class whose bases stand in
  files that the run doesn't check.
- A method that only a task of its own runs is reported, although the process may answer it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.facts.addresses import is_own_address
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding, Scope
from regrow.lint.names import FUNCTIONS
from regrow.lint.rule import Rule


class SelfCall(Rule):
    """See the module's docstring."""

    code = "RG206"
    name = "self-call"
    scope = Scope.CODE
    triggers: ClassVar[tuple[str, ...]] = ("regrow", ".pid.")

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at what is awaited of a process's own address."""
        for call in file.calls_named("call", "down", "reserve"):
            function = call.func
            if (
                isinstance(function, ast.Attribute)
                and isinstance(file.parent(call), ast.Await)
                and is_own_address(file, function.value)
                and not _is_in_inner(file, call)
            ):
                message = f"who waits for itself ({function.attr}) never goes on: use a plain method"
                yield file.finding(self, call, message)


def _is_in_inner(file: SourceFile, call: ast.Call) -> bool:
    """Whether it stands in a function within a function, which a task may run."""
    around = file.function_of(call)
    return around is not None and isinstance(file.parent(around), (*FUNCTIONS, ast.Call))


RULE: Final = SelfCall()
