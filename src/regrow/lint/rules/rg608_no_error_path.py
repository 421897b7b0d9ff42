"""Test files in which nothing ever fails.

## What it does

Finds files with five tests or more in which no test expects an error: no `pytest.raises` or `warns`, no
`assertRaises...`, no `except`, no name of an error, and no word such as `error`, `fail`, `invalid`,
`missing` or `reject` in the name of a test. There is one finding for a file, at its first test.

It is off by default.

## Why is this bad?

What breaks in production is what happens when something goes wrong: the connection is lost, the input is
wrong, the process that is asked has died. Tests of the good case alone say nothing about it.

## Example

```python
from shop import Till


async def test_pays(till):
    assert await till.call(Till.pay(4), timeout=1.0) == 4
```

## Use instead

```python
import pytest

import regrow as rg
from shop import Till


async def test_pays(till):
    assert await till.call(Till.pay(4), timeout=1.0) == 4


async def test_a_sum_that_is_no_number(till):
    with pytest.raises(rg.errors.ProcessExited):
        await till.call(Till.pay("four"), timeout=1.0)
```

## Known problems

- What can't fail needs no such test; the rule can't tell. That is why it is off by default.
- Errors that are values, such as the status of a response, count only if the test's name speaks of them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from regrow.errors.base import override
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding, Role, Scope
from regrow.lint.rule import Rule

_LEAST: Final = 5
_EXPECTING: Final = (
    "raises",
    "warns",
    "assertRaises",
    "assertRaisesRegex",
    "assertWarns",
    "assertWarnsRegex",
)
_SPOKEN: Final = re.compile(
    r"error|exception|fail|invalid|bad|wrong|missing|crash|timeout|refus|reject|den[iy]|not_|never|without",
    re.IGNORECASE,
)
_ERROR_NAME: Final = re.compile(r"(Error|Exception|Warning|Timeout|Failed|Refused)$")


class NoErrorPath(Rule):
    """See the module's docstring."""

    code = "RG608"
    name = "no-error-path"
    scope = Scope.TESTS
    default = False

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Count the tests, and look for one that expects an error."""
        if file.role is not Role.TEST:
            return
        tests = [one for one in file.functions if one.name.startswith("test")]
        if len(tests) >= _LEAST and not any(_SPOKEN.search(one.name) for one in tests) and not _expects(file):
            first = min(tests, key=lambda one: one.lineno)
            text = (
                f"none of the {len(tests)} tests here expects an error: test what happens when it goes wrong"
            )
            yield file.finding(self, first, text)


def _expects(file: SourceFile) -> bool:
    """Whether an error is expected, caught or named anywhere."""
    if file.calls_named(*_EXPECTING) or len(file.index.of(ast.ExceptHandler)) > 0:
        return True
    names = (one.id for one in file.index.of(ast.Name))
    attributes = (one.attr for one in file.index.of(ast.Attribute))
    return any(_ERROR_NAME.search(one) for one in (*names, *attributes))


RULE: Final = NoErrorPath()
