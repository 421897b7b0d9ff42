"""Code that decides by a clock or by chance that no test can hold.

## What it does

Finds, in coroutines, deadlines that are worked out with `time.monotonic()`: where it is compared, added to,
or taken away from a deadline; and loops that run `while time.time() < ...`. There is one finding for each
coroutine. A time that is only measured, as for a log line, is left alone.

In a server of Regrow it finds every call of `time.time()` and its kin, `datetime.now()`, the functions of
`random`, `uuid.uuid4()` and `os.urandom()`.

## Why is this bad?

On a virtual clock the loop's time jumps and the real one stands still: the loop that waits for its deadline
never ends, and the test of an hour takes an hour. Chance that comes from no seed shows a failure once. The
wall clock, in addition, is set back and forth by its operators: a deadline by it may never come.

## Example

```python
import time


async def until_ready(worker, timeout):
    deadline = time.monotonic() + timeout
    while not worker.ready and time.monotonic() < deadline:
        await worker.changed()
```

## Use instead

```python
import asyncio


async def until_ready(worker, timeout):
    async with asyncio.timeout(timeout):
        while not worker.ready:
            await worker.changed()
```

Where it has to be worked out, `asyncio.get_running_loop().time()`, `anyio.current_time()` or
`trio.current_time()` is the loop's own. A server gets its clock and its `random.Random` as arguments.

## Fix safety

The fix is unsafe: it takes the loop's time for all of a coroutine's calls of `time.monotonic()`. Others may
compare it with numbers of theirs. Where the time is kept in an attribute there is no fix.

## Known problems

- A deadline that is made in one function and looked at in another one is seen where it is compared.
- Functions that are no coroutines are looked at in servers alone.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.facts.servers import is_server_class
from regrow.lint.file import SourceFile
from regrow.lint.fixes.spelling import spelled
from regrow.lint.model import Edit, Finding, Fix, Safety, Scope, no_fix
from regrow.lint.names import FUNCTIONS
from regrow.lint.rule import Rule

_MONOTONIC: Final = ("time.monotonic",)
_CLOCKS: Final = (
    *(f"time.{clock}{ns}" for clock in ("time", "monotonic", "perf_counter") for ns in ("", "_ns")),
    *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today"),
)
_CHANCE: Final = (
    *(
        f"random.{one}"
        for one in ("random", "randint", "randrange", "choice", "choices", "sample", "shuffle")
    ),
    *("random.uniform", "random.gauss", "random.expovariate", "uuid.uuid1", "uuid.uuid4", "os.urandom"),
)
_LOOP_TIME: Final = (
    ("asyncio", "asyncio.get_running_loop", "().time()"),
    ("anyio", "anyio.current_time", "()"),
    ("trio", "trio.current_time", "()"),
)


class DirectClockOrRandom(Rule):
    """See the module's docstring."""

    code = "RG305"
    name = "direct-clock-or-random"
    scope = Scope.CODE
    fix: ClassVar[Safety | None] = Safety.UNSAFE
    triggers: ClassVar[tuple[str, ...]] = ("monotonic", "time.time", "regrow")

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at deadlines in coroutines, and at all clocks and chance in servers."""
        told: set[ast.AST] = set()
        if file.mentions("regrow"):
            for call, name in file.calls_to(*_CLOCKS, *_CHANCE):
                owner = file.class_of(call)
                if owner is not None and is_server_class(file, owner):
                    told.add(call)
                    what = "clock" if name in _CLOCKS else "chance"
                    text = f"{name} in a process is {what} that no test can hold: give it to the process"
                    yield file.finding(self, call, text, fix=_loop_time(file, call, name))
        if not file.index.of(ast.AsyncFunctionDef):
            return
        seen: set[ast.AST] = set()
        calls = file.calls_to("time.monotonic", "time.time")
        for call, name in sorted(calls, key=lambda one: one[0].lineno):
            function = file.function_of(call)
            if not isinstance(function, ast.AsyncFunctionDef) or function in seen or call in told:
                continue
            if _decides(file, call) if name in _MONOTONIC else _keeps_looping(file, call):
                seen.add(function)
                text = (
                    f"{name} decides here, which virtual time can't hold: use a timeout, or the loop's time"
                )
                yield file.finding(self, call, text, fix=_loop_time(file, call, name))


def _decides(file: SourceFile, call: ast.Call) -> bool:
    """Whether a deadline is made, looked at or taken off."""
    child: ast.AST = call
    for one in file.ancestors(call):
        if isinstance(one, ast.Compare):
            return True
        if isinstance(one, ast.BinOp):
            if isinstance(one.op, ast.Add) or (isinstance(one.op, ast.Sub) and child is one.right):
                return True
        elif not isinstance(one, ast.Call | ast.IfExp):  # min(limit, ...)
            return False
        child = one
    return False


def _keeps_looping(file: SourceFile, call: ast.Call) -> bool:
    child: ast.AST = call
    for one in file.ancestors(call):
        if isinstance(one, ast.stmt):
            return isinstance(one, ast.While) and child is one.test
        child = one
    return False


def _loop_time(file: SourceFile, call: ast.Call, name: str) -> Fix:
    function = file.function_of(call)
    if name not in _MONOTONIC:
        return no_fix("what it should be given is the program's affair")
    if not isinstance(function, ast.AsyncFunctionDef):
        return no_fix("it isn't a coroutine, which may run without a loop")
    calls = [one for one, _ in file.calls_to(*_MONOTONIC) if file.function_of(one) is function]
    if any(_is_kept(file, one) for one in calls):
        return no_fix("the time is kept in an attribute, which others may compare with theirs")
    _, clock, call_of = next((one for one in _LOOP_TIME if one[0] in file.libraries), _LOOP_TIME[0])
    written = spelled(file, clock, call)
    if isinstance(written, Fix):
        return written
    edits = tuple(Edit(file.start(one), file.end(one), written.text + call_of) for one in calls)
    return Fix("Take the loop's time", edits, Safety.UNSAFE, written.imports)


def _is_kept(file: SourceFile, call: ast.Call) -> bool:
    """Whether its statement has to do with attributes of objects."""
    statement = file.statement_of(call)
    inside = statement.test if isinstance(statement, ast.While | ast.If) else statement
    if isinstance(inside, FUNCTIONS):
        return True
    return any(
        isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id in {"self", "cls"}
        for one in ast.walk(inside)
    )


RULE: Final = DirectClockOrRandom()
