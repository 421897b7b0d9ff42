"""A worker that is cancelled, and its handler tells."""

import asyncio
from asyncio import CancelledError


async def worker(started):
    try:
        started.set()
        await asyncio.sleep(3600)
    except CancelledError:
        print("stopped")


async def shift(started):
    await worker(started)


async def main():
    started = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(shift(started))
        await started.wait()
        task.cancel()
    print(task.done())


asyncio.run(main())
