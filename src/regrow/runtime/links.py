"""Links: two processes that end together unless one traps exits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regrow.core.reasons import NOPROC
from regrow.errors import OtherSystem
from regrow.runtime.process import DEAD, Process

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine


def link(engine: Engine, process: Process, other: Process) -> None:
    """Link the two. To a process that has ended: an EXIT with `NOPROC` comes back, as in OTP.

    Raises:
        OtherSystem: it belongs to another System.
    """
    if other is process:
        return
    if other.engine is not engine:
        raise OtherSystem(other, engine.name)
    if other.status == DEAD:
        engine.exits.signal(process, other, NOPROC)
        return
    for one, two in ((process, other), (other, process)):
        if one.links is None:
            one.links = set()
        one.links.add(two)


def unlink(process: Process, other: Process) -> None:
    """End the link, if there is one. The tie between a supervisor and its child is not one of these."""
    for one, two in ((process, other), (other, process)):
        if one.links is not None:
            one.links.discard(two)
            if not one.links:
                one.links = None


def linked_to(process: Process) -> tuple[Process, ...]:
    """Who is linked to `process`, its supervisor and its children included, by age."""
    found = set(process.links or ())
    if process.parent is not None and process.parent.status != DEAD:
        found.add(process.parent)
    if process.extras is not None:
        found.update(process.extras.children or ())
    return tuple(sorted(found, key=lambda one: one.serial))
