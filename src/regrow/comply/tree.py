"""A running System's supervisors and their children, each under a path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from regrow.core.specs import ChildSpec, SupervisorFlags
from regrow.runtime.engine import ENGINES, Engine
from regrow.runtime.process import Process
from regrow.runtime.supervision import SupervisorBase
from regrow.runtime.supervisor import Supervisor
from regrow.runtime.system import System
from regrow.runtime.top import Top

ALL: Final = 1_000_000
"""More children than a supervisor has."""
DEPTH: Final = 100
"""How far down supervisors are followed."""


@dataclass(frozen=True, slots=True)
class Child:
    """A child of a supervisor.

    Attributes:
        path: The ids from the root's on: ``root/workers/mailer``; of a dynamic supervisor's child the place.
        spec: How it is started.
        process: Its process, None if it is stopped.
    """

    path: str
    spec: ChildSpec
    process: Process | None


@dataclass(frozen=True, slots=True)
class Node:
    """A running supervisor.

    Attributes:
        path: Its own path.
        process: Its process.
        kind: Its class.
        flags: What it does when a child ends.
        by_id: Whether it tells its children apart by their ids, which a dynamic one doesn't.
        is_top: Whether it holds services and the tree, whose end is the end of all.
        children: In the order of their start.
    """

    path: str
    process: Process
    kind: str
    flags: SupervisorFlags
    by_id: bool
    is_top: bool
    children: tuple[Child, ...]


def engine_of(system: System) -> Engine:
    """The engine of a running System."""
    return next(one for one in ENGINES if one.system is system and one.running)


def nodes_of(engine: Engine) -> tuple[Node, ...]:
    """All running supervisors, each before those under it."""
    return tuple(node for root in list(engine.rootless) for node in _below(root, _id(root), 0))


def children_in(nodes: tuple[Node, ...]) -> dict[str, tuple[Node, Child]]:
    """Path -> supervisor and child, for all children that run."""
    return {
        child.path: (node, child)
        for node in nodes
        for child in node.children
        if child.process is not None and child.process.alive
    }


def _below(process: Process, path: str, depth: int) -> Iterator[Node]:
    instance = process.instance
    if not isinstance(instance, SupervisorBase) or not instance.up or depth > DEPTH:
        return
    by_id = isinstance(instance, Supervisor)
    children = tuple(_children(instance, path, by_id=by_id))
    yield Node(path, process, process.kind, instance.flags, by_id, isinstance(instance, Top), children)
    for child in children:
        if child.process is not None:
            yield from _below(child.process, child.path, depth + 1)


def _children(supervisor: SupervisorBase, path: str, *, by_id: bool) -> Iterator[Child]:
    branches, _ = supervisor.branches(ALL)
    for place, branch in enumerate(branches):
        name = branch.spec.id if by_id else f"{branch.spec.id}[{place}]"
        yield Child(f"{path}/{name}", branch.spec, branch.process)


def _id(process: Process) -> str:
    spec = process.child
    return spec.id if isinstance(spec, ChildSpec) else process.kind
