"""Sleeps, and which code of a test file runs on Regrow's virtual clock."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from regrow.lint.facts.cutting import is_servers_expiry
from regrow.lint.facts.interrupting import expects_interrupt, is_interrupted, is_measured
from regrow.lint.facts.marks import marks_in
from regrow.lint.file import SourceFile
from regrow.lint.names import last_name
from regrow.lint.nodes import DefNode, callee

ASYNC_SLEEPS: Final = (
    *("asyncio.sleep", "asyncio.tasks.sleep"),
    *("anyio.sleep", "trio.sleep", "curio.sleep", "gevent.sleep"),
)
THREAD_SLEEPS: Final = ("time.sleep",)
_KIT: Final = ("run_virtual", "virtual_loop", "explore", "VirtualTestCase", "simulate")
KIT_FIXTURES: Final = frozenset(
    {"regrow_kit", "regrow_guard", "start_supervised", "spawn_supervised", "unique_name"}
)
"""The fixtures of Regrow's test kit."""
_OTHER_CLOCKS: Final = (
    *("MockClock", "autojump_clock", "looptime", "async_solipsism", "VirtualClock"),
    *("TestLoop(", "new_test_loop"),  # those of asyncio's own tests
)


def sleeps(file: SourceFile) -> Iterator[tuple[ast.Call, str]]:
    """The calls that sleep for longer than 0, on real time as far as the file says."""
    allowed = file.settings.allow_sleep_zero
    other_clock = _has_other_clock(file)
    for call, name in file.calls_to(*ASYNC_SLEEPS, *THREAD_SLEEPS):
        if allowed and _is_zero(file, call):
            continue
        if name in THREAD_SLEEPS:
            passes = expects_interrupt(file, call) or is_measured(file, call)
        else:
            passes = other_clock or _is_on_kit(file, call) or is_interrupted(file, call)
        if not passes and not is_servers_expiry(file, call):
            yield call, name


def is_virtual(file: SourceFile, node: ast.AST) -> bool:
    """Whether coroutines here run on a virtual loop, where a sleep only moves the clock.

    They do in a file that uses the kit's `run_virtual`, `virtual_loop`, `explore`, `simulate` or
    `VirtualTestCase`, in what carries ``@pytest.mark.regrow`` or takes a fixture of the kit, and in a file
    that speaks of another library's virtual clock.
    """
    return _has_other_clock(file) or _is_on_kit(file, node)


def _is_on_kit(file: SourceFile, node: ast.AST) -> bool:
    if _uses_kit(file):
        return True
    if any(_is_marked(file, mark) for mark in marks_in(file.tree.body)):
        return True
    for one in file.ancestors(node):
        if isinstance(one, DefNode | ast.ClassDef):
            marks = [mark for mark in one.decorator_list if _is_mark(file, mark)]
            if marks:
                return any(_is_marked(file, mark) for mark in marks)
        if isinstance(one, DefNode):
            arguments = one.args
            if any(arg.arg in KIT_FIXTURES for arg in arguments.args + arguments.kwonlyargs):
                return True
    return False


def _has_other_clock(file: SourceFile) -> bool:
    return any(map(file.mentions, _OTHER_CLOCKS))


def _uses_kit(file: SourceFile) -> bool:
    if not file.mentions("regrow"):
        return False
    kinds: tuple[type[ast.Name | ast.Attribute], ...] = (ast.Attribute, ast.Name)
    for kind in kinds:
        for node in file.index.of(kind):
            if last_name(node) in _KIT and (file.qualified(node) or "").startswith("regrow.testing"):
                return True
    return False


def _is_mark(file: SourceFile, mark: ast.expr) -> bool:
    named = callee(mark)
    return file.qualified(named) == "pytest.mark.regrow"


def _is_marked(file: SourceFile, mark: ast.expr) -> bool:
    if not _is_mark(file, mark):
        return False
    time = file.argument(mark, "time") if isinstance(mark, ast.Call) else None
    return not (isinstance(time, ast.Constant) and time.value == "real")


def _is_zero(file: SourceFile, call: ast.Call) -> bool:
    delay = file.argument(call, "delay", 0)
    return isinstance(delay, ast.Constant) and delay.value == 0
