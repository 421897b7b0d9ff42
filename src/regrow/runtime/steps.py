"""Looking on: functions that are called after every step of the Systems on a loop.

A step is a message handled, a hand-off, a stretch of a process's own task that ends in the runtime, or a
death. While nobody looks on it costs a look at an empty list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias, final
from weakref import WeakKeyDictionary, WeakSet

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine

Look: TypeAlias = Callable[[], bool]
"""Tells whether it has seen what it looks for, and so made something ready to run. It must not raise."""


@final
class Steps:
    """Who looks on at the Systems of one loop."""

    __slots__ = ("__weakref__", "_looking", "_soon", "engines", "looks")

    def __init__(self) -> None:
        self.engines: WeakSet[Engine] = WeakSet()
        self.looks: list[Look] = []
        self._looking = False
        self._soon = False

    def joined_by(self, engine: Engine) -> list[Look]:
        """A System starts on the loop: what it calls after every step, nothing until somebody looks on."""
        self.engines.add(engine)
        return self.looks

    def running(self) -> list[Engine]:
        """The engines of the Systems that run on the loop, by the age of their Systems."""
        return sorted((one for one in self.engines if one.running), key=lambda one: one.incarnation)

    def over(self) -> bool:
        """A step is over. True if somebody has seen what he looks for."""
        if self._looking:
            return False
        self._looking = True
        try:
            return True in [look() for look in tuple(self.looks)]  # all of them, whoever is first
        finally:
            self._looking = False

    def over_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        """A step begins on somebody's stack, and nobody else's code may run there: look in the next pass."""
        if not self._soon:
            self._soon = True
            loop.call_soon(self._now)

    def _now(self) -> None:
        self._soon = False
        self.over()


_steps: WeakKeyDictionary[asyncio.AbstractEventLoop, Steps] = WeakKeyDictionary()


def steps_of(loop: asyncio.AbstractEventLoop) -> Steps:
    """The one object that all Systems on `loop` share."""
    found = _steps.get(loop)
    if found is None:
        found = _steps[loop] = Steps()
    return found


@contextmanager
def looking_on(loop: asyncio.AbstractEventLoop, look: Look) -> Generator[None]:
    """Inside, have `look` called after every step, in whatever context that was."""
    steps = steps_of(loop)
    steps.looks.append(look)
    for engine in steps.engines:
        engine.looks_changed()
    try:
        yield
    finally:
        steps.looks.remove(look)
        for engine in steps.engines:
            engine.looks_changed()
