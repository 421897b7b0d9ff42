"""The processes of a System as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from regrow.core.specs import ChildSpec
from regrow.runtime.process import RUNNING, STARTING, STOPPING, SUSPENDED, Process

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine

STATES: Final = {RUNNING: "busy", STARTING: "starting", STOPPING: "stopping", SUSPENDED: "suspended"}


def tree(engine: Engine, state: str, limit: int) -> str:
    """See `System.tree`."""
    tops = list(engine.rootless)
    return "\n".join([f"{engine.name}: {state}", *_branches(tops, "", limit)])


def _branches(processes: list[Process], indent: str, limit: int) -> Iterator[str]:
    shown = processes[:limit]
    more = len(processes) - len(shown)
    for process in shown:
        last = process is shown[-1] and not more
        yield f"{indent}{'└── ' if last else '├── '}{_line(process)}"
        children = process.extras.children if process.extras is not None else None
        if children:
            yield from _branches(list(children), indent + ("    " if last else "│   "), limit)
    if more:
        yield f"{indent}└── and {more} more"


def _line(process: Process) -> str:
    spec = process.child
    known = process.name, process.kind
    identity = f"id {spec.id!r}" if isinstance(spec, ChildSpec) and spec.id not in known else None
    # Plain processes are always in their function: that they are busy would say nothing.
    state = STATES.get(process.status) if process.blueprint.server is not None else None
    waiting = f"{len(process.mailbox)} waiting" if process.mailbox else None
    notes = ", ".join(note for note in (identity, state, waiting) if note is not None)
    return f"{process} ({notes})" if notes else str(process)
