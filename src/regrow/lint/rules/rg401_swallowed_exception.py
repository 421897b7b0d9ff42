"""Handlers that catch everything and keep it to themselves.

## What it does

Finds `except:`, `except Exception` and `except BaseException` (also in `except*`) that neither raise nor
exit, nor make any use of the error: the name after `as` isn't read, and there is no `.exception(...)`,
`exc_info=`, `traceback` or `sys.exc_info()`. A log line without the error counts as none. It finds
`contextlib.suppress(Exception)` too.

In a server of Regrow every catch-all that doesn't raise is found, whatever it does with the error.

## Why is this bad?

Bugs look like bad luck: a misspelt name ends in the same branch as a lost connection, and nobody hears of
either. In a supervised process it is worse: it goes on with a state that nobody thought of, where a crash
would have given it a good one.

## Example

```python
def read_limit(config):
    try:
        return int(config["limit"])
    except Exception:
        return 10
```

## Use instead

```python
def read_limit(config):
    try:
        return int(config["limit"])
    except KeyError:
        return 10
```

In a process: no `try` at all. It crashes, its supervisor restarts it, and the crash report says why.

## Fix safety

There is no fix: which exceptions may happen there only its author can say.

## Options

- `broad-except-boundaries`: functions and modules where catching everything is the job, such as a plugin
  loader.

## Known problems

- A handler that calls a method whose name speaks of errors (`self.handle_error()`, `_on_failure()`) is
  believed to tell somebody.
- A handler that tries something else, and tells when that fails, is believed to have told.
- A handler that only reads `error.args` is believed as well.
- A handler inside another one that raises or tells its own error isn't reported, nor one right before a
  `raise`, nor one around nothing but a `repr(...)`, a `getattr(...)` or a `get_type_hints(...)`.
- `__del__`, `__repr__` and `__str__` are left alone: nothing may leave them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import ClassVar, Final

from regrow.errors.base import override
from regrow.lint.facts.catching import CANCELLED, CATCH_ALLS, catches, inside, is_boundary, kinds_of, raises
from regrow.lint.facts.places import following
from regrow.lint.facts.servers import is_server_class
from regrow.lint.file import SourceFile
from regrow.lint.model import Finding, Safety, Scope, no_fix
from regrow.lint.names import FUNCTIONS
from regrow.lint.nodes import DefNode
from regrow.lint.rule import Rule

_QUIET: Final = frozenset({"__del__", "__repr__", "__str__"})
_EXITS: Final = frozenset({"exit", "_exit", "quit", "abort", "kill", "interrupt_main"})
_TELLING: Final = re.compile(r"exc_|exception|_exc$|_error|_fail|traceback|handleError|^fail$|^skip$")
_ANYBODYS: Final = frozenset({"repr", "str", "getattr", "hasattr", "get_type_hints", "get_annotations"})
_LOGGING: Final = frozenset(
    {"print", "echo", "secho", "debug", "info", "warning", "warn", "error", "critical", "fatal", "log"}
)
_NO_FIX: Final = no_fix("only you know which exceptions may happen here; name them, or let it crash")


class SwallowedException(Rule):
    """See the module's docstring."""

    code = "RG401"
    name = "swallowed-exception"
    scope = Scope.CODE
    fix: ClassVar[Safety | None] = Safety.DISPLAY
    options: ClassVar[tuple[str, ...]] = ("broad-except-boundaries",)
    triggers: ClassVar[tuple[str, ...]] = ("except", "suppress")

    @override
    def check(self, file: SourceFile) -> Iterator[Finding]:
        """Look at all handlers, and at all calls of `suppress`."""
        has_servers = file.mentions("regrow") or bool(file.project.bases)
        for handler in file.index.of(ast.ExceptHandler):
            if not _may_be_broad(handler) or (not has_servers and _reads_error(handler)):
                continue
            if not raises(handler) and not _exits(handler):
                text = _problem(file, handler)
                if text and catches(file, handler, CATCH_ALLS) and not _is_allowed(file, handler):
                    yield file.finding(self, handler, text, fix=_NO_FIX)
        for call, _ in file.calls_to("contextlib.suppress"):
            broad = [one for one in call.args if file.qualified(one) in CATCH_ALLS]
            if broad and not (
                _is_allowed(file, call) or _ends_cancelled(file, call) or _raises_on(file, call)
            ):
                name = file.segment(broad[0])
                text = f"suppress({name}) hides every bug: name what may happen here"
                yield file.finding(self, call, text, fix=_NO_FIX)


def _raises_on(file: SourceFile, node: ast.AST) -> bool:
    """Whether it stands in a handler that raises its own error in the end."""
    for one in file.ancestors(node):
        if isinstance(one, FUNCTIONS):
            return False
        if isinstance(one, ast.ExceptHandler) and raises(one):
            return True
    return False


def _ends_cancelled(file: SourceFile, call: ast.Call) -> bool:
    """Whether it only waits for a task's end: `with suppress(CancelledError, Exception): await task`."""
    around = file.statement_of(call)
    return (
        isinstance(around, ast.With)
        and len(around.body) == 1
        and isinstance(around.body[0], ast.Expr)
        and isinstance(around.body[0].value, ast.Await)
        and any(file.qualified(one) in CANCELLED for one in call.args)
    )


def _problem(file: SourceFile, handler: ast.ExceptHandler) -> str | None:
    if not _is_heard(handler):
        if _is_secondary(file, handler) or _only_shows(file, handler):
            return None
        caught = _caught(handler)
        if _logs(handler):
            return f"{caught} logs that something failed, not what: log the error, or name what may happen"
        return f"{caught} hides every bug: name what may happen here, or let it be raised"
    if file.mentions("regrow") or file.project.bases:
        owner = file.class_of(handler)
        if owner is not None and is_server_class(file, owner):
            caught = _caught(handler)
            return f"{caught} in a process keeps it alive with a state nobody knows: let it crash"
    return None


def _caught(handler: ast.ExceptHandler) -> str:
    return "except" if handler.type is None else f"except {ast.unparse(handler.type)}"


def _is_secondary(file: SourceFile, handler: ast.ExceptHandler) -> bool:
    """Whether another error is raised or told anyhow: in a handler around it, or right after it."""
    for one in file.ancestors(handler):
        if isinstance(one, FUNCTIONS):
            break
        if isinstance(one, ast.ExceptHandler) and (raises(one) or _is_heard(one)):
            return True
    return isinstance(next(following(file, handler), None), ast.Raise)


def _only_shows(file: SourceFile, handler: ast.ExceptHandler) -> bool:
    """Whether all that is tried is an attribute, `repr` or the annotations of something: anybody's code."""
    tried = file.parent(handler)
    if not isinstance(tried, ast.Try) or len(tried.body) != 1:
        return False
    value = getattr(tried.body[0], "value", None)
    plain = (ast.Constant, ast.Name)
    asked = (
        [one for one in value.values if not isinstance(one, plain)]
        if isinstance(value, ast.BoolOp)
        else [value]
    )
    return bool(asked) and all(_is_anybodys(one) for one in asked)


def _is_anybodys(value: ast.expr | None) -> bool:
    if not isinstance(value, ast.Call):
        return False
    if isinstance(value.func, ast.Attribute):  # typing.get_type_hints(f), get_type_hints(f).get("x")
        return value.func.attr in _ANYBODYS - {"str"} or _is_anybodys(value.func.value)
    return isinstance(value.func, ast.Name) and value.func.id in _ANYBODYS


def _may_be_broad(handler: ast.ExceptHandler) -> bool:
    """The cheap test before names are looked up."""
    return handler.type is None or any(
        (isinstance(one, ast.Name) and one.id in {"Exception", "BaseException"})
        or (isinstance(one, ast.Attribute) and one.attr in {"Exception", "BaseException"})
        for one in kinds_of(handler.type)
    )


def _is_allowed(file: SourceFile, node: ast.AST) -> bool:
    function = file.function_of(node)
    if isinstance(function, DefNode) and function.name in _QUIET:
        return True
    return is_boundary(file, node)


def _calls(handler: ast.ExceptHandler) -> Iterator[tuple[ast.Call, str]]:
    for one in inside(handler.body):
        if isinstance(one, ast.Call):
            if isinstance(one.func, ast.Attribute):
                yield one, one.func.attr
            elif isinstance(one.func, ast.Name):
                yield one, one.func.id


def _exits(handler: ast.ExceptHandler) -> bool:
    return any(name in _EXITS for _, name in _calls(handler))


def _logs(handler: ast.ExceptHandler) -> bool:
    return any(name.removeprefix("log_") in _LOGGING for _, name in _calls(handler))


def _reads_error(handler: ast.ExceptHandler) -> bool:
    return handler.name is not None and any(
        isinstance(one, ast.Name) and one.id == handler.name and isinstance(one.ctx, ast.Load)
        for statement in handler.body
        for one in ast.walk(statement)
    )


def _is_heard(handler: ast.ExceptHandler) -> bool:
    """Whether anything gets to know the error."""
    if _reads_error(handler):
        return True
    inner = [one for part in inside(handler.body) if isinstance(part, ast.Try) for one in part.handlers]
    if any(_is_heard(one) for one in inner):  # it tries something else, and tells if that fails
        return True
    return any(
        _TELLING.search(name) is not None
        or any(
            keyword.arg in {"exc_info", "exception"}
            and not (isinstance(keyword.value, ast.Constant) and not keyword.value.value)
            for keyword in call.keywords
        )
        for call, name in _calls(handler)
    )


RULE: Final = SwallowedException()
