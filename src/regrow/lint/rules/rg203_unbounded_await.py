"""Waits for an event, a queue or a lock that nothing bounds.

## What it does

Finds `await` of what may never happen, without a timeout around it: `wait()` of an event, a condition or a
barrier, `get` and `join` of a queue and `put` where the file shows its limit, `acquire` of a lock or a
semaphore, `asyncio.wait` without its timeout, a stream's reads and `drain`, a child process's `wait` and
`communicate`. It is off by default: ask for it where every wait must have an end.

## Why is this bad?

If whoever should set the event, fill the queue or give back the lock has failed, this waits for ever, holds
what it holds, and no supervisor sees that anything is wrong.

## Example

```python
import asyncio


async def next_job(jobs: asyncio.Queue[str]) -> str:
    return await jobs.get()
```

## Use instead

```python
import asyncio


async def next_job(jobs: asyncio.Queue[str]) -> str:
    async with asyncio.timeout(30):
        return await jobs.get()
```

## Options

- `timeout-scopes`: functions whose `with` bounds what stands in it.

## Known problems

- Waits that are meant to last are reported, too: a consumer's loop that a sentinel or a cancellation ends,
  what keeps a connection open until it is closed, a task that waits for the shutdown. That is why the rule is
  off, and why each of its findings has to be read.
- Only objects are seen whose class the file says.
- A timeout around the function that calls this one isn't seen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding, Scope
from regrow.lint.rule import Rule

_QUEUE: Final = frozenset({"get", "put", "join"})
_LOCK: Final = frozenset({"acquire"})
_READER: Final = frozenset({"read", "readline", "readexactly", "readuntil"})
_CHILD: Final = frozenset({"wait", "communicate"})
_METHODS: Final[
    dict[str, frozenset[str]]
] = {  # class, or the function that makes one -> the methods that may wait for ever
    **{f"asyncio.{name}": _QUEUE for name in ("Queue", "PriorityQueue", "LifoQueue")},
    **{f"asyncio.{name}": _LOCK for name in ("Lock", "Semaphore", "BoundedSemaphore")},
    **{f"{name}.Lock": _LOCK for name in ("anyio", "trio")},
    **{f"{name}.Event": frozenset({"wait"}) for name in ("asyncio", "anyio", "trio")},
    "asyncio.Condition": frozenset({"wait", "wait_for", "acquire"}),
    "asyncio.Barrier": frozenset({"wait"}),
    "asyncio.StreamReader": _READER,
    "asyncio.StreamWriter": frozenset({"drain", "wait_closed"}),
    "asyncio.subprocess.Process": _CHILD,
    "asyncio.create_subprocess_exec": _CHILD,
    "asyncio.create_subprocess_shell": _CHILD,
}
_NAMES: Final = tuple(sorted({name for names in _METHODS.values() for name in names}))


class UnboundedAwait(Rule):
    """See the module's docstring."""

    code = "RG203"
    name = "unbounded-await"
    scope = Scope.CODE
    default = False
    options: ClassVar[tuple[str, ...]] = ("timeout-scopes",)
    triggers: ClassVar[tuple[str, ...]] = ("asyncio", "anyio", "trio")

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at what is awaited on the spot."""
        for call in file.calls_named(*_NAMES):
            if (
                isinstance(call.func, ast.Attribute)
                and isinstance(file.parent(call), ast.Await)
                and call.func.attr in _METHODS.get(file.type_of(call.func.value) or "", ())
                and not file.is_bounded(call)
                and (call.func.attr != "put" or _has_limit(file, call.func.value))
            ):
                message = f"{call.func.attr} may wait for ever: put it into `async with asyncio.timeout(...)`"
                yield file.finding(self, call, message)
        for call, _ in file.calls_to("asyncio.wait"):
            limit = file.argument(call, "timeout")
            endless = (limit is None or file.is_endless(limit)) and not file.has_unpacking(call)
            if endless and isinstance(file.parent(call), ast.Await) and not file.is_bounded(call):
                yield file.finding(self, call, "asyncio.wait may wait for ever: say timeout=...")


def _has_limit(file: SourceFile, queue: ast.expr) -> bool:
    """Whether the file shows that it is a queue with a limit."""
    values = [getattr(file.parent(source), "value", None) for source in file.types.sources(queue)]
    return any(isinstance(one, ast.Call) and bool(one.args or one.keywords) for one in values)


RULE: Final = UnboundedAwait()
