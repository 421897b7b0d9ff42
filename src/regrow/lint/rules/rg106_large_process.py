"""Processes that do too many things.

## What it does

Finds servers with more than 20 messages of their own, or more than 400 lines. It is off by default.

## Why is this bad?

A process handles one message at a time: all that it does waits for all else that it does, and when it fails
everything starts anew. Two smaller ones run beside each other and fail apart.

## Example

```python
import regrow as rg


class Shop(rg.GenServer):
    @rg.call
    def stock(self) -> int: ...

    @rg.call
    def order(self) -> int: ...

    # ... and 19 more
```

## Use instead

```python
import regrow as rg


class Stock(rg.GenServer):
    @rg.call
    def stock(self) -> int: ...


class Orders(rg.GenServer):
    @rg.call
    def order(self) -> int: ...
```

## Known problems

- The limits are rules of thumb, which is why nobody gets them unasked.
- Messages that a class inherits don't count.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from regrow.errors.base import override
from regrow.lint.facts.servers import is_server_class
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding, Scope
from regrow.lint.nodes import DefNode, callee
from regrow.lint.rule import Rule

_MESSAGES: Final = frozenset(
    {"regrow.call", "regrow.cast", "regrow.core.decorators.call", "regrow.core.decorators.cast"}
)
_MOST_MESSAGES: Final = 20
_MOST_LINES: Final = 400


class LargeProcess(Rule):
    """See the module's docstring."""

    code = "RG106"
    name = "large-process"
    scope = Scope.CODE
    default = False

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Count the messages and lines of servers."""
        if not file.mentions("regrow") and not file.project.bases:
            return
        for owner in file.index.of(ast.ClassDef):
            if not owner.bases or not is_server_class(file, owner):
                continue
            messages = sum(_is_message(file, one) for one in owner.body)
            lines = (owner.end_lineno or owner.lineno) - owner.lineno + 1
            if messages > _MOST_MESSAGES:
                size = f"{messages} messages, more than {_MOST_MESSAGES}"
            elif lines > _MOST_LINES:
                size = f"{lines} lines, more than {_MOST_LINES}"
            else:
                continue
            message = f"{owner.name} has {size}: split it into processes that fail apart"
            yield file.finding(self, owner, message)


def _is_message(file: SourceFile, statement: ast.stmt) -> bool:
    if not isinstance(statement, DefNode):
        return False
    decorators = (callee(one) for one in statement.decorator_list)
    return any(file.qualified(one) in _MESSAGES for one in decorators)


RULE: Final = LargeProcess()
