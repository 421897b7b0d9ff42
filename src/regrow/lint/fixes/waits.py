"""RG601 and RG602: a test waits for what it is about."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from regrow.lint.facts.places import uses
from regrow.lint.fixes.asserting import Assertion, assertions, joined
from regrow.lint.fixes.patching import block_of, has_comment, is_alone, replaced, without_statement
from regrow.lint.fixes.predicates import negated, why_not, why_not_again
from regrow.lint.fixes.spelling import spelled
from regrow.lint.model import Fix, Safety, no_fix

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

_WAIT: Final = "regrow.testing.wait_for"
_IDLE: Final = "regrow.testing.wait_idle"
_ASYNCIO: Final = re.compile(r"asyncio\.|time\.")
_LEAST: Final = 1.0
"""What `wait_for` waits by default, in seconds."""
_ENDLESS: Final = 10.0
"""What a loop without a limit gets, in seconds."""


def instead_of_sleep(file: SourceFile, call: ast.Call, name: str) -> Fix:
    """``wait_for`` in the place of a sleep and of the assertions behind it; ``wait_idle`` for a sleep of 0.

    Args:
        file: The file.
        call: The sleep.
        name: Its qualified name.
    """
    statement = _sleeping(file, call, name)
    if isinstance(statement, Fix):
        return statement
    delay = file.argument(call, "delay", 0) or file.argument(call, "secs", 0)
    if isinstance(delay, ast.Constant) and delay.value == 0:
        return _idle(file, statement)
    block = block_of(file, statement)
    found = list(assertions(file, block[block.index(statement) + 1 :]))
    if not found:
        return no_fix("what it waits for isn't said: wait for that, or use a virtual clock")
    problem = _problem(file, found)
    if problem is not None:
        return no_fix(problem)
    wait = spelled(file, _WAIT, call)
    if isinstance(wait, Fix):
        return wait
    text = f"await {wait.text}(lambda: {joined(found)}, timeout={_at_least(file, delay)}"
    if found[0].message is not None:
        text += f", message={file.segment(found[0].message)}"
    gone = [edit for one in found if (edit := without_statement(file, one.statement)) is not None]
    edits = (replaced(file, statement, f"{text})"), *gone)
    return Fix("Wait for what is asserted", edits, Safety.UNSAFE, wait.imports)


def instead_of_loop(
    file: SourceFile, loop: ast.While | ast.For | ast.AsyncFor, call: ast.Call, name: str
) -> Fix:
    """``wait_for`` in the place of a loop that polls.

    Args:
        file: The file.
        loop: The loop.
        call: The sleep in it.
        name: The sleep's qualified name.
    """
    statement = _sleeping(file, call, name)
    if isinstance(statement, Fix):
        return statement
    predicate = _asked(file, loop, statement)
    if predicate is None:
        return no_fix("the loop does more than wait")
    condition, text = predicate
    problem = why_not(condition)
    if problem is not None:
        return no_fix(problem)
    if not is_alone(file, loop) or has_comment(file, file.start(loop), file.end(loop)):
        return no_fix("a comment or other code stands within the loop")
    wait = spelled(file, _WAIT, call)
    if isinstance(wait, Fix):
        return wait
    text = f"await {wait.text}(lambda: {text}, timeout={_limit(file, loop, call)})"
    return Fix("Wait for it", (replaced(file, loop, text),), Safety.UNSAFE, wait.imports)


def _sleeping(file: SourceFile, call: ast.Call, name: str) -> ast.Expr | Fix:
    """The statement that does nothing but sleep, in a coroutine of asyncio."""
    if _ASYNCIO.match(name) is None:
        return no_fix("rt.wait_for takes asyncio's loop")
    if not isinstance(file.function_of(call), ast.AsyncFunctionDef):
        return no_fix("a plain function can't await: make it a coroutine, and wait for what it is about")
    parent = file.parent(call)
    statement = file.parent(parent) if isinstance(parent, ast.Await) else parent
    if not isinstance(statement, ast.Expr) or not is_alone(file, statement):
        return no_fix("the sleep is part of something else")
    return statement


def _idle(file: SourceFile, statement: ast.Expr) -> Fix:
    idle = spelled(file, _IDLE, statement)
    if isinstance(idle, Fix):
        return idle
    edit = replaced(file, statement, f"await {idle.text}()")
    return Fix("Wait until nothing is left to run", (edit,), Safety.UNSAFE, idle.imports)


# -- assertions ------------------------------------------------------------------------------------


def _problem(file: SourceFile, found: Sequence[Assertion]) -> str | None:
    for one in found:
        for part in one.parts:
            problem = why_not(part) or why_not_again(file, part)
            if problem is not None:
                return problem
        if not one.is_plain:
            return "a comment or other code stands within the assertion"
    if all(one.is_quick for one in found):
        return "it may hold at once: if it has to stay so, that is rt.never(...)"
    told = [one for one in found if one.message is not None]
    if told and (len(found) > 1 or not _is_kept(file, told[0])):
        return "its message can't be kept"
    return None


def _is_kept(file: SourceFile, assertion: Assertion) -> bool:
    message, statement = assertion.message, assertion.statement
    is_text = isinstance(message, ast.Constant) and isinstance(message.value, str)
    return is_text and not has_comment(file, file.start(statement), file.end(statement))


def _at_least(file: SourceFile, delay: ast.expr | None) -> str:
    if isinstance(delay, ast.Constant) and isinstance(delay.value, int | float):
        return str(max(_LEAST, float(delay.value)))
    if delay is None or has_comment(file, file.start(delay), file.end(delay)):
        return str(_LEAST)
    return f"max({_LEAST}, {file.segment(delay)})"


# -- loops -----------------------------------------------------------------------------------------


def _asked(
    file: SourceFile, loop: ast.While | ast.For | ast.AsyncFor, sleep: ast.Expr
) -> tuple[ast.expr, str] | None:
    """What a loop waits for, and how that is written; None if it does anything besides."""
    if isinstance(loop, ast.While) and loop.body == [sleep]:
        return None if loop.orelse else (loop.test, negated(file, loop.test))
    others = [one for one in loop.body if one is not sleep]
    question = others[0] if len(loop.body) == 2 and len(others) == 1 else None  # and the sleep
    if not isinstance(question, ast.If) or question.orelse or not isinstance(question.body[0], ast.Break):
        return None
    if isinstance(loop, ast.While):
        is_endless = isinstance(loop.test, ast.Constant) and bool(loop.test.value) and not loop.orelse
        return (question.test, file.segment(question.test)) if is_endless else None
    if not isinstance(loop, ast.For) or not isinstance(loop.target, ast.Name) or not _only_fails(loop.orelse):
        return None
    if next(uses(file, loop.target), None) is not None:
        return None
    return question.test, file.segment(question.test)


def _only_fails(block: Sequence[ast.stmt]) -> bool:
    """Whether what is done when time is up is to fail, as `wait_for` does."""
    if not block:
        return True
    first = block[0]
    if isinstance(first, ast.Assert):
        return isinstance(first.test, ast.Constant) and not first.test.value
    called = first.value.func if isinstance(first, ast.Expr) and isinstance(first.value, ast.Call) else None
    fails = isinstance(called, ast.Attribute) and called.attr == "fail"
    return len(block) == 1 and (fails or isinstance(first, ast.Raise))


def _limit(file: SourceFile, loop: ast.While | ast.For | ast.AsyncFor, call: ast.Call) -> str:
    """As long as the loop would go on, at least a second."""
    delay = file.argument(call, "delay", 0)
    times = loop.iter if isinstance(loop, ast.For) else None
    count = times.args[0] if isinstance(times, ast.Call) and len(times.args) == 1 else None
    if not isinstance(delay, ast.Constant) or not isinstance(count, ast.Constant):
        return str(_ENDLESS)
    if not isinstance(delay.value, int | float) or not isinstance(count.value, int | float):
        return str(_ENDLESS)
    return str(max(_LEAST, round(float(delay.value * count.value), 3)))
