"""Calls that may wait for ever because nobody said how long.

## What it does

Finds calls that wait for somebody else without a timeout:

- Regrow's `call`, `down`, `reserve` and `supervised_send`;
- pykka's `ask`, and the methods named in `call-names` of what the file says is an actor or a process;
- `requests.get` and its siblings, `urllib.request.urlopen`, `socket.create_connection`, the clients of
  `http.client`, `smtplib`, `ftplib` and `poplib`;
- `await asyncio.open_connection(...)` of no socket that is connected already, without a timeout around it.

A function that takes a timeout, and hands it on if there is one, is no finding. Nor is a call

- of a `data:` or `file:` URL, written there or asked for with `startswith` around the call;
- of what the function replaces by a fake: `http.client.HTTPConnection = ...`, `@patch("requests.get")`;
- within the `with Timeout(...)` of eventlet or gevent;
- other than of `requests`, within a `with` that sets the default timeout of sockets: a function that
  `timeout-scopes` adds.

## Why is this bad?

The other side may hang, be overloaded or be gone, and the caller hangs with it: a failure that was local
stops everyone who waits, and no supervisor sees anything wrong. A timeout turns it into an error that
somebody can deal with.

## Example

```python
import requests


def fetch(url: str) -> bytes:
    return requests.get(url).content
```

## Use instead

```python
import requests


def fetch(url: str) -> bytes:
    return requests.get(url, timeout=10).content
```

## Fix safety

The fix is unsafe, as what waited now fails after a while. Regrow's calls get `timeout="default"`, for which
the timeout table decides by server and handler. All others get 30 seconds: check that it is enough.

## Options

- `call-names`: methods that wait for an answer.
- `timeout-scopes`: functions whose `with` bounds what stands in it.

## Known problems

- A timeout that is set elsewhere isn't seen: an adapter mounted on a `requests.Session`, or
  `socket.setdefaulttimeout` in another file.
- What `*` or `**` may hide is taken for a timeout.
- What stands under `pytest.raises` is there to fail, and is left alone.
- A timeout around the function that calls this one isn't seen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.facts.addresses import is_address, uses_regrow
from regrow.lint.facts.expecting import is_expected_to_fail
from regrow.lint.facts.offline import LOCAL, has_default, waits_for_nobody
from regrow.lint.facts.servers import ACTORS, is_server
from regrow.lint.file import SourceFile
from regrow.lint.fixes.timeouts import bounded, with_own_timeout, with_timeout
from regrow.lint.model import Finding, Fix, Safety, no_fix
from regrow.lint.names import last_name
from regrow.lint.rule import Rule

_METHODS: Final = ("get", "post", "put", "patch", "delete", "head", "options", "request")
_OWN: Final = ("regrow.supervised_send", "regrow.delivery.send.supervised_send")
_SOCKETS: Final[dict[str, int | None]] = {  # qualified function -> the position of its timeout
    "urllib.request.urlopen": 2,
    "socket.create_connection": 1,
    "http.client.HTTPConnection": 2,
    "http.client.HTTPSConnection": None,
    "smtplib.SMTP": 3,
    "smtplib.SMTP_SSL": None,
    "ftplib.FTP": 4,
    "ftplib.FTP_TLS": None,
    "poplib.POP3": 2,
    "poplib.POP3_SSL": None,
}
_CONNECTS_LATER: Final = frozenset({"ftplib.FTP", "ftplib.FTP_TLS", "smtplib.SMTP", "smtplib.SMTP_SSL"})
_REQUESTS: Final = tuple(f"requests.{name}" for name in _METHODS)
_SESSIONS: Final = frozenset({"requests.Session", "requests.session", "requests.sessions.Session"})
_OF_REQUESTS: Final = frozenset({"requests"})
_REFERENCES: Final = frozenset({"pykka.ActorRef", "pykka._ref.ActorRef", "pykka.ref.ActorRef"})
_REGROW: Final = ("call", "down", "reserve")


class CallWithoutTimeout(Rule):
    """See the module's docstring."""

    code = "RG202"
    name = "call-without-timeout"
    fix: ClassVar[Safety | None] = Safety.UNSAFE
    options: ClassVar[tuple[str, ...]] = ("call-names", "timeout-scopes")
    triggers: ClassVar[tuple[str, ...]] = (
        *("regrow", "pykka", "requests", "urlopen", "create_connection", "open_connection"),
        *("http.client", "smtplib", "ftplib", "poplib"),
    )

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at our calls, other actors', and the network's."""
        yield from self._own(file)
        yield from self._actors(file)
        if not file.calls_named("setdefaulttimeout"):
            for call, name in file.calls_to(*_SOCKETS):
                position = _SOCKETS[name]
                if not (
                    _is_excused(file, call, position)
                    or _is_other_way(file, call, position)
                    or waits_for_nobody(file, call, name)
                    or has_default(file, call)
                ):
                    yield self._found(file, call, name)
        for call, name in file.calls_to(*_REQUESTS):
            if not (_is_excused(file, call) or waits_for_nobody(file, call, name)):
                yield self._found(file, call, name)
        for call in self._on_sessions(file):
            yield self._found(file, call, "requests.Session")
        for call, name in file.calls_to("asyncio.open_connection"):
            connected = file.argument(call, "sock") is not None
            if not connected and isinstance(file.parent(call), ast.Await) and not file.is_bounded(call):
                message = f"{name} may wait for ever: put it into `async with asyncio.timeout(...)`"
                yield file.finding(self, call, message, fix=bounded(file, call))

    def _found(self, file: SourceFile, call: ast.Call, name: str, fix: Fix | None = None) -> Finding:
        message = f"{name} without a timeout may wait for ever: say timeout=..."
        return file.finding(self, call, message, fix=fix or with_timeout(file, call))

    def _own(self, file: SourceFile) -> Iterator[Finding]:
        calls = file.calls_named(*_REGROW)
        if calls and not uses_regrow(file):
            calls = []
        for call in calls:
            if isinstance(call.func, ast.Attribute) and not _is_excused(file, call):
                owner = call.func.value
                if is_address(file, owner) or _looks_like_ours(file, call, owner):
                    yield self._found(file, call, call.func.attr, with_own_timeout(file, call))
        for call, _ in file.calls_to(*_OWN):
            if not _is_excused(file, call):
                yield self._found(file, call, "supervised_send", with_own_timeout(file, call))

    def _actors(self, file: SourceFile) -> Iterator[Finding]:
        if not file.mentions("pykka"):
            return
        for call in file.calls_named(*file.settings.call_names):
            asks = last_name(call.func) == "ask"
            if (
                isinstance(call.func, ast.Attribute)
                and not _is_excused(file, call, 2 if asks else None)
                and _is_reference(file, call.func.value)
                and not _is_deferred(call)
            ):
                fix = None if asks else no_fix("whether this method takes a timeout isn't known")
                yield self._found(file, call, call.func.attr, fix)

    def _on_sessions(self, file: SourceFile) -> Iterator[ast.Call]:
        if not file.can_name(_OF_REQUESTS):
            return
        for call in file.calls_named(*_METHODS):
            if (
                isinstance(call.func, ast.Attribute)
                and not _is_excused(file, call)
                and isinstance(call.func.value, ast.Name | ast.Attribute)
                and file.type_of(call.func.value) in _SESSIONS
            ):
                yield call


def _is_excused(file: SourceFile, call: ast.Call, position: int | None = None) -> bool:
    if file.has_unpacking(call) or file.argument(call, "timeout", position) is not None:
        return True
    return is_expected_to_fail(file, call)


def _is_other_way(file: SourceFile, call: ast.Call, position: int | None) -> bool:
    """Whether the function that it stands in says a timeout where it has one, or it opens no connection."""
    if call.args and _is_local(file, call.args[0], 3):
        return True
    if not call.args and not file.argument(call, "host") and file.qualified(call.func) in _CONNECTS_LATER:
        return any(_says_timeout(one) for one in file.calls_named("connect"))
    function = file.function_of(call)
    if function is None or "timeout" not in {
        one.arg for one in ast.walk(function.args) if isinstance(one, ast.arg)
    }:
        return False
    name = file.qualified(call.func)
    return any(
        isinstance(one, ast.Call)
        and file.qualified(one.func) == name
        and file.argument(one, "timeout", position) is not None
        for one in ast.walk(function)
    )


def _says_timeout(connect: ast.Call) -> bool:
    return len(connect.args) > 2 or any(one.arg in {"timeout", None} for one in connect.keywords)


def _is_local(file: SourceFile, address: ast.expr, depth: int) -> bool:
    """Whether it is an address that needs no network: ``data:``, ``file:``."""
    if isinstance(address, ast.Constant):
        return str(address.value).startswith(LOCAL)
    if isinstance(address, ast.BinOp):
        return _is_local(file, address.left, depth)
    if isinstance(address, ast.JoinedStr):
        return bool(address.values) and _is_local(file, address.values[0], depth)
    if isinstance(address, ast.Attribute | ast.Name) and depth:
        parents = [file.parent(source) for source in file.types.sources(address)]
        return bool(parents) and all(
            isinstance(one, ast.Assign) and _is_local(file, one.value, depth - 1) for one in parents
        )
    return False


def _looks_like_ours(file: SourceFile, call: ast.Call, owner: ast.expr) -> bool:
    """Whether it is ``await x.call(Server.message(...))`` on something that nobody says what it is."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "call" or call.keywords:
        return False
    message = call.args[0] if len(call.args) == 1 else None
    if not isinstance(message, ast.Call) or not isinstance(message.func, ast.Attribute):
        return False
    server = message.func.value
    if not isinstance(server, ast.Name) or not isinstance(file.parent(call), ast.Await):
        return False
    name = file.qualified(server)
    return name is not None and is_server(file, name) and file.type_of(owner) is None


def _is_reference(file: SourceFile, owner: ast.expr) -> bool:
    """Whether it is a pykka actor's reference: annotated, or made by a class's `start`."""
    kind = file.type_of(owner)
    if kind is None:
        return False
    if kind in _REFERENCES:
        return True
    made, _, method = kind.rpartition(".")
    return method == "start" and file.is_a(made, ACTORS)


def _is_deferred(call: ast.Call) -> bool:
    """Whether it gives a future at once, which takes a timeout of its own."""
    block = SourceFile.argument(call, "block", 1)
    return isinstance(block, ast.Constant) and block.value is False


RULE: Final = CallWithoutTimeout()
