"""Real event loops, asyncio's and uvloop's, for the tests that must hold on both."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest

T = TypeVar("T")
Factory = Callable[[], asyncio.AbstractEventLoop]


def _uvloop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


LOOPS = [
    pytest.param(asyncio.new_event_loop, id="asyncio"),
    pytest.param(
        _uvloop,
        id="uvloop",
        marks=[
            pytest.mark.uvloop,
            pytest.mark.skipif(importlib.util.find_spec("uvloop") is None, reason="uvloop is not installed"),
        ],
    ),
]
"""For `parametrize("loop_factory", LOOPS)`."""


def run_on(loop_factory: Factory, main: Coroutine[Any, Any, T], *, limit: float = 10.0) -> T:
    """Run a coroutine on a loop of its own; past `limit` seconds of real time it fails."""

    async def bounded() -> T:
        async with asyncio.timeout(limit):
            return await main

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(bounded())
