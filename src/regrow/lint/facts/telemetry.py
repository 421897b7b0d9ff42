"""Functions that are called with what others do: subscribers of events, log handlers, span processors."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, TypeAlias

from regrow.lint.names import FUNCTIONS, last_name

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

Handler: TypeAlias = ast.FunctionDef | ast.Lambda

LOG_HANDLERS: Final = frozenset({"logging.Handler", "logging.StreamHandler", "logging.Filter"})
SPAN_PROCESSORS: Final = frozenset(
    {"opentelemetry.sdk.trace.SpanProcessor", "opentelemetry.sdk.trace.SynchronousMultiSpanProcessor"}
)
_METHODS: Final = frozenset({"emit", "handle", "filter", "on_start", "on_end"})


def subscribers(file: SourceFile) -> Iterator[Handler]:
    """The functions of the file that are given to ``system.events.subscribe`` or ``kit.subscribe``."""
    if not file.mentions("regrow"):
        return
    for call in file.calls_named("subscribe"):
        callback = file.argument(call, "callback", 1)
        if callback is not None and _is_of_regrow(file, call):
            function = _function(file, callback)
            if function is not None:
                yield function


def methods_of(file: SourceFile, bases: frozenset[str]) -> Iterator[ast.FunctionDef]:
    """What subclasses of these do with each record or span."""
    if not file.can_name(frozenset(base.partition(".")[0] for base in bases)):
        return
    names = file.spellings(*(base.rpartition(".")[2] for base in bases))
    for owner in file.index.of(ast.ClassDef):
        if any(last_name(base) in names and file.qualified(base) in bases for base in owner.bases):
            for one in owner.body:
                if isinstance(one, ast.FunctionDef) and one.name in _METHODS:
                    yield one


def calls_in(function: Handler) -> Iterator[ast.Call]:
    """The calls that a function makes itself."""
    body = function.body if isinstance(function.body, list) else [function.body]
    left: list[ast.AST] = list(body)
    while left:
        one = left.pop()
        if isinstance(one, ast.Call):
            yield one
        if not isinstance(one, FUNCTIONS):
            left += ast.iter_child_nodes(one)


def _is_of_regrow(file: SourceFile, call: ast.Call) -> bool:
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if isinstance(owner, ast.Attribute):
        return owner.attr == "events"
    return isinstance(owner, ast.Name) and (
        owner.id in {"kit", "regrow_kit"} or (file.type_of(owner) or "").endswith(".events")
    )


def _function(file: SourceFile, callback: ast.expr) -> Handler | None:
    if isinstance(callback, ast.Lambda):
        return callback
    sources: list[ast.AST] = []
    if isinstance(callback, ast.Name):
        sources = [*file.types.sources(callback)]
    elif isinstance(callback, ast.Attribute) and isinstance(callback.value, ast.Name):
        owner = file.types.own_class(callback.value)
        sources = [one for one in owner.body if getattr(one, "name", "") == callback.attr] if owner else []
    only = sources[0] if len(sources) == 1 else None
    return only if isinstance(only, ast.FunctionDef) else None
