"""RG101 and RG604: a task gets the owner that is in scope."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from regrow.lint.facts.owners import Owner, owners
from regrow.lint.fixes.fixtures import Asked, asked
from regrow.lint.fixes.patching import has_comment, replaced, with_argument
from regrow.lint.fixes.spelling import spelled
from regrow.lint.model import Edit, Fix, Safety, no_fix
from regrow.lint.names import last_name
from regrow.lint.nodes import DefNode

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

_KITS: Final = frozenset({"regrow.testing.Kit", "regrow.testing.kit", "regrow.testing.isolation.kit.Kit"})
_KIT_FIXTURE: Final = "regrow_kit"
_NURSERIES: Final = ("anyio.", "trio.")
_NOBODY: Final = "no task group or TaskSupervisor is in scope: hand one in"
_SHORT: Final = 60
_KEPT: Final = "the task is kept, and the owner in scope gives none: only you know what for"


def owned(file: SourceFile, call: ast.Call, spawner: str) -> Fix:
    """The task in the nearest task group, or under the TaskSupervisor in scope.

    Args:
        file: The file.
        call: What makes the task.
        spawner: What it is called: ``create_task``, ``loop.create_task``.
    """
    if spawner == "run_coroutine_threadsafe":
        return no_fix("it comes from another thread: hand the work to a process there")
    if not call.args or isinstance(call.args[0], ast.Starred):
        return no_fix("what it runs can't be told from the call")
    if spawner not in {"create_task", "loop.create_task"} and not _is_coroutine(file, call.args[0]):
        return no_fix("it may be given something else than a coroutine, which no owner takes")
    for owner in owners(file, call) if _may_have_owners(file) else ():
        fix = _under(file, call, owner)
        if fix is not None:
            return fix
    return no_fix(_NOBODY + _as_child(file, call.args[0]))


def in_kit(file: SourceFile, call: ast.Call, spawner: str) -> Fix:
    """As `owned`, with a test's kit as one more owner, which pytest gives to a test that has none."""
    made = (owner.text for owner in owners(file, call) if owner.kind in _KITS)
    kit = next(map(Asked, made), None) or asked(file, _outermost_function(file, call), _KIT_FIXTURE)
    fix = owned(file, call, spawner)
    if fix.edits and (kit is None or kit.edits):  # a kit that the test has already comes first
        return fix
    started = _parts(file, call)
    if kit is None or started is None or not (_is_dropped(file, call) and _can_await(file, call)):
        return fix
    edit = replaced(file, call, f"await {kit.name}.spawn_supervised({started})")
    return Fix("Have the test's kit run it", (*kit.edits, edit), Safety.UNSAFE)


def _outermost_function(file: SourceFile, node: ast.AST) -> ast.AST | None:
    return next((one for one in reversed([*file.ancestors(node)]) if isinstance(one, DefNode)), None)


def _as_child(file: SourceFile, coroutine: ast.expr) -> str:
    """How a supervisor would be told of it, where that is short enough."""
    if not isinstance(coroutine, ast.Call) or not isinstance(coroutine.func, ast.Name) or coroutine.keywords:
        return ""
    given = ", ".join(file.segment(one) for one in coroutine.args)
    text = f"rg.child({coroutine.func.id}, args=({given},))" if given else f"rg.child({coroutine.func.id})"
    return f", or make it a child: {text}" if len(text) < _SHORT and "\n" not in text else ""


@lru_cache(maxsize=1)  # a search of the whole text, for each task
def _may_have_owners(file: SourceFile) -> bool:
    """The cheap test before classes are looked up."""
    settings = file.settings
    kinds = (*settings.task_group_types, *(one.rpartition(".")[0] for one in settings.supervised_spawners))
    names = {kind.rpartition(".")[2] for kind in kinds}
    return any(name in file.text.content for name in ("TaskSupervisor", *names))


def _under(file: SourceFile, call: ast.Call, owner: Owner) -> Fix | None:
    settings = file.settings
    if owner.kind in settings.task_group_types:
        if owner.kind.startswith(_NURSERIES):
            started = _parts(file, call)
            if started is None or not _is_dropped(file, call):
                return None
            edit = replaced(file, call, f"{owner.text}.start_soon({started})")
            return Fix("Start it in the task group", (edit,), Safety.UNSAFE)
        if {keyword.arg for keyword in call.keywords} - {"name", "context"}:
            return None
        edit = replaced(file, call.func, f"{owner.text}.create_task")
        return Fix("Make it in the task group", (edit,), Safety.UNSAFE)
    for spawner in settings.supervised_spawners:
        kind, _, method = spawner.rpartition(".")
        if kind == owner.kind and _is_dropped(file, call):
            edit = replaced(file, call.func, f"{owner.text}.{method}")
            return Fix(f"Have {owner.text} spawn it", (edit,), Safety.UNSAFE)
    return _supervised(file, call, owner) if owner.supervises else None


def _supervised(file: SourceFile, call: ast.Call, owner: Owner) -> Fix:
    first = file.text.content.index("(", file.end(call.func)) + 1
    tail = with_argument(file, call, "link=False")
    if not _is_dropped(file, call) or not _can_await(file, call):
        return no_fix(_KEPT)
    if call.keywords or len(call.args) != 1 or tail is None:
        return no_fix("rg.start_task takes no name or context")
    name = spelled(file, "regrow.start_task", call)
    if isinstance(name, Fix):
        return name
    space = "" if file.text.content[first].isspace() else " "
    head = Edit(file.start(call), first, f"await {name.text}({owner.text},{space}")
    return Fix("Run it under the TaskSupervisor", (head, tail), Safety.UNSAFE, name.imports)


def _is_coroutine(file: SourceFile, node: ast.expr) -> bool:
    """Whether it calls an ``async def`` of this file."""
    if not isinstance(node, ast.Call):
        return False
    name = last_name(node.func)
    plain = any(one.name == name for one in file.index.of(ast.FunctionDef))
    return not plain and any(one.name == name for one in file.index.of(ast.AsyncFunctionDef))


def _parts(file: SourceFile, call: ast.Call) -> str | None:
    """``f, a, b`` of ``create_task(f(a, b))``; None if it isn't as plain as that."""
    made = call.args[0] if len(call.args) == 1 and not call.keywords else None
    if not isinstance(made, ast.Call) or made.keywords or has_comment(file, file.start(call), file.end(call)):
        return None
    content = file.text.content
    given = content[content.index("(", file.end(made.func)) + 1 : file.end(made) - 1].strip().rstrip(",")
    return ", ".join(part for part in (file.segment(made.func), given) if part)


def _is_dropped(file: SourceFile, call: ast.Call) -> bool:
    return isinstance(file.parent(call), ast.Expr)


def _can_await(file: SourceFile, call: ast.Call) -> bool:
    return isinstance(file.function_of(call), ast.AsyncFunctionDef)
