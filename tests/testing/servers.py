"""Servers that the tests of the kit wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

import regrow as rg
from regrow.testing import run_virtual

T = TypeVar("T")


_counts: WeakKeyDictionary[rg.System, int] = WeakKeyDictionary()


def count(system: rg.System) -> int:
    """What its counter has counted to by now: it changes with a message, and to look is none."""
    return _counts[system]


class Counter(rg.GenServer):
    """Counts, where everybody can see it, and can crash."""

    def init(self, start: int = 0) -> None:
        self.set(start)

    def set(self, n: int) -> None:
        self.n = _counts[self.system] = n

    @rg.call
    def get(self) -> int:
        return self.n

    @rg.call
    def increment(self, by: int = 1) -> int:
        self.set(self.n + by)
        return self.n

    @rg.cast
    def add(self, n: int) -> None:
        self.set(self.n + n)

    @rg.cast
    def crash(self) -> None:
        raise RuntimeError("as told")

    @rg.cast
    async def hold(self) -> None:
        await asyncio.get_running_loop().create_future()


def counter(name: str | None = "counter", **options: object) -> rg.ChildSpec:
    return rg.child(Counter, name=name, **options)  # type: ignore[arg-type]


def play(body: Callable[[rg.System], Awaitable[T]], *children: rg.ChildSpec, strict: bool = False) -> T:
    """Run `body(system)` in a System with these children, by default one counter."""

    async def main() -> T:
        async with rg.System(children or [counter()], strict=strict) as system:
            return await body(system)

    return run_virtual(main())


def now() -> float:
    """The loop's time."""
    return asyncio.get_running_loop().time()


def later(seconds: float, do: Callable[[], object]) -> None:
    """What foreign code does after a while."""
    asyncio.get_running_loop().call_later(seconds, do)
