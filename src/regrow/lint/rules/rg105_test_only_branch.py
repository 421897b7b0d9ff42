"""Code that behaves differently because it is being tested.

## What it does

Finds, in code that ships, conditions that ask whether a test is running, and imports of pytest:

- names like `TESTING`, `IS_TEST`, `settings.TESTING`, and environment variables that are called so;
- an environment variable or a setting called `env` or `environment` that is compared with `"test"` or
  `"testing"`;
- the variables that pytest sets: `"PYTEST_CURRENT_TEST" in os.environ`, `os.getenv("PYTEST_VERSION")`;
- `"pytest" in sys.modules`, unless what is found there is used: `sys.modules["pytest"].fail`;
- `import pytest`, except in what has hooks or fixtures or uses the classes that plugins use, in modules of
  test helpers, and in a `try` that goes on without pytest.

What stands in a folder of the project that doesn't ship is left alone: `docs`, `examples`, `samples`,
`benchmarks`, `perf` and `t` (and `doc`, `example`, `benchmark`, `bench`), beside those of tests. Folders of
these names within a package ship with it.

## Why is this bad?

What tests run isn't what ships then: the branch for production is never tested, and a restart, a timeout or a
limit that fails there fails for users first. What tests need otherwise goes in as an argument.

## Example

```python
import os

MAX_RESTARTS = 1_000 if "PYTEST_CURRENT_TEST" in os.environ else 3
```

## Use instead

```python
MAX_RESTARTS = 3
```

## Fix safety

The fix is unsafe: it keeps the branch of production, and takes out that of tests with the question. Where a
comment would go with it, or the answer is kept in a variable, there is none.

## Known problems

- A name that says something else, as a machine that is `testing` a disk, is reported where it is written
  in capitals.
- A flag of another name isn't seen.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.file import SourceFile
from regrow.lint.fixes.rg105 import keep_production
from regrow.lint.model import Finding, Safety, Scope, no_fix
from regrow.lint.names import last_name
from regrow.lint.rule import Rule

_FLAGS: Final = frozenset(
    {"TESTING", "IS_TEST", "IS_TESTING", "UNDER_TEST", "IN_TEST", "RUNNING_TESTS", "TEST_MODE", "IN_TESTS"}
)
_NOT_INSTALLED: Final = ("ImportError", "ModuleNotFoundError")
_SET_BY_PYTEST: Final = frozenset({"PYTEST_CURRENT_TEST", "PYTEST_VERSION", "PYTEST_XDIST_WORKER"})
_ENVIRON: Final = "os.environ"
_VALUES: Final = frozenset({"test", "testing", "tests"})
_STAGE: Final = re.compile(r"(?:^|_)(?:env|environment|stage)$", re.IGNORECASE)
_HELPERS: Final = re.compile(r"(?:^|[._])(?:pytest|testing|tests?|conftest|fixtures?)(?:$|[._])")
_NOT_SHIPPED: Final = frozenset(  # folders beside the packages
    {"docs", "doc", "examples", "example", "samples", "benchmarks", "benchmark", "bench", "perf", "t"}
)
_PLUGINS: Final = frozenset(
    {
        *("fixture", "hookimpl", "hookspec", "Config", "Item", "Session", "Function", "Parser", "Collector"),
        *("CollectReport", "TestReport", "Module", "Class", "File", "FixtureRequest", "UsageError"),
    }
)
_NO_FIX: Final = no_fix("what needs pytest has to move with its import")
_CONDITIONS: Final = (ast.If, ast.IfExp, ast.While, ast.Assert)


class TestOnlyBranch(Rule):
    """See the module's docstring."""

    code = "RG105"
    name = "test-only-branch"
    fix: ClassVar[Safety | None] = Safety.UNSAFE
    scope = Scope.CODE
    triggers: ClassVar[tuple[str, ...]] = ("TEST", "pytest", '"test', "'test")

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at names, constants and imports, the rarest first."""
        if _HELPERS.search(file.module) or file.module.partition(".")[0] in _NOT_SHIPPED:
            return
        if any(map(file.mentions, self.triggers)):
            for constant in file.index.of(ast.Constant):
                if isinstance(constant.value, str) and _asks_for_tests(file, constant, constant.value):
                    yield self._found(file, constant)
        if file.mentions("TEST"):
            flags: list[ast.expr] = [one for one in file.index.of(ast.Name) if one.id in _FLAGS]
            flags += (one for one in file.index.of(ast.Attribute) if one.attr in _FLAGS)
            for flag in flags:
                if _is_condition(file, flag):
                    yield self._found(file, flag)
        if file.mentions("pytest") and not _is_plugin(file):
            yield from self._imports(file)

    def _found(self, file: SourceFile, node: ast.expr) -> Finding:
        message = "tests run other code than what ships: take what differs as an argument"
        return file.finding(self, node, message, fix=keep_production(file, node))

    def _imports(self, file: SourceFile) -> Iterator[Finding]:
        plain = [
            one for one in file.index.of(ast.Import) if any(_is_pytest(alias.name) for alias in one.names)
        ]
        parts = [
            one for one in file.index.of(ast.ImportFrom) if _is_pytest(one.module or "") and not one.level
        ]
        for node in (*plain, *parts):
            if not (_for_types(file, node) or _is_optional(file, node)):
                message = "code that ships doesn't import pytest: move it to the tests"
                yield file.finding(self, node, message, fix=_NO_FIX)


def _asks_for_tests(file: SourceFile, constant: ast.Constant, value: str) -> bool:
    return (
        ((value in _SET_BY_PYTEST or value in _FLAGS) and _is_read(file, constant))
        or (value in {"pytest", "_pytest"} and _is_loaded(file, constant))
        or (value in _VALUES and _is_stage(file, constant))
    )


def _is_pytest(module: str) -> bool:
    return module.partition(".")[0] == "pytest"


def _is_read(file: SourceFile, constant: ast.Constant) -> bool:
    """Whether it is the name of an environment variable that is asked for."""
    parent = file.parent(constant)
    if isinstance(parent, ast.Compare):
        asked = isinstance(parent.ops[0], ast.In | ast.NotIn) and parent.left is constant
        return asked and (
            constant.value in _SET_BY_PYTEST or file.qualified(parent.comparators[0]) == _ENVIRON
        )
    if not isinstance(parent, ast.Call) or file.qualified(parent.func) not in {"os.getenv", "os.environ.get"}:
        return False
    around = file.parent(parent)
    return _is_condition(file, around if isinstance(around, ast.Compare) else parent)


def _is_loaded(file: SourceFile, constant: ast.Constant) -> bool:
    parent = file.parent(constant)
    if not isinstance(parent, ast.Compare) or file.qualified(parent.comparators[0]) != "sys.modules":
        return False
    around = file.statement_of(constant)
    return not any(
        isinstance(one, ast.Subscript) and file.qualified(one.value) == "sys.modules"
        for part in (*_test_of(around), *getattr(around, "body", []))
        for one in ast.walk(part)
    )


def _test_of(statement: ast.stmt) -> tuple[ast.expr, ...]:
    return (statement.test,) if isinstance(statement, ast.If | ast.While) else ()


def _is_stage(file: SourceFile, constant: ast.Constant) -> bool:
    """Whether the environment that a program runs in is compared with it."""
    parent = file.parent(constant)
    if not isinstance(parent, ast.Compare) or not isinstance(parent.ops[0], ast.Eq | ast.NotEq):
        return False
    other = parent.left if parent.left is not constant else parent.comparators[0]
    if isinstance(other, ast.Call) and isinstance(other.func, ast.Attribute) and other.func.attr == "lower":
        other = other.func.value
    if isinstance(other, ast.Call) and file.qualified(other.func) in {"os.getenv", "os.environ.get"}:
        first = other.args[0] if other.args else None
        return isinstance(first, ast.Constant) and _STAGE.search(str(first.value)) is not None
    if isinstance(other, ast.Subscript) and file.qualified(other.value) == _ENVIRON:
        return isinstance(other.slice, ast.Constant) and _STAGE.search(str(other.slice.value)) is not None
    return _STAGE.search(last_name(other)) is not None


def _is_condition(file: SourceFile, node: ast.expr) -> bool:
    child: ast.expr = node
    parent = file.parent(child)
    while isinstance(parent, ast.BoolOp | ast.UnaryOp):
        child, parent = parent, file.parent(parent)
    return isinstance(parent, _CONDITIONS) and parent.test is child


def _for_types(file: SourceFile, node: ast.stmt) -> bool:
    return any(
        isinstance(one, ast.If) and "TYPE_CHECKING" in (file.qualified(one.test) or "")
        for one in file.ancestors(node)
    )


def _is_optional(file: SourceFile, node: ast.stmt) -> bool:
    """Whether the code goes on where pytest isn't installed."""
    parent = file.parent(node)
    return isinstance(parent, ast.Try) and any(
        handler.type is not None and (file.qualified(handler.type) or "").endswith(_NOT_INSTALLED)
        for handler in parent.handlers
    )


def _is_plugin(file: SourceFile) -> bool:
    """Whether it has hooks or fixtures of pytest."""
    return any(one.name.startswith("pytest_") for one in file.index.of(ast.FunctionDef)) or any(
        attribute.attr in _PLUGINS and file.qualified(attribute) == f"pytest.{attribute.attr}"
        for attribute in file.index.of(ast.Attribute)
    )


RULE: Final = TestOnlyBranch()
