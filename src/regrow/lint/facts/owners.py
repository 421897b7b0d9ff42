"""What could own a task at a place: a task group, a TaskSupervisor, a test's kit."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from regrow.lint.facts.addresses import ADDRESSES
from regrow.lint.nodes import DefNode

if TYPE_CHECKING:
    from regrow.lint.file import SourceFile

_TASK_SUPERVISORS: Final = frozenset({"regrow.TaskSupervisor", "regrow.runtime.tasks.TaskSupervisor"})


class Owner(NamedTuple):
    """A value that a place sees under a name.

    Attributes:
        text: The name: ``group``, ``self.group``.
        kind: The qualified class, or the factory that made it.
        supervises: Whether it is the address of a `regrow.TaskSupervisor`.
    """

    text: str
    kind: str
    supervises: bool = False


def owners(file: SourceFile, at: ast.AST) -> Iterator[Owner]:
    """What is in scope and has a known class, the nearest first.

    These are the variables of the ``with`` blocks around it, the parameters of its function, the
    attributes of ``self``, and ``self`` where its class is one that the settings name.
    """
    child = at
    for one in file.ancestors(at):
        if isinstance(one, DefNode | ast.Lambda):
            break
        if isinstance(one, ast.With | ast.AsyncWith) and child in one.body:
            for item in reversed(one.items):
                if isinstance(item.optional_vars, ast.Name):
                    yield from _known(file, item.optional_vars, item.optional_vars.id)
        child = one
    function = file.function_of(at)
    if isinstance(function, DefNode):
        arguments = function.args
        for arg in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            kind = file.types.annotated(arg.annotation)
            if kind is not None:
                yield Owner(arg.arg, kind, _is_supervisor(file, arg.annotation))
        yield from _of_self(file, function)


def _of_self(file: SourceFile, function: DefNode) -> Iterator[Owner]:
    owner = file.parent(function)
    first = (function.args.posonlyargs + function.args.args)[:1]
    if not isinstance(owner, ast.ClassDef) or not first:
        return
    for name, sources in file.types.attributes(owner).items():
        for source in sources:
            if isinstance(source, ast.Name | ast.Attribute):
                yield from _known(file, source, f"{first[0].arg}.{name}")
    if not function.decorator_list:  # else it may be a class or nothing that comes first
        name = file.defined_name(owner)
        kinds = (one.rpartition(".")[0] for one in file.settings.supervised_spawners)
        yield from (Owner(first[0].arg, kind) for kind in kinds if file.is_a(name, {kind}))


def _known(file: SourceFile, node: ast.Name | ast.Attribute, text: str) -> Iterator[Owner]:
    kind = file.type_of(node)
    if kind is not None:
        parent = file.parent(node)
        annotation = parent.annotation if isinstance(parent, ast.AnnAssign) else None
        yield Owner(text, kind, _is_supervisor(file, annotation))


def _is_supervisor(file: SourceFile, annotation: ast.expr | None) -> bool:
    """Whether it is ``Ref[TaskSupervisor]`` or ``Pid[TaskSupervisor]``."""
    return (
        isinstance(annotation, ast.Subscript)
        and file.qualified(annotation.value) in ADDRESSES
        and file.qualified(annotation.slice) in _TASK_SUPERVISORS
    )
