"""The till, and those who queue at it."""

from __future__ import annotations

import asyncio

import regrow as rg


class Till(rg.GenServer):
    """Takes money, once it has read the prices."""

    async def init(self) -> None:
        self.total = 0
        async with asyncio.timeout(1.0):
            self.prices = await read_prices()

    @rg.cast
    def pay(self, what: str) -> None:
        self.total += self.prices[what]


class Customer(rg.GenServer):
    """Somebody in the queue."""

    @rg.call
    def name(self) -> str:
        return "somebody"


class Door(rg.GenServer):
    """Lets the first customer in."""

    def init(self) -> rg.Continue:
        return rg.Continue("open")

    async def handle_continue(self, value: object) -> None:
        queue = self.system.ref("queue", rg.DynamicSupervisor)
        there = await queue.call(rg.DynamicSupervisor.count_children(), timeout=1.0)
        if not there.active:
            await queue.call(rg.DynamicSupervisor.start_child(rg.child(Customer)), timeout=1.0)


async def read_prices() -> dict[str, int]:
    """What things cost."""
    return {"pear": 2}


async def greet() -> None:
    """Work that is done once."""
    await rg.receive(timeout=3600.0)
