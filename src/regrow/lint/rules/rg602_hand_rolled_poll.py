"""Tests that ask again and again whether something came true.

## What it does

Finds loops in tests, and in what supports them, that sleep between two looks: a `while` with a condition, or
one that counts and is left by `break` or `return` once something holds. On a virtual clock, as RG601 tells
it, loops around `asyncio.sleep` are allowed.

A loop that only counts its rounds, runs for some time, sleeps until a time or reads data slowly isn't one.
Nor is one that does more than sleep until a flag stops it, in a function that is handed to a thread or task.

## Why is this bad?

Everybody writes the loop anew, with limits of its own or none, and most forget to say in the failure what
they last saw. A loop without a limit hangs the whole run.

## Example

```python
import asyncio


async def test_done(job):
    while not job.done:
        await asyncio.sleep(0.01)
```

## Use instead

```python
import regrow.testing as rt


async def test_done(job):
    await rt.wait_for(lambda: job.done, timeout=1.0)
```

## Fix safety

The fix is unsafe. In a coroutine a loop that does nothing but look and sleep becomes
`await rt.wait_for(lambda: ..., timeout=...)`, which fails when time is up. A loop that counts gets as long as
it had, at least a second, and one without a limit 10 seconds. All other loops have none.

## Options

- `allow-sleep-zero`: whether loops around `sleep(0)` are allowed.

## Known problems

A project's own helper that polls is reported once, where it stands. Loops that wait in other ways, such as by
`Event.wait(0.1)`, are not seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.facts.polls import polling_loop
from regrow.lint.facts.virtual import sleeps
from regrow.lint.file import SourceFile
from regrow.lint.fixes.waits import instead_of_loop
from regrow.lint.model import Finding, Safety, Scope
from regrow.lint.rule import Rule


class HandRolledPoll(Rule):
    """See the module's docstring."""

    code = "RG602"
    name = "hand-rolled-poll"
    fix: ClassVar[Safety | None] = Safety.UNSAFE
    scope = Scope.TESTS
    options: ClassVar[tuple[str, ...]] = ("allow-sleep-zero",)
    triggers: ClassVar[tuple[str, ...]] = ("sleep",)

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at the loops around sleeps, each once."""
        seen: set[object] = set()
        for call, name in sorted(sleeps(file), key=lambda found: found[0].lineno):
            loop = polling_loop(file, call)
            if loop is not None and loop not in seen:
                seen.add(loop)
                text = f"a loop that polls with {name}: use regrow.testing.wait_for, or wait for the event"
                yield file.finding(self, call, text, fix=instead_of_loop(file, loop, call, name))


RULE: Final = HandRolledPoll()
