"""Supervisors that don't say how they restart.

## What it does

Finds `rg.supervisor`, `rg.SupervisorSpec.of` and `rg.SupervisorFlags` without `strategy`, `max_restarts` and
`max_seconds`, and `rg.dynamic_supervisor` and `rg.partition_supervisor` without the last two.

## Why is this bad?

What fails together has to be restarted together, and how often a restart may fail before somebody above has
to deal with it is a decision about the system. A default is right by chance, and a reader can't tell whether
anybody thought about it.

## Example

```python
import regrow as rg


def workers(children: list[rg.ChildSpec]) -> rg.ChildSpec:
    return rg.supervisor(children)
```

## Use instead

```python
import regrow as rg


def workers(children: list[rg.ChildSpec]) -> rg.ChildSpec:
    return rg.supervisor(children, strategy="one_for_one", max_restarts=3, max_seconds=5.0)
```

## Fix safety

The fix writes out the defaults, so that nothing changes.

## Known problems

- What `**` hides is taken for all three.
- The outermost supervisor of a `rg.System` isn't looked at, and neither are tests.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.file import SourceFile
from regrow.lint.fixes.patching import with_argument
from regrow.lint.model import Finding, Fix, Safety, Scope
from regrow.lint.rule import Rule

_DEFAULTS: Final = {"strategy": '"one_for_one"', "max_restarts": "3", "max_seconds": "5.0"}
_ALL: Final = tuple(_DEFAULTS)
_SUPERVISORS: Final = {
    "regrow.supervisor": _ALL,
    "regrow.SupervisorFlags": _ALL,
    "regrow.SupervisorSpec.of": _ALL,
    "regrow.dynamic_supervisor": _ALL[1:],
    "regrow.partition_supervisor": _ALL[1:],
    "regrow.runtime.supervisor.supervisor": _ALL,
    "regrow.core.specs.SupervisorFlags": _ALL,
    "regrow.core.specs.SupervisorSpec.of": _ALL,
    "regrow.runtime.dynamic.dynamic_supervisor": _ALL[1:],
    "regrow.runtime.partition.partition_supervisor": _ALL[1:],
}


class ImplicitStrategy(Rule):
    """See the module's docstring."""

    code = "RG104"
    name = "implicit-strategy"
    scope = Scope.CODE
    fix: ClassVar[Safety | None] = Safety.SAFE
    triggers: ClassVar[tuple[str, ...]] = ("regrow",)

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at all that makes supervisors."""
        if file.module.startswith(("regrow.core.", "regrow.runtime.")):  # they are made of it
            return
        for call, name in file.calls_to(*_SUPERVISORS):
            given = {keyword.arg for keyword in call.keywords}
            missing = [one for one in _SUPERVISORS[name] if one not in given]
            if "max_seconds" in missing and _never_restarts(file, call):
                missing.remove("max_seconds")
            if missing and None not in given:
                message = f"{name.rpartition('.')[2]} leaves {_listed(missing)} to a default: say it"
                yield file.finding(self, call, message, fix=_written_out(file, call, missing))


def _never_restarts(file: SourceFile, call: ast.Call) -> bool:
    """Whether its budget is 0, for which no time matters."""
    budget = file.argument(call, "max_restarts")
    return isinstance(budget, ast.Constant) and budget.value == 0


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _written_out(file: SourceFile, call: ast.Call, missing: Sequence[str]) -> Fix | None:
    edit = with_argument(file, call, ", ".join(f"{name}={_DEFAULTS[name]}" for name in missing))
    return None if edit is None else Fix("Write out the defaults", (edit,), Safety.SAFE)


RULE: Final = ImplicitStrategy()
