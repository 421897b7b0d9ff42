"""The processes of a System as text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeAlias

from regrow.core.specs import ChildSpec
from regrow.runtime.links import children_of
from regrow.runtime.process import RUNNING, STARTING, STOPPING, SUSPENDED, Process
from regrow.runtime.supervision import Branch, SupervisorBase

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine

STATES: Final = {RUNNING: "busy", STARTING: "starting", STOPPING: "stopping", SUSPENDED: "suspended"}
MAX_DEPTH: Final = 100

Node: TypeAlias = Process | Branch


def tree(engine: Engine, state: str, limit: int) -> str:
    """See `System.tree`."""
    return "\n".join(
        [f"{engine.name}: {state}", *_branches(list(engine.rootless), len(engine.rootless), "", limit)]
    )


def _branches(nodes: list[Node] | list[Process], count: int, indent: str, limit: int) -> Iterator[str]:
    shown = nodes[:limit]
    more = count - len(shown)
    for node in shown:
        last = node is shown[-1] and not more
        yield f"{indent}{'└── ' if last else '├── '}{_line(node)}"
        process = node.process if isinstance(node, Branch) else node
        if process is not None and len(indent) < 4 * MAX_DEPTH:
            children, below = _children(process, limit)
            yield from _branches(children, below, indent + ("    " if last else "│   "), limit)
    if more:
        yield f"{indent}└── and {more} more"


def _children(process: Process, limit: int) -> tuple[list[Node], int]:
    """The first `limit` children, running or not, and how many there are."""
    instance = process.instance
    if isinstance(instance, SupervisorBase) and instance.up:
        branches, count = instance.branches(limit)
        return list(branches), count
    found = children_of(process)
    return list(islice(found, limit)), len(found)


def _line(node: Node) -> str:
    if isinstance(node, Process):
        return _running(node, 0)
    if node.process is not None:
        return _running(node.process, node.restarts)
    return f"{node.spec.id!r} ({', '.join([node.state, *_restarts(node.restarts)])})"


def _running(process: Process, restarts: int) -> str:
    spec = process.child
    known = process.name, process.kind
    notes: list[str] = []
    if isinstance(spec, ChildSpec) and spec.id not in known:
        notes.append(f"id {spec.id!r}")
    instance = process.instance
    if isinstance(instance, SupervisorBase) and instance.up:
        notes.append(instance.policy())
    # Plain processes are always in their function: that they are busy would say nothing.
    if process.status in STATES and process.blueprint.server is not None:
        notes.append(STATES[process.status])
    if process.mailbox:
        notes.append(f"{len(process.mailbox)} waiting")
    notes += _restarts(restarts)
    return f"{process} ({', '.join(notes)})" if notes else str(process)


def _restarts(count: int) -> list[str]:
    return [f"restarted {count} time{'s' * (count != 1)}"] if count else []
