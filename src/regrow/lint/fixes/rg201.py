"""RG201: a message that is checked, or whose end is known, in the place of a plain send."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from regrow.lint.fixes.patching import has_comment, with_argument
from regrow.lint.fixes.spelling import spelled
from regrow.lint.model import Edit, Fix, Safety, no_fix
from regrow.lint.nodes import DefNode, callee

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

_SUPERVISED: Final = "Wait until it is handled, as long as the timeout table says"
_CASTS: Final = frozenset({"regrow.cast", "regrow.core.decorators.cast"})


def heard(file: SourceFile, call: ast.Call) -> Fix:
    """``cast`` for a message that the server declares as one; else ``supervised_send``, where one can await.

    Anything else than a declared cast stays the kind of message that it is: an info.
    """
    function = call.func
    message = call.args[0] if len(call.args) == 1 and not call.keywords else None
    if not isinstance(function, ast.Attribute) or function.attr != "send" or message is None:
        return no_fix("what is sent can't be told from the call")
    if _is_cast(file, message):
        end = file.end(function)
        return Fix("Cast it", (Edit(end - len("send"), end, "cast"),), Safety.UNSAFE)
    if not isinstance(file.parent(call), ast.Expr):
        return no_fix("the value of send is used")
    if not isinstance(file.function_of(call), ast.AsyncFunctionDef):
        return no_fix("nobody can await here: declare it as a cast, or use rg.supervised_send_from_thread")
    return _supervised(file, call, function)


def _supervised(file: SourceFile, call: ast.Call, function: ast.Attribute) -> Fix:
    name = spelled(file, "regrow.supervised_send", call)
    if isinstance(name, Fix):
        return name
    first = file.text.content.index("(", file.end(function)) + 1
    tail = with_argument(file, call, 'timeout="default"')
    if tail is None or isinstance(call.args[0], ast.Starred) or has_comment(file, file.start(call), first):
        return no_fix("what is sent, or a comment, stands in the way")
    space = "" if file.text.content[first].isspace() else " "
    head = Edit(file.start(call), first, f"await {name.text}({file.segment(function.value)},{space}")
    return Fix(_SUPERVISED, (head, tail), Safety.UNSAFE, name.imports)


def _is_cast(file: SourceFile, message: ast.expr) -> bool:
    """Whether it is ``Server.method(...)`` of a server of this file that declares it with ``@rg.cast``."""
    if not isinstance(message, ast.Call) or not isinstance(message.func, ast.Attribute):
        return False
    owner = file.qualified(message.func.value)
    if owner is None:
        return False
    return any(
        isinstance(one, DefNode)
        and one.name == message.func.attr
        and any(file.qualified(callee(mark)) in _CASTS for mark in one.decorator_list)
        for kind in file.classes.get(owner, ())
        for one in kind.body
    )
