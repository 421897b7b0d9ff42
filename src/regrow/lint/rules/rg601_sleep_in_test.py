"""Tests that wait by sleeping.

## What it does

Finds `asyncio.sleep`, `anyio.sleep`, `trio.sleep` and `time.sleep` in tests and in what supports them, in
stand-ins for slow work as well. A sleep of 0 is allowed, and so is one that is there to be interrupted: of
half a minute or more in a coroutine (5 seconds in one that a test defines), in a timeout shorter than itself,
as the last thing before a cancellation or a `KeyboardInterrupt` is caught or expected, with `pytest.fail`
behind it or a flag that is asserted to stay false, or in a coroutine that the test itself defines and
cancels, or waits for with a shorter timeout.

Sleeps on a virtual clock are allowed, too: in a file that uses `run_virtual`, `virtual_loop`, `explore`,
`simulate` or `VirtualTestCase` of `regrow.testing`, or speaks of another library's (`MockClock`, `looptime`,
`async_solipsism`); and in tests that carry `@pytest.mark.regrow` (without `time="real"`) or take a fixture of
the kit. There `asyncio.sleep` only moves the clock. `time.sleep` is reported there too: it holds up a virtual
loop like any other.

A sleep in a loop that polls is RG602's, and one in the loop of a thread or task that works until a flag stops
it is its pace. A `time.sleep` right between two looks at the same clock of `time` is what is tested.

## Why is this bad?

A sleep is a guess. On a busy machine it is too short, and the test fails now and then; on all others it is
too long, and every run pays for it.

## Example

```python
import asyncio


async def test_worker(worker):
    worker.start()
    await asyncio.sleep(0.5)
    assert worker.ready
```

## Use instead

```python
import regrow.testing as rt


async def test_worker(worker):
    worker.start()
    await rt.wait_for(lambda: worker.ready, timeout=1.0)
```

Where the time itself is what is tested, run the test on a virtual clock and let it pass:
`await rt.pass_time(0.5)`.

## Fix safety

The fix is unsafe. In a coroutine a sleep and the assertions behind it (unittest's methods too) become one
`await rt.wait_for(lambda: ..., timeout=...)` with at least a second. There is none where nothing is asserted,
where the assertion awaits, calls what may do more than look, or may hold before anything has happened
(`not x`, `x == []`).

## Options

- `allow-sleep-zero`: whether `sleep(0)` is allowed.

## Known problems

Where the clock of another program is what is tested, only polling beats the sleep. That is seen only for the
expiry of what was stored before (`ttl=`, `px=`, `lease=`) in a file that speaks of a server such as Redis;
else it is reported as well.

Whether code runs on a virtual clock is told from its own file: a test that is run by a helper in another
file is taken for one on real time. A file that uses the kit is taken to do so for all its coroutines.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.facts.polls import is_pace, polling_loop
from regrow.lint.facts.virtual import sleeps
from regrow.lint.file import SourceFile
from regrow.lint.fixes.waits import instead_of_sleep
from regrow.lint.model import Finding, Safety, Scope
from regrow.lint.rule import Rule


class SleepInTest(Rule):
    """See the module's docstring."""

    code = "RG601"
    name = "sleep-in-test"
    fix: ClassVar[Safety | None] = Safety.UNSAFE
    scope = Scope.TESTS
    options: ClassVar[tuple[str, ...]] = ("allow-sleep-zero",)
    triggers: ClassVar[tuple[str, ...]] = ("sleep",)

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at all sleeps that are not part of a poll."""
        for call, name in sleeps(file):
            if polling_loop(file, call) is None and not is_pace(file, call):
                text = f"{name} in a test: wait for what it is about, or use a virtual clock"
                yield file.finding(self, call, text, fix=instead_of_sleep(file, call, name))


RULE: Final = SleepInTest()
