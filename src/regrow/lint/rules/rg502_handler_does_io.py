"""Subscribers of events that block.

## What it does

Finds files, sockets, HTTP requests, subprocesses, databases and sleeps in functions that are given to
`system.events.subscribe`, and in the `on_start` and `on_end` of span processors of OpenTelemetry. Log
handlers are left alone.

## Why is this bad?

They run on the loop, between two messages, or in the middle of whoever ended the span. As long as one of them
waits for a disk or for another machine, nothing else happens: a slow collector stops the whole program.

## Example

```python
import regrow as rg
import requests


def report(event: rg.events.Event) -> None:
    requests.post("https://collector.example", json={"name": event.name}, timeout=5)


def watch(system: rg.System) -> None:
    system.events.subscribe("supervisor", report)
```

## Use instead

```python
import queue

import regrow as rg

waiting: "queue.SimpleQueue[rg.events.Event]" = queue.SimpleQueue()


def watch(system: rg.System) -> None:
    system.events.subscribe("supervisor", waiting.put)
```

and a process, or a thread, that empties the queue and talks to the collector.

## Known problems

- A callback that is defined elsewhere isn't followed, and neither are functions that it calls.
- `print` and logging aren't reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.facts.telemetry import SPAN_PROCESSORS, calls_in, methods_of, subscribers
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding
from regrow.lint.rule import Rule

_CALLS: Final = frozenset(
    {
        *("builtins.open", "builtins.input", "time.sleep", "os.system", "os.fsync", "io.open"),
        *("urllib.request.urlopen", "socket.create_connection", "socket.socket", "sqlite3.connect"),
        *(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen")),
        *(
            f"{client}.{verb}"
            for client in ("requests", "httpx")
            for verb in ("get", "post", "put", "patch", "delete", "head", "request")
        ),
        *("smtplib.SMTP", "smtplib.SMTP_SSL"),
    }
)
_METHODS: Final = frozenset({"write_text", "write_bytes", "read_text", "read_bytes", "sendall", "recv"})


class HandlerDoesIo(Rule):
    """See the module's docstring."""

    code = "RG502"
    name = "handler-does-io"
    triggers: ClassVar[tuple[str, ...]] = ("subscribe", "SpanProcessor")

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at what subscribers and span processors call."""
        for function in (*subscribers(file), *methods_of(file, SPAN_PROCESSORS)):
            for call in calls_in(function):
                name = file.qualified(call.func)
                method = getattr(call.func, "attr", "")
                if name in _CALLS or (name is None and method in _METHODS):
                    text = f"{name or method} blocks everybody here: hand the event to a queue or a process"
                    yield file.finding(self, call, text)


RULE: Final = HandlerDoesIo()
