"""What there is on a loop, as text, for whoever reads why a test failed."""

from __future__ import annotations

import asyncio
from typing import Final

from regrow.runtime.steps import steps_of
from regrow.runtime.system import System

__all__ = ("systems_here", "world")

MAX_MAILBOXES: Final = 10


def systems_here() -> list[System]:
    """The Systems that run on the current loop, oldest first."""
    engines = steps_of(asyncio.get_running_loop()).running()
    return [engine.system for engine in engines if engine.system is not None]


def world() -> str:
    """The trees and mailboxes of all Systems on the current loop."""
    return "\n".join(_described(system) for system in systems_here()) or "no System runs on this loop"


def _described(system: System) -> str:
    boxes = system.listing.mailboxes()
    lines = [
        f"  {box.pid}: {box.length} of {box.capacity}, first {box.head}" for box in boxes[:MAX_MAILBOXES]
    ]
    if len(boxes) > MAX_MAILBOXES:
        lines.append(f"  and {len(boxes) - MAX_MAILBOXES} more")
    head = "in mailboxes:" if lines else "all mailboxes are empty"
    return "\n".join([system.tree(), head, *lines])
