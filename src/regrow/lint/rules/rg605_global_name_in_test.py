"""Tests that meet others under one name.

## What it does

Finds, in tests and in what supports them, names that all tests of a machine or of a process share:

- fixed ports to listen on (`start_server`, `create_server`, `bind`, `HTTPServer`, `TCPSite`, `serve`,
  `uvicorn.run` and the like), also as a constant of the module, and fixed paths of Unix sockets;
- Systems, executors, threads, processes and event loops in variables of the test module;
- `whereis("name")` of a System that isn't the test's own: a variable of the module, or an imported one.

Port 0 is allowed.

## Why is this bad?

Two runs on one machine, two workers of pytest-xdist, or a second test while the first one's socket is still
closing get in each other's way. What one test leaves in a shared process is what the next one begins with, so
the order of tests decides what passes.

## Example

```python
import asyncio


async def test_serves(handler):
    server = await asyncio.start_server(handler, "127.0.0.1", 8888)
    async with server:
        reader, writer = await asyncio.open_connection("127.0.0.1", 8888)
        writer.close()
```

## Use instead

```python
import asyncio


async def test_serves(handler):
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.close()
```

For processes: `await start_supervised(Counter, name=unique_name())`, with the fixtures of these names.

## Fix safety

The fix is unsafe: it writes port 0 where the number stands nowhere else in the file. Whoever knows the number
from elsewhere won't find the server.

## Known problems

- A port that is computed, or is a default of the code under test, isn't seen.
- A test that speaks of mocks or of expected errors isn't looked at for ports: it may listen on nothing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.facts.addresses import SYSTEMS
from regrow.lint.facts.singletons import MAKERS, singletons
from regrow.lint.file import SourceFile
from regrow.lint.model import Edit, Finding, Fix, Safety, Scope, no_fix
from regrow.lint.names import last_name
from regrow.lint.nodes import DefNode, callee
from regrow.lint.rule import Rule

_PORTS: Final = {
    "asyncio.start_server": 2,
    "aiohttp.web.TCPSite": 2,
    "aiohttp.web.run_app": None,
    "websockets.serve": 2,
    "websockets.server.serve": 2,
    "websockets.asyncio.server.serve": 2,
    "websockets.sync.server.serve": 2,
    "uvicorn.run": None,
    "anyio.create_tcp_listener": None,
    "trio.open_tcp_listeners": 0,
    "trio.serve_tcp": 1,
    "prometheus_client.start_http_server": 0,
}
_ADDRESSES: Final = frozenset(
    {
        *("http.server.HTTPServer", "http.server.ThreadingHTTPServer", "socket.create_server"),
        *(
            f"socketserver.{kind}"
            for kind in ("TCPServer", "ThreadingTCPServer", "UDPServer", "ThreadingUDPServer")
        ),
        *("xmlrpc.server.SimpleXMLRPCServer", "wsgiref.simple_server.make_server"),
    }
)
_PATHS: Final = {"asyncio.start_unix_server": 1, "aiohttp.web.UnixSite": 1}
_LOOPS: Final = frozenset({"loop", "_loop", "event_loop"})
_NO_LISTENER: Final = re.compile(r"[Mm]ock|patch|[Rr]aises")
_GRPC: Final = re.compile(r":[1-9]\d*$")


class GlobalNameInTest(Rule):
    """See the module's docstring."""

    code = "RG605"
    name = "global-name-in-test"
    scope = Scope.TESTS
    fix: ClassVar[Safety | None] = Safety.UNSAFE
    triggers: ClassVar[tuple[str, ...]] = (
        *("start_server", "create_server", "serve(", "serve_tcp", "tcp_listener", "HTTPServer", "RPCServer"),
        *(
            "TCPServer",
            "UDPServer",
            "make_server",
            "TCPSite",
            "UnixSite",
            "run_app",
            "uvicorn",
            "unix_server",
        ),
        *("_port", "bind", "whereis", *MAKERS),
    )

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at what listens, at what the module keeps, and at look-ups."""
        for port in _fixed_ports(file):
            if _is_meant_to_fail(file, port):
                continue
            text = "a fixed port is everybody's: listen on port 0, and ask which one it became"
            yield file.finding(self, port, text, fix=_any_port(file, port))
        for path in _fixed_paths(file):
            yield file.finding(self, path, "a fixed path of a socket is everybody's: use tmp_path")
        for one in singletons(file):
            if not one.cached and _is_of_tests(file, one.call):
                text = f"{one.kind} in the variable {one.name} is one for all tests: make it in a fixture"
                yield file.finding(self, one.call, text)
        if file.mentions("regrow"):
            for call in file.calls_named("whereis"):
                if _is_shared_look_up(file, call):
                    text = "this name belongs to a System that all tests share: start the process in the test"
                    yield file.finding(self, call, text)


def _is_meant_to_fail(file: SourceFile, port: ast.expr) -> bool:
    """Whether nothing listens in the end: with stand-ins, where an error is expected, or none matters."""
    if any(isinstance(one, ast.Try) and one.handlers for one in file.ancestors(port)):
        return True
    function = file.function_of(port)
    return isinstance(function, DefNode) and bool(_NO_LISTENER.search(file.segment(function)))


def _is_of_tests(file: SourceFile, call: ast.Call) -> bool:
    """Whether tests of the file, or of its folder, share it, and no `setUpClass` makes it."""
    tests = any(
        one.name.startswith("test") or any(decorator.endswith("fixture") for decorator in _decorators(one))
        for one in file.functions
    )
    if not tests:  # a program that a test runs
        return False
    function = file.function_of(call)
    return not (isinstance(function, ast.FunctionDef) and function.name.lower().startswith("setup"))


def _decorators(function: DefNode) -> list[str]:
    return [ast.unparse(callee(one)) for one in function.decorator_list]


def _fixed_ports(file: SourceFile) -> Iterator[ast.expr]:
    for call, name in file.calls_to(*_PORTS):
        keyword = "local_port" if name.startswith("anyio") else "port"
        yield from _fixed(file, file.argument(call, keyword, _PORTS[name]))
    for call, _ in file.calls_to(*_ADDRESSES):
        if call.args:
            yield from _port_of_address(file, call.args[0])
    for call in file.calls_named("bind"):
        if len(call.args) == 1 and isinstance(call.func, ast.Attribute):
            yield from _port_of_address(file, call.args[0])
    for call in file.calls_named("create_server"):
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if owner is not None and last_name(owner) in _LOOPS:
            yield from _fixed(file, file.argument(call, "port", 2))
    for call in file.calls_named("add_insecure_port", "add_secure_port"):
        address = call.args[0] if call.args else None
        if isinstance(address, ast.Constant) and _GRPC.search(str(address.value)):
            yield address


def _port_of_address(file: SourceFile, address: ast.expr) -> Iterator[ast.expr]:
    if isinstance(address, ast.Tuple) and len(address.elts) in {2, 4}:
        yield from _fixed(file, address.elts[1])


def _fixed(file: SourceFile, port: ast.expr | None) -> Iterator[ast.expr]:
    """The argument, if it is a number, or a constant of the module that is one, other than 0."""
    value = port
    if isinstance(port, ast.Name):
        found = file.names.binding(port.id, file.tree)
        sources = found[1].sources if found is not None else []
        source = file.parent(sources[0]) if len(sources) == 1 else None
        value = source.value if isinstance(source, ast.Assign | ast.AnnAssign) else None
    if port is not None and isinstance(value, ast.Constant) and type(value.value) is int and value.value > 0:
        yield port


def _fixed_paths(file: SourceFile) -> Iterator[ast.expr]:
    for call, name in file.calls_to(*_PATHS):
        path = file.argument(call, "path", _PATHS[name])
        if isinstance(path, ast.Constant) and isinstance(path.value, str) and not path.value.startswith("\0"):
            yield path


def _any_port(file: SourceFile, port: ast.expr) -> Fix:
    if not isinstance(port, ast.Constant) or not isinstance(port.value, int):
        return no_fix("others use the constant as well")
    if len(re.findall(rf"(?<!\d){port.value}(?!\d)", file.text.content)) > 1:
        return no_fix("the port stands in other places of the file as well")
    edit = Edit(file.start(port), file.end(port), "0")
    return Fix("Listen on any free port", (edit,), Safety.UNSAFE)


def _is_shared_look_up(file: SourceFile, call: ast.Call) -> bool:
    if (
        not isinstance(call.func, ast.Attribute)
        or not call.args
        or not isinstance(call.args[0], ast.Constant)
    ):
        return False
    owner = call.func.value
    if not isinstance(owner, ast.Name):
        return False
    found = file.binding_of(owner)
    if found is None or found[0] is not file.tree:
        return False
    return found[1].imported is not None or file.type_of(owner) in SYSTEMS


RULE: Final = GlobalNameInTest()
