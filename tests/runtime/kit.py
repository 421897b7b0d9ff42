"""What many tests of the runtime need: a System around a body, on virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import regrow as rg
from tests.virtual_loop import run_virtual

T = TypeVar("T")


def play(
    body: Callable[[rg.System], Awaitable[T]], *children: rg.ChildSpec, hand_off: bool, **options: Any
) -> T:
    """Run `body(system)` inside a System with these children."""

    async def main() -> T:
        async with rg.System(children, hand_off=hand_off, **options) as system:
            return await body(system)

    return run_virtual(main(), limit=20.0)


class Clock:
    """A monotonic clock that stands still until somebody moves it; for `Ports(monotonic=...)`."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now
