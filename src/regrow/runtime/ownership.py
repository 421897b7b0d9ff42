"""Whose task is it: a task belongs to the process in whose context it was created."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, final

from regrow.core.events import Orphaned

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine
    from regrow.runtime.process import Process


@final
class Ownership:
    """Owners of the tasks on one System's loop."""

    __slots__ = ("_engine",)

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self) -> None:
        """Start to watch the loop."""

    def end(self) -> None:
        """Stop watching."""

    def orphans(self, process: Process, tasks: set[asyncio.Task[object]]) -> None:
        """`process` has ended and these tasks of it live: cancel and report them."""
        engine = self._engine
        alive = [task for task in tasks if not task.done()]
        for task in alive:
            task.cancel()
            engine.see_off(task)
        engine.counters.orphans += len(alive)
        if alive and Orphaned in engine.hub.wanted:
            names = tuple(task.get_name() for task in alive)
            engine.hub.emit(Orphaned(at=engine.loop.time(), pid=process, tasks=names))
