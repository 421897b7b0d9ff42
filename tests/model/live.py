"""A System that lives as long as a state machine, on a virtual clock, a step at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import regrow as rg
from regrow.testing import virtual_loop

T = TypeVar("T")


class Live:
    """Starts the System at once; `run` takes it one coroutine further, `close` ends it."""

    def __init__(self, *children: rg.ChildSpec, **options: Any) -> None:
        self._runner = asyncio.Runner(loop_factory=virtual_loop)
        self.system = rg.System(children, **options)
        self.run(self.system.start())

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(coroutine)

    def wait(self, seconds: float) -> None:
        async def passing() -> None:
            loop = asyncio.get_running_loop()
            passed = loop.create_future()
            loop.call_later(seconds, passed.set_result, None)
            await passed

        self.run(passing())

    def now(self) -> float:
        return self._runner.get_loop().time()

    def close(self) -> None:
        self.run(self.system.stop())
        self._runner.close()
