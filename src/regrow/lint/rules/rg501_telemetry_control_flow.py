"""Events that only tell, used to steer the program.

## What it does

Looks at functions that are called with what others do: those given to `system.events.subscribe`, and the
`emit` of log handlers, the `filter` of log filters, and the `on_start` and `on_end` of span processors of
OpenTelemetry. It finds those that make something happen: that set an event or the result of a future, cancel
or release something, or send or call another process.

Counting, collecting in a list and putting into a queue is left alone: that is what they are for.

## Why is this bad?

Telemetry has no promise. Events may be switched off, renamed, sampled or delivered late, a log line may be
reworded, and the program then waits for ever. Who sends the event doesn't know that anybody depends on it, so
nothing shows the dependency.

## Example

```python
import asyncio

import regrow as rg


async def until_started(system: rg.System) -> None:
    started = asyncio.Event()
    system.events.subscribe("process.started", lambda event: started.set())
    await started.wait()
```

## Use instead

```python
import regrow as rg
from shop import Worker


async def until_started(worker: rg.Ref[Worker]) -> None:
    await worker.call(Worker.ready(), timeout=5.0)
```

Ask the process, monitor it, or let it answer. In tests there are `rt.assert_event` and `rt.wait_for`.

## Known problems

- A callback that is defined elsewhere isn't followed, and neither are functions that it calls.
- A handler that keeps a flag in an attribute that somebody polls isn't seen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.facts.addresses import is_address
from regrow.lint.facts.telemetry import LOG_HANDLERS, SPAN_PROCESSORS, calls_in, methods_of, subscribers
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding
from regrow.lint.rule import Rule

_EVENTS: Final = frozenset(
    {
        *("asyncio.Event", "asyncio.locks.Event", "threading.Event", "multiprocessing.Event"),
        *("anyio.Event", "trio.Event"),
    }
)
_STEERING: Final = frozenset({"set_result", "set_exception", "cancel", "release"})
_SENDING: Final = frozenset({"send", "cast", "call", "stop", "exit"})
_SENDERS: Final = frozenset(
    {"regrow.supervised_send", "regrow.send_to_self", "regrow.broadcast", "regrow.send_after"}
)


class TelemetryControlFlow(Rule):
    """See the module's docstring."""

    code = "RG501"
    name = "telemetry-control-flow"
    triggers: ClassVar[tuple[str, ...]] = ("subscribe", "Handler", "Filter", "SpanProcessor")

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at what subscribers and handlers do."""
        for function in (*subscribers(file), *methods_of(file, LOG_HANDLERS | SPAN_PROCESSORS)):
            for call in calls_in(function):
                what = _steers(file, call)
                if what is not None:
                    text = f"an event that only tells {what} here: ask the process by a call, or monitor it"
                    yield file.finding(self, call, text)


def _steers(file: SourceFile, call: ast.Call) -> str | None:
    """What the call makes happen, None for what only keeps the books."""
    if file.qualified(call.func) in _SENDERS:
        return "sends a message"
    if not isinstance(call.func, ast.Attribute):
        return None
    name, owner = call.func.attr, call.func.value
    if name in _STEERING and not (name == "release" and _is_held_here(file, call)):
        return f"steers the program ({name})"
    if name == "call_soon_threadsafe" and call.args:
        inner = call.args[0]
        steers = isinstance(inner, ast.Attribute) and inner.attr in {"set", *_STEERING}
        return "steers the program" if steers else None
    if name == "set" and not call.args and file.type_of(owner) in _EVENTS:
        return "steers the program (set)"
    return "sends a message" if name in _SENDING and is_address(file, owner) else None


def _is_held_here(file: SourceFile, call: ast.Call) -> bool:
    """Whether the function has acquired what it releases."""
    function = file.function_of(call)
    return any(file.function_of(one) is function for one in file.calls_named("acquire"))


RULE: Final = TelemetryControlFlow()
