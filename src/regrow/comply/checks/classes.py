"""Checks of the package's process classes."""

from __future__ import annotations

import ast
import inspect
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from typing_extensions import override

from regrow.comply.check import Check
from regrow.comply.context import Context
from regrow.core.handler import HandlerProperty
from regrow.errors import CouldNotRun
from regrow.lint.discovery import shown
from regrow.lint.file import SourceFile
from regrow.lint.parsing import parse
from regrow.runtime.genserver import GenServer
from regrow.runtime.supervision import SupervisorBase

_TAKES: Final = {"handle_info": "the message", "handle_continue": "the value", "terminate": "the reason"}
_SLEEPS: Final = frozenset({"asyncio.sleep", "asyncio.tasks.sleep", "anyio.sleep"})
_MONITORS: Final = ("regrow.monitor", "regrow.runtime.plain.monitor")
_CONTINUES: Final = ("regrow.Continue", "regrow.runtime.genserver.Continue")
_DEPTH: Final = 10


class _OfClasses(Check):
    """A check of every process class; a module that can't be imported is a problem."""

    @property
    @override
    def nothing(self) -> str:
        return "the package defines no process class"

    @override
    def subjects(self, context: Context) -> Sequence[str]:
        if context.hindrance is not None:
            raise CouldNotRun(self.name, "the application doesn't run: see the check 'builds'")
        classes = context.classes
        return [*sorted(classes.broken), *sorted(classes.servers)]

    @override
    def examine(self, context: Context, subject: str) -> Sequence[str]:
        broken = context.classes.broken.get(subject)
        if broken is not None:
            return [f"module {subject} can't be imported: {broken}"]
        return list(self.problems(context, context.classes.servers[subject]))

    @abstractmethod
    def problems(self, context: Context, server: type[GenServer]) -> Iterator[str]:
        """Say what is wrong with a class."""


class Callbacks(_OfClasses):
    """A process class can be run: it handles something, and its callbacks take what they are given."""

    name = "callbacks"
    title = "each process class has a handler, and callbacks that take what they are given"

    @override
    def problems(self, context: Context, server: type[GenServer]) -> Iterator[str]:
        for name, what in _TAKES.items():
            if not _takes_one(inspect.getattr_static(server, name)):
                yield f"{name} has to take {what} and nothing else: def {name}(self, {what.split()[1]})"
        if issubclass(server, SupervisorBase):
            return
        based_on = any(server in other.__mro__[1:] for other in context.classes.servers.values())
        if not (based_on or _handlers(server) or _overrides(server, "handle_info", "handle_continue")):
            yield "it handles nothing: no call, no cast, no handle_info, no handle_continue"
        source = _source(server)
        if source is None:
            return
        file, node = source
        if _calls(file, node, _CONTINUES) and not _overrides(server, "handle_continue"):
            yield "its init returns rg.Continue, and it has no handle_continue"
        if _calls(file, node, _MONITORS) and not _overrides(server, "handle_info"):
            yield "it monitors, and has no handle_info that would get the DOWN"


class BoundedInit(_OfClasses):
    """What `init` awaits ends by itself: a supervisor waits for it, and with it all that comes after."""

    name = "bounded-init"
    title = "no process class awaits anything in init without a bound"

    @override
    def problems(self, context: Context, server: type[GenServer]) -> Iterator[str]:
        source = _source(server)
        if source is None:
            yield "its source can't be read, so nothing can be said of its init"
            return
        file, node = source
        methods = {one.name: one for one in node.body if isinstance(one, ast.AsyncFunctionDef)}
        if "init" in methods:
            yield from _unbounded(file, methods["init"], methods, 0)


def _unbounded(
    file: SourceFile, function: ast.AsyncFunctionDef, methods: dict[str, ast.AsyncFunctionDef], depth: int
) -> Iterator[str]:
    """What a function awaits without a bound, with what it awaits of its own class."""
    for node in ast.walk(function):
        if file.function_of(node) is not function or file.is_bounded(node):
            continue
        if isinstance(node, ast.AsyncFor):
            yield f"{file.path}:{node.lineno}: {function.name} waits for each item of an async for"
        elif isinstance(node, ast.AsyncWith):
            for item in node.items:
                if not _is_scope(file, item.context_expr):
                    yield _message(file, function, item.context_expr)
        elif isinstance(node, ast.Await):
            own = _own_method(node.value, methods)
            if own is not None and depth < _DEPTH:
                yield from _unbounded(file, own, methods, depth + 1)
            elif not _ends(file, node.value):
                yield _message(file, function, node.value)


def _message(file: SourceFile, function: ast.AsyncFunctionDef, what: ast.expr) -> str:
    shown = ast.unparse(what)
    return (
        f"{file.path}:{what.lineno}: {function.name} awaits {shown} without a bound: put it into"
        " `async with asyncio.timeout(...)`, or leave it to handle_continue"
    )


def _own_method(value: ast.expr, methods: dict[str, ast.AsyncFunctionDef]) -> ast.AsyncFunctionDef | None:
    function = value.func if isinstance(value, ast.Call) else None
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return methods.get(function.attr) if function.value.id == "self" else None
    return None


def _ends(file: SourceFile, value: ast.expr) -> bool:
    """Whether it takes a timeout, or is a sleep."""
    if not isinstance(value, ast.Call):
        return False
    timeout = file.argument(value, "timeout")
    if timeout is None and file.qualified(value.func) == "asyncio.wait_for":
        timeout = file.argument(value, "timeout", 1)
    return (timeout is not None and not file.is_endless(timeout)) or file.qualified(value.func) in _SLEEPS


def _is_scope(file: SourceFile, context: ast.expr) -> bool:
    return file.is_called(context, file.settings.timeout_scopes)


def _source(server: type) -> tuple[SourceFile, ast.ClassDef] | None:
    """The file that a class stands in, and the class there; None if they can't be read."""
    try:
        path = Path(inspect.getsourcefile(server) or "")
        file = parse(path.read_bytes(), shown(path), module=server.__module__)
    except (OSError, TypeError):
        return None
    if isinstance(file, SourceFile):
        for node in file.index.of(ast.ClassDef):
            if file.names.qualname_of(node) == server.__qualname__.replace(".<locals>", ""):
                return file, node
    return None


def _calls(file: SourceFile, node: ast.ClassDef, names: tuple[str, ...]) -> bool:
    return any(file.class_of(call) is node for call, _ in file.calls_to(*names))


def _handlers(server: type) -> bool:
    return any(isinstance(value, HandlerProperty) for one in server.__mro__ for value in vars(one).values())


def _overrides(server: type, *names: str) -> bool:
    return any(inspect.getattr_static(server, name) is not vars(GenServer)[name] for name in names)


def _takes_one(function: object) -> bool:
    if not callable(function):
        return False
    try:
        inspect.signature(function).bind(None, None)
    except (TypeError, ValueError):
        return False
    return True
