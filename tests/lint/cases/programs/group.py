"""Tasks in a group, made the old way."""

import asyncio
from asyncio import create_task


async def work(name, done):
    await asyncio.sleep(0)
    done.append(name)


async def main():
    done = []
    async with asyncio.TaskGroup() as group:
        group.create_task(work("first", done))
        create_task(work("second", done), name="second")
        third = asyncio.ensure_future(work("third", done))
    print(sorted(done), third.done())


asyncio.run(main())
