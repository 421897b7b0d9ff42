# role: test
"""A poll with a sleep of no time at all, which is allowed, and one that isn't."""

import asyncio

import regrow as rg


async def later(done: list[int]) -> None:
    await asyncio.sleep(0.001)
    done.append(1)


async def test_later():
    done: list[int] = []
    async with asyncio.TaskGroup() as group:
        group.create_task(later(done))
        while len(done) < 1:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0)
    print(done, rg.NORMAL)


asyncio.run(test_later())
