"""Tests that don't keep to themselves.

## What it does

Finds, in tests:

- an `async def test_...` that makes a `rg.System` itself, on real time: without `@pytest.mark.regrow`,
  without a fixture of the kit and not on a virtual loop;
- tests that change `os.environ`, the working directory or `sys.path` and don't put them back: neither in a
  `finally`, a `with` or a `tearDown`, nor by `addCleanup`. There is one finding for each test.

## Why is this bad?

The mark gives a test its own registry and clock, watches for tasks and threads that are left behind, and ends
a test that hangs with the tree of its processes. Without it a timer takes its real time, and what the test
leaves behind runs on in the next one. What a test changes for the whole process, such as a variable of the
environment, decides whether later tests pass: in another order they fail.

## Example

```python
import os

from shop import connect


def test_reads_the_url():
    os.environ["SHOP_URL"] = "http://shop.example"
    assert connect().host == "shop.example"
```

## Use instead

```python
from shop import connect


def test_reads_the_url(monkeypatch):
    monkeypatch.setenv("SHOP_URL", "http://shop.example")
    assert connect().host == "shop.example"
```

## Fix safety

The fix adds `@pytest.mark.regrow` to coroutines that make a System. The code of the test stays as it is; it
runs on a virtual clock then, and sockets and threads have to be declared.

What is set, deleted and put first is changed by `monkeypatch` where pytest gives the test one; that fix is
unsafe, as what the test leaves behind may be what a later one lives on.

## Known problems

- A fixture or a helper that puts things back is known by its name only: one that speaks of the environment,
  the working directory or isolation.
- A class with other bases than unittest's own isn't looked at: they may put things back.
- What helpers of the test change isn't seen, nor what functions inside of it do.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.facts.addresses import SYSTEM_CLASSES
from regrow.lint.facts.environment import environment_changes
from regrow.lint.facts.virtual import is_virtual
from regrow.lint.file import SourceFile
from regrow.lint.fixes.patching import indentation
from regrow.lint.fixes.rg606 import patched
from regrow.lint.fixes.spelling import spelled
from regrow.lint.model import Edit, Finding, Fix, Role, Safety, Scope, no_fix
from regrow.lint.nodes import DefNode
from regrow.lint.rule import Rule

_PLAIN_CASES: Final = frozenset({"unittest.TestCase", "unittest.IsolatedAsyncioTestCase", "builtins.object"})
_CLEANING: Final = frozenset({"addCleanup", "addfinalizer", "addAsyncCleanup", "enterContext", "fork"})
_SHARED: Final = ("os.chdir", *(f"sys.path.{change}" for change in ("append", "insert", "remove", "extend")))
_RESTORES: Final = re.compile(
    r"env|cwd|chdir|workdir|isolat|restor|preserv|sys_path|syspath|sandbox|\bkit\b|contamination|raises|run_with",
    re.IGNORECASE,
)


class MissingIsolation(Rule):
    """See the module's docstring."""

    code = "RG606"
    name = "missing-isolation"
    scope = Scope.TESTS
    fix: ClassVar[Safety | None] = Safety.SAFE
    triggers: ClassVar[tuple[str, ...]] = ("regrow", "environ", "putenv", "unsetenv", "chdir", "sys.path")

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at Systems that tests make, and at what they change for all."""
        if file.role is not Role.TEST:
            return
        for call, _ in file.calls_to(*SYSTEM_CLASSES):
            test = _test_of(file, call)
            if isinstance(test, ast.AsyncFunctionDef) and not is_virtual(file, call):
                text = "a System on real time that nothing watches: mark the test with pytest.mark.regrow"
                yield file.finding(self, call, text, fix=_marked(file, test))
        for test, changes in _changes(file).items():
            exposed = next((one for one in changes if not _is_restored(file, one, test)), None)
            if exposed is not None:
                text = "this changes what all later tests see: use monkeypatch, or put it back in a finally"
                yield file.finding(self, exposed, text, fix=patched(file, test, changes))


def _changes(file: SourceFile) -> dict[DefNode, list[ast.expr]]:
    """What each test changes for all, from top to bottom."""
    found = [*environment_changes(file), *(call for call, _ in file.calls_to(*_SHARED))]
    changes: dict[DefNode, list[ast.expr]] = {}
    for change in sorted(found, key=lambda one: one.lineno):
        test = _test_of(file, change)
        if test is not None and file.function_of(change) is test:
            changes.setdefault(test, []).append(change)
    return changes


def _test_of(file: SourceFile, node: ast.AST) -> DefNode | None:
    """The test that it stands in."""
    for one in file.ancestors(node):
        if isinstance(one, DefNode) and one.name.startswith("test"):
            outer = file.parent(one)
            if isinstance(outer, ast.Module | ast.ClassDef):
                return None if _is_no_test(file, one.name) else one
    return None


def _is_no_test(file: SourceFile, name: str) -> bool:
    told = ".__test__ = False"
    return file.mentions(told) and name + told in file.text.content


def _is_restored(file: SourceFile, change: ast.expr, test: DefNode) -> bool:
    asked = [one.arg for one in (*test.args.args, *test.args.kwonlyargs)]
    asked += map(ast.unparse, test.decorator_list)
    if any(_RESTORES.search(one) for one in asked):
        return True
    if _has_teardown(file, test):
        return True
    for call in file.calls_named("setenv", "delenv", "chdir"):
        if file.function_of(call) is test and _keeps_for_later(call, change):
            return True
    for around in file.ancestors(change):
        if isinstance(around, ast.With | ast.AsyncWith) and any(
            _RESTORES.search(ast.unparse(item.context_expr)) for item in around.items
        ):
            return True
    return any(
        (isinstance(one, ast.Try) and bool(one.finalbody))
        or (isinstance(one, ast.Attribute) and one.attr in _CLEANING)
        for one in ast.walk(test)
    )


def _keeps_for_later(call: ast.Call, change: ast.expr) -> bool:
    """Whether `monkeypatch` puts back at the end what is changed here."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if not isinstance(owner, ast.Name) or "monkeypatch" not in owner.id or call.lineno > change.lineno:
        return False
    if isinstance(change, ast.Subscript) and call.args:
        return ast.dump(call.args[0]) == ast.dump(change.slice)
    return isinstance(change, ast.Call) and ast.unparse(change.func) == "os.chdir" and not _is_env(call)


def _is_env(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr.endswith("env")


def _has_teardown(file: SourceFile, test: ast.AST) -> bool:
    """Whether its class tears down or may inherit it, or a fixture of the file does so for all tests."""
    owner = file.parent(test)
    methods = owner.body if isinstance(owner, ast.ClassDef) else []
    if isinstance(owner, ast.ClassDef) and any(
        file.qualified(base) not in _PLAIN_CASES for base in owner.bases
    ):
        return True
    if any(getattr(one, "name", "").lower().startswith("teardown") for one in methods):
        return True
    return file.mentions("autouse")


def _marked(file: SourceFile, test: ast.AsyncFunctionDef) -> Fix:
    owner = file.parent(test)
    if isinstance(owner, ast.ClassDef) and any("TestCase" in ast.unparse(base) for base in owner.bases):
        return no_fix("marks don't reach unittest's test cases; derive from rt.VirtualTestCase")
    mark = spelled(file, "pytest.mark", test)
    if isinstance(mark, Fix):
        return mark
    indent = indentation(file, test)
    if indent is None:
        return no_fix("the test shares its line with other code")
    first = test.decorator_list[0] if test.decorator_list else None
    start = file.start(test)
    at = start if first is None else file.text.content.rfind("@", 0, file.start(first))
    text = f"@{mark.text}.regrow\n{indent}"
    return Fix("Add the mark", (Edit(at, at, text),), Safety.SAFE, mark.imports)


RULE: Final = MissingIsolation()
