"""Supervision that isn't the same in tests and in production.

## What it does

Finds options of supervisors and children (`strategy`, `max_restarts`, `max_seconds`, `auto_shutdown`,
`backoff`, `restart`, `shutdown`, the children themselves) that depend on where the program runs:

- a conditional, a branch or a dictionary that asks for an environment, a stage, `debug`, `ci`, or whether
  this is production;
- in tests: a supervisor's budget that is patched (`monkeypatch.setattr(app, "MAX_RESTARTS", 1000)`,
  `mock.patch("app.MAX_RESTARTS", 1000)`) or replaced (`dataclasses.replace(flags, max_restarts=1000)`).

## Why is this bad?

How a system fails is what tests of it have to show. If it is started again a thousand times in tests and
three times in production, no test has ever seen production's supervisor give up.

## Example

```python
import regrow as rg

from app import DEBUG, Worker

tree = rg.supervisor(
    [rg.child(Worker)],
    strategy="one_for_one",
    max_restarts=1_000 if DEBUG else 3,
    max_seconds=5.0,
)
```

## Use instead

```python
import regrow as rg

from app import Worker

tree = rg.supervisor([rg.child(Worker)], strategy="one_for_one", max_restarts=3, max_seconds=5.0)
```

## Known problems

- An option that is read from an environment variable or a file is taken for configuration.
- Only conditions are seen that stand in the same file; a flag of another name isn't.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding, Role
from regrow.lint.rule import Rule

_MAKERS: Final = frozenset(
    {
        *(f"regrow.{name}" for name in ("supervisor", "dynamic_supervisor", "partition_supervisor", "child")),
        *(f"regrow.{name}" for name in ("ChildSpec", "SupervisorFlags", "SupervisorSpec.of", "System")),
    }
)
_OPTIONS: Final = frozenset(
    {"strategy", "max_restarts", "max_seconds", "auto_shutdown", "backoff", "restart", "shutdown", "children"}
)
_WITH_CHILDREN: Final = frozenset({"regrow.supervisor", "regrow.SupervisorSpec.of", "regrow.System"})
_STAGE: Final = re.compile(
    r"(?i)(?:.*_)?(?:env|environment|stage|debug|ci|prod|production|dev|development|testing|test_mode)\Z"
)
_BUDGET: Final = ("max_restarts", "max_seconds", "restart_intensity", "restart_period")
_PATCHES: Final = ("setattr", "patch", "object", "setitem")


class DifferingSupervision(Rule):
    """See the module's docstring."""

    code = "RG107"
    name = "differing-supervision"
    triggers: ClassVar[tuple[str, ...]] = ("regrow", "max_restarts", "MAX_RESTARTS", "max_seconds")

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at what options depend on, and at what tests make of them."""
        if file.role in {Role.TEST, Role.SUPPORT}:
            yield from self._in_tests(file)
            return
        for call, name in file.calls_to(*_MAKERS):
            for option, value in _options(call, name):
                if _depends(file, value):
                    message = f"{option} depends on where this runs: tests don't see how production fails"
                    yield file.finding(self, value, message)
            if _has_other_branch(file, call):
                message = "supervision depends on where this runs: tests don't see how production fails"
                yield file.finding(self, call, message)

    def _in_tests(self, file: SourceFile) -> Iterator[Finding]:
        for call in file.calls_named(*_PATCHES):
            name = next((one for one in map(_text, call.args[:2]) if one is not None), "")
            if _is_budget(name) and _is_patch(file, call):
                message = f"the test gives {name} another value than what ships: test what ships"
                yield file.finding(self, call, message)
        for call, _ in file.calls_to("dataclasses.replace", "copy.replace"):
            changed = [one.arg for one in call.keywords if _is_budget(one.arg)]
            if changed:
                message = f"the test gives {changed[0]} another value than what ships: test what ships"
                yield file.finding(self, call, message)


def _options(call: ast.Call, name: str) -> Iterator[tuple[str, ast.expr]]:
    if name in _WITH_CHILDREN and call.args and not isinstance(call.args[0], ast.Starred):
        yield "children", call.args[0]
    for keyword in call.keywords:
        if keyword.arg in _OPTIONS:
            yield keyword.arg, keyword.value


def _depends(file: SourceFile, value: ast.expr) -> bool:
    """Whether a value, or what was assigned to the variable that it is, asks where the program runs."""
    if _asks(file, value):
        return True
    if not isinstance(value, ast.Name):
        return False
    found = file.binding_of(value)
    for source in found[1].sources if found is not None else []:
        parent = file.parent(source)
        if isinstance(parent, ast.Assign | ast.AnnAssign | ast.AugAssign):
            if any(isinstance(one, ast.If) and _is_stage(one.test) for one in file.ancestors(source)):
                return True
            if parent.value is not None and _asks(file, parent.value):
                return True
    return False


def _asks(file: SourceFile, value: ast.expr) -> bool:
    left: list[ast.AST] = [value]
    while left:
        one = left.pop()
        if isinstance(one, ast.IfExp) and _is_stage(one.test):
            return True
        if isinstance(one, ast.Subscript) and isinstance(one.value, ast.Dict) and _is_stage(one.slice):
            return True
        if isinstance(one, ast.BoolOp) and any(_is_stage(part) for part in one.values[:-1]):
            return True
        if isinstance(one, ast.Call) and file.qualified(one.func) in _MAKERS:
            continue  # it is looked at itself
        left += ast.iter_child_nodes(one)
    return False


def _is_stage(condition: ast.expr) -> bool:
    return any(_STAGE.match(name) for one in ast.walk(condition) if (name := _name(one)) is not None)


def _name(node: ast.AST) -> str | None:
    """What a variable or attribute is called, and the environment variable that is asked for."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else _text(node)


def _is_budget(name: str | None) -> bool:
    """Whether it is that of a supervisor, with whatever stands before it: ``app.POOL_MAX_RESTARTS``."""
    return name is not None and name.lower().endswith(_BUDGET)


def _text(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _has_other_branch(file: SourceFile, call: ast.Call) -> bool:
    """Whether it stands in an ``if`` on where the program runs, with another supervisor in its ``else``."""
    name = file.qualified(call.func)
    child: ast.AST = call
    for one in file.ancestors(call):
        if isinstance(one, ast.If) and child in one.body and _is_stage(one.test):
            others = (part for statement in one.orelse for part in ast.walk(statement))
            return any(file.is_called(part, {name}) for part in others)
        child = one
    return False


def _is_patch(file: SourceFile, call: ast.Call) -> bool:
    """Whether it is pytest's ``monkeypatch`` or ``unittest.mock.patch``."""
    text = file.segment(call.func)
    return "monkeypatch" in text or text.rpartition(".")[2] == "patch" or text.endswith("patch.object")


RULE: Final = DifferingSupervision()
