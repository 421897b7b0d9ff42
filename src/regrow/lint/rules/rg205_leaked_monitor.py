"""Monitors that nobody can ever release.

## What it does

Finds `rg.monitor(...)` whose monitor is dropped, or goes to a variable or an attribute that the file never
reads. These are none: one with `long_lived=True`, one in a function that receives, where the `Down` ends it,
and `with rg.monitoring(...)`.

## Why is this bad?

A monitor lives until its target ends. A process that sets one for each request, and releases none, holds more
and more of them and gets as many `Down` messages at once when the target ends. The monitor table counts it as
a leak when it is old; this finds it before.

## Example

```python
import regrow as rg


class Cache(rg.GenServer):
    @rg.cast
    def follow(self, source: rg.Pid[object]) -> None:
        rg.monitor(source)
```

## Use instead

```python
import regrow as rg


class Cache(rg.GenServer):
    def init(self) -> None:
        self.monitors: dict[rg.Pid[object], rg.Monitor] = {}

    @rg.cast
    def follow(self, source: rg.Pid[object]) -> None:
        self.monitors[source] = rg.monitor(source)

    @rg.cast
    def leave(self, source: rg.Pid[object]) -> None:
        rg.demonitor(self.monitors.pop(source))
```

A monitor that is meant to live as long as its process says so: `rg.monitor(source, long_lived=True)`.

## Fix safety

The fix is unsafe, as it decides what was meant. In a server's `init` it says `long_lived=True`; a function
that is no method gets `with rg.monitoring(...)` around what follows. Elsewhere a human has to decide.

## Known problems

- A monitor that is kept is taken for one that is released; whether it is on every path isn't looked at.
- A function that receives something else than the `Down` passes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.facts.places import place_of, uses
from regrow.lint.file import SourceFile
from regrow.lint.fixes.rg205 import managed
from regrow.lint.model import Finding, Safety, Scope
from regrow.lint.rule import Rule

_MONITORS: Final = ("regrow.monitor", "regrow.runtime.plain.monitor")


class LeakedMonitor(Rule):
    """See the module's docstring."""

    code = "RG205"
    name = "leaked-monitor"
    scope = Scope.CODE
    fix: ClassVar[Safety | None] = Safety.UNSAFE
    triggers: ClassVar[tuple[str, ...]] = ("regrow",)

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at where monitors go."""
        for call, _ in file.calls_to(*_MONITORS):
            if _is_lost(file, call) and not _lives_long(file, call) and not _receives(file, call):
                message = (
                    "nobody can release this monitor: keep it for rg.demonitor,"
                    " use `with rg.monitoring(...)`, or say long_lived=True"
                )
                yield file.finding(self, call, message, fix=managed(file, call))


def _is_lost(file: SourceFile, call: ast.Call) -> bool:
    parent = file.parent(call)
    if isinstance(parent, ast.Expr):
        return True
    if not isinstance(parent, ast.Assign | ast.AnnAssign):
        return False
    place = place_of(file, call)
    return place is not None and next(uses(file, place), None) is None


def _lives_long(file: SourceFile, call: ast.Call) -> bool:
    given = file.argument(call, "long_lived")
    if given is None:
        return file.has_unpacking(call)
    return not (isinstance(given, ast.Constant) and given.value is False)


def _receives(file: SourceFile, call: ast.Call) -> bool:
    """Whether the function takes messages itself, and so the `Down`."""
    function = file.function_of(call)
    return any(file.function_of(one) is function for one in file.calls_named("receive"))


RULE: Final = LeakedMonitor()
