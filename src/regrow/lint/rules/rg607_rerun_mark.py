"""Tests that are run again until they pass.

## What it does

Finds `pytest.mark.flaky`, as a decorator, in `pytestmark` or given to `add_marker`, and the decorator of the
package flaky, `@flaky`, with or without arguments.

## Why is this bad?

A test that fails one time in ten and passes at the second try says nothing: what it found may be a race in
the code. Nobody looks at it again, and the next one gets the mark sooner.

## Example

```python
import asyncio

import pytest


@pytest.mark.flaky(reruns=3)
async def test_worker(worker):
    worker.start()
    await asyncio.sleep(0.1)
    assert worker.ready
```

## Use instead

```python
import regrow.testing as rt


async def test_worker(worker):
    worker.start()
    await rt.wait_for(lambda: worker.ready, timeout=1.0)
```

Run the test on virtual time, or with `rt.simulate` over many seeds, until the cause shows.

## Known problems

- `--reruns` in pytest's options and marks of other names aren't seen.
- A project that uses the mark only to leave tests out is reported as well.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding, Scope
from regrow.lint.rule import Rule

_MARKS: Final = frozenset({"pytest.mark.flaky", "flaky.flaky", "flaky.flaky_decorator.flaky"})


class RerunMark(Rule):
    """See the module's docstring."""

    code = "RG607"
    name = "rerun-mark"
    scope = Scope.TESTS
    triggers: ClassVar[tuple[str, ...]] = ("flaky",)

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at all uses of the marks."""
        for mark in _marks(file):
            yield file.finding(self, mark, "a flaky test is run until it passes: find out why it fails")


def _marks(file: SourceFile) -> Iterator[ast.expr]:
    for attribute in file.index.of(ast.Attribute):
        if attribute.attr == "flaky" and file.qualified(attribute) in _MARKS:
            yield attribute
    names = file.spellings("flaky")
    for name in file.index.of(ast.Name):
        if name.id in names and isinstance(name.ctx, ast.Load) and file.qualified(name) in _MARKS:
            yield name


RULE: Final = RerunMark()
