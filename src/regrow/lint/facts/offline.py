"""Calls that look like the network's and wait for nobody, or not for ever."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from regrow.lint.settings import Settings

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

LOCAL: Final = ("data:", "file:")
"""What URLs start with that need no network."""
_CONNECTIONS: Final = frozenset(
    {
        *("http.client.HTTPConnection", "http.client.HTTPSConnection"),
        *("socket.socket", "socket.create_connection"),
    }
)
_ASYNC: Final = frozenset(Settings().timeout_scopes)  # they can't interrupt a call that blocks
_GREEN: Final = frozenset({"eventlet.Timeout", "eventlet.timeout.Timeout", "gevent.Timeout"})
_SETS_DEFAULT: Final = frozenset({"test.support.socket_helper.transient_internet"})


def waits_for_nobody(file: SourceFile, call: ast.Call, name: str) -> bool:
    """Whether no network is behind a call of the function `name`, or a green thread's timeout ends it."""
    return _is_asked(file, call) or _is_within(file, call, _GREEN) or _is_replaced(file, call, name)


def _is_asked(file: SourceFile, call: ast.Call) -> bool:
    """Whether it stands where the address is local: ``if url.startswith("data:"): urlopen(url)``."""
    if not call.args or not isinstance(call.args[0], ast.Name | ast.Attribute):
        return False
    address = ast.dump(call.args[0])
    child: ast.AST = call
    for one in file.ancestors(call):
        if isinstance(one, ast.If | ast.IfExp) and child is not one.test:
            body = one.body if isinstance(one.body, list) else [one.body]
            if child in body and _asks_for_local(one.test, address):
                return True
        child = one
    return False


def _asks_for_local(test: ast.expr, address: str) -> bool:
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return any(_asks_for_local(one, address) for one in test.values)
    if not isinstance(test, ast.Call) or not isinstance(test.func, ast.Attribute) or not test.args:
        return False
    if test.func.attr != "startswith" or ast.dump(test.func.value) != address:
        return False
    starts = test.args[0].elts if isinstance(test.args[0], ast.Tuple) else test.args[:1]
    return all(isinstance(one, ast.Constant) and str(one.value).startswith(LOCAL) for one in starts)


def has_default(file: SourceFile, call: ast.Call) -> bool:
    """Whether it stands in a ``with`` that sets the default timeout of sockets."""
    return _is_within(file, call, _SETS_DEFAULT.union(file.settings.timeout_scopes) - _ASYNC)


def _is_within(file: SourceFile, call: ast.Call, scopes: frozenset[str]) -> bool:
    return any(
        isinstance(one, ast.With) and any(file.is_called(item.context_expr, scopes) for item in one.items)
        for one in file.ancestors(call)
    )


def _is_replaced(file: SourceFile, call: ast.Call, name: str) -> bool:
    """Whether the function, or a decorator of it, puts a fake in the place of what is called."""
    function = file.function_of(call)
    if function is None:
        return False
    for one in ast.walk(function):
        if isinstance(one, ast.Constant) and one.value == name:
            return True
        if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store):
            target = file.qualified(one)
            if target == name or target in _CONNECTIONS:
                return True
    return False
