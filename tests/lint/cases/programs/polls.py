# role: test
"""Loops that poll, each in another way."""

import asyncio
import time


async def soon(jobs, name):
    await asyncio.sleep(0.001)
    jobs.append(name)


async def test_polls():
    jobs = []
    async with asyncio.TaskGroup() as group:
        group.create_task(soon(jobs, "a"))
        while "a" not in jobs:
            await asyncio.sleep(0.001)
        group.create_task(soon(jobs, "b"))
        for _ in range(1000):
            if len(jobs) == 2:
                break
            await asyncio.sleep(0.001)
        else:
            raise AssertionError("too slow")
        group.create_task(soon(jobs, "c"))
        while True:
            await asyncio.sleep(0.001)
            if jobs[-1] == "c":
                break
    while not jobs:
        time.sleep(0.001)
    print(jobs)


asyncio.run(test_polls())
