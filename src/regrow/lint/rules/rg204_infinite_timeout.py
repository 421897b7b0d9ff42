"""Timeouts that are none: `None`, infinity, more than a day.

## What it does

Finds timeouts that never end anything:

- `math.inf` or `float("inf")` as the `timeout` of any call;
- `None`, or more than a day, where it is known to mean seconds to wait: `asyncio.wait_for`,
  `asyncio.timeout`, `asyncio.wait`, the scopes of anyio and trio, `requests`, `httpx`, `urlopen`,
  `socket.create_connection`, and Regrow's own calls.

A scope whose deadline is moved later (`async with asyncio.timeout(None) as scope`, then
`scope.reschedule(...)`) is none of these.

## Why is this bad?

Whoever waits for ever hangs together with what it waits for, and no supervisor sees anything wrong. A
timeout of a day is the same thing to those who wait.

## Example

```python
import asyncio


async def answer(question: asyncio.Future[str]) -> str:
    return await asyncio.wait_for(question, None)
```

## Use instead

```python
import asyncio


async def answer(question: asyncio.Future[str]) -> str:
    return await asyncio.wait_for(question, 30)
```

## Fix safety

The fix is unsafe, as what waited now fails after a while: Regrow's calls get `"default"`, for which the
timeout table decides by server and handler. How long others may take you have to say.

## Known problems

- A value that comes from a variable isn't looked at.
- What stands under `pytest.raises` is there to fail, and is left alone.
- One that is moved by another function than the one with the `with` is reported.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.facts.addresses import is_address
from regrow.lint.facts.expecting import is_expected_to_fail
from regrow.lint.facts.places import uses
from regrow.lint.file import SourceFile
from regrow.lint.fixes.timeouts import finite
from regrow.lint.model import Finding, Safety
from regrow.lint.rule import Rule

_HTTP: Final = ("get", "post", "put", "patch", "delete", "head", "options", "request")
_KNOWN: Final[dict[str, tuple[str, int | None]]] = {  # the timeout's name, and its position
    "asyncio.wait_for": ("timeout", 1),
    "asyncio.wait": ("timeout", None),
    "asyncio.timeout": ("delay", 0),
    "async_timeout.timeout": ("delay", 0),
    "anyio.fail_after": ("delay", 0),
    "anyio.move_on_after": ("delay", 0),
    "trio.fail_after": ("seconds", 0),
    "trio.move_on_after": ("seconds", 0),
    "urllib.request.urlopen": ("timeout", 2),
    "socket.create_connection": ("timeout", 1),
    "regrow.supervised_send": ("timeout", 2),
    "regrow.sync": ("timeout", None),
    **{f"requests.{name}": ("timeout", None) for name in _HTTP},
    **{f"httpx.{name}": ("timeout", None) for name in (*_HTTP, "Client", "AsyncClient")},
}
_REGROW: Final = frozenset({"call", "down", "reserve"})


class InfiniteTimeout(Rule):
    """See the module's docstring."""

    code = "RG204"
    name = "infinite-timeout"
    fix: ClassVar[Safety | None] = Safety.UNSAFE
    triggers: ClassVar[tuple[str, ...]] = ("timeout", "fail_after", "move_on_after", "wait_for")

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at known functions, then at everything that is called `timeout`."""
        seen: set[ast.AST] = set()
        for known, name in file.calls_to(*_KNOWN):
            limit = file.argument(known, *_KNOWN[name])
            if limit is not None and file.is_endless(limit) and not _is_excused(file, known):
                seen.add(limit)
                yield self._found(file, limit, name, is_ours=name.startswith("regrow."))
        for keyword in file.index.of(ast.keyword):
            if keyword.arg != "timeout" or keyword.value in seen:
                continue
            call = file.parent(keyword)
            if isinstance(call, ast.Call) and self._is_infinite(file, call, keyword.value):
                function = call.func
                name = function.attr if isinstance(function, ast.Attribute) else "the call"
                yield self._found(file, keyword.value, name, is_ours=_is_own_call(file, call))

    def _found(self, file: SourceFile, limit: ast.expr, name: str, *, is_ours: bool) -> Finding:
        message = f"{name} with this timeout waits for ever: say how many seconds at most"
        return file.finding(self, limit, message, fix=finite(file, limit, is_ours=is_ours))

    def _is_infinite(self, file: SourceFile, call: ast.Call, limit: ast.expr) -> bool:
        if is_expected_to_fail(file, call):
            return False
        if not isinstance(limit, ast.Constant):
            return file.is_endless(limit)
        return file.is_endless(limit) and _is_own_call(file, call)


def _is_own_call(file: SourceFile, call: ast.Call) -> bool:
    function = call.func
    return (
        isinstance(function, ast.Attribute) and function.attr in _REGROW and is_address(file, function.value)
    )


def _is_excused(file: SourceFile, call: ast.Call) -> bool:
    """Whether it is a scope that something is done with (its deadline is set later), or is to fail."""
    if is_expected_to_fail(file, call):
        return True
    item = file.parent(call)
    if isinstance(item, ast.withitem):
        target = item.optional_vars
        return isinstance(target, ast.Attribute) or (
            isinstance(target, ast.Name) and next(uses(file, target), None) is not None
        )
    return isinstance(item, ast.Assign | ast.Return)


RULE: Final = InfiniteTimeout()
