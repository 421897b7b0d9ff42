"""A tree whose supervisor says nothing."""

import asyncio

import regrow as rg


class Counter(rg.GenServer):
    def init(self) -> None:
        self.count = 0

    @rg.call
    def add(self, step: int) -> int:
        self.count += step
        return self.count


async def main() -> None:
    tree = rg.supervisor(
        [
            rg.child(Counter, name="counter"),  # the only one
        ]
    )
    async with rg.System([tree]) as system:
        print(await system.ref("counter", Counter).call(Counter.add(2), timeout=1))


asyncio.run(main())
