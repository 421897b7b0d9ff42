"""An event loop that says whether it would ever wake up by itself."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
_ENOUGH = 10
Event = tuple[selectors.SelectorKey, int]


class _Selector(selectors.DefaultSelector):
    """Counts, once armed, how often the loop sets itself an alarm before it sleeps for good."""

    def __init__(self) -> None:
        super().__init__()
        self.armed: Callable[[int], None] | None = None
        self.alarms = 0

    def select(self, timeout: float | None = None) -> list[Event]:
        if self.armed is not None and timeout != 0:
            self.alarms += timeout is not None
            if timeout is None or self.alarms == _ENOUGH:
                call_back, self.armed = self.armed, None
                call_back(self.alarms)
                timeout = 0
        ready: list[Event] = super().select(timeout)
        return ready


class QuietLoop:
    """A loop of asyncio's own, and a way to see whether it comes to rest."""

    def __init__(self) -> None:
        self._selector = _Selector()
        self.loop = asyncio.SelectorEventLoop(self._selector)

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            return runner.run(main)

    async def rests(self) -> bool:
        """Whether it sleeps without a timer after at most 10 alarms: a tick never lets it."""
        answer: asyncio.Future[int] = self.loop.create_future()
        self._selector.alarms = 0
        self._selector.armed = answer.set_result
        return await answer < _ENOUGH
