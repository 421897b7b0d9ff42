"""Links: two processes that end together unless one traps exits."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Final

from regrow.core.reasons import NOPROC
from regrow.errors import OtherSystem
from regrow.runtime.process import DEAD, Process

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine

SORTED_UP_TO: Final = 64
"""Links that are put in order before they are shown; sorting a million for 15 would hold the loop."""


def link(engine: Engine, process: Process, other: Process) -> None:
    """Link the two. To a process that has ended: an EXIT with `NOPROC` comes back, as in OTP.

    Raises:
        OtherSystem: It belongs to another System.
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
            one.links = {}
        one.links[two] = None


def unlink(process: Process, other: Process) -> None:
    """End the link, if there is one. The tie between a supervisor and its child is not one of these."""
    for one, two in ((process, other), (other, process)):
        if one.links is not None:
            one.links.pop(two, None)
            if not one.links:
                one.links = None


def ties_of(process: Process) -> tuple[int, Iterator[Process]]:
    """How many are tied to `process`, and who: its supervisor, its links by age, its children."""
    parent = process.parent
    above = (parent,) if parent is not None and parent.status != DEAD else ()
    links: Collection[Process] = process.links or ()
    if len(links) <= SORTED_UP_TO:
        links = sorted(links, key=lambda one: one.serial)
    children = children_of(process)
    return len(above) + len(links) + len(children), chain(above, links, children)


def children_of(process: Process) -> Collection[Process]:
    """The living children of a supervisor, by age; the table itself, which changes as they come and go."""
    extras = process.extras
    return (extras.children if extras is not None else None) or ()
