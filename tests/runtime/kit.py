"""What many tests of the runtime need: a System around a body, on virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import regrow as rg
from regrow.testing import pass_time as pause
from regrow.testing import run_virtual

S = TypeVar("S", bound=rg.GenServer)
T = TypeVar("T")

__all__ = ["Clock", "pause", "play", "start"]


def play(
    body: Callable[[rg.System], Awaitable[T]],
    *children: rg.ChildSpec,
    hand_off: bool,
    threads: bool = False,
    **options: Any,
) -> T:
    """Run `body(system)` inside a System with these children; `threads` of its own have to be declared."""

    async def main() -> T:
        async with rg.System(children, hand_off=hand_off, **options) as system:
            return await body(system)

    return run_virtual(main(), limit=20.0, threads=threads)


async def start(system: rg.System, server: type[S], **options: Any) -> rg.Pid[S]:
    """Start one more child of the root; `options` are those of `rg.child`."""
    pid = await system.root.call(rg.Supervisor.start_child(rg.child(server, **options)), timeout=5.0)
    assert pid is not None
    return cast(rg.Pid[S], pid)


class Clock:
    """A monotonic clock that stands still until somebody moves it; for `Ports(monotonic=...)`."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now
