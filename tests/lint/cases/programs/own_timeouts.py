"""Calls that say no timeout; those that run say it by a default."""

import asyncio
from functools import partial

import regrow as rg


class Adder(rg.GenServer):
    @rg.call
    def add(self, one: int, other: int) -> int:
        return one + other


async def main() -> None:
    async with rg.System([rg.child(Adder, name="adder")]) as system:
        adder = system.ref("adder", Adder)
        ask = partial(adder.call, timeout=1)
        try:
            await adder.call(Adder.add(1, 2))
        except rg.errors.BadTimeout:
            pass
        print(await ask(Adder.add(1, 2)))


asyncio.run(main())
