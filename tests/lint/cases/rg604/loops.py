# role: test
"""Tasks that a test has a loop make, and what a test begins only to see it refused."""

import asyncio
from asyncio import Task

import pytest


async def test_dropped(work, loop):
    loop.create_task(work())  # expect: RG604
    asyncio.get_running_loop().create_task(work())  # expect: RG604
    asyncio.get_event_loop().create_task(work(), name="worker")  # expect: RG604
    running = asyncio.get_running_loop()
    unread = running.create_task(work())  # expect: RG604
    Task(work())  # expect: RG604
    asyncio.run_coroutine_threadsafe(work(), loop)  # expect: RG604


class Case:
    def begin(self, work):
        self.loop.create_task(work())  # expect: RG604


async def test_kept(work, loop, jobs):
    kept = loop.create_task(work())
    jobs.append(asyncio.get_running_loop().create_task(work()))
    await loop.create_task(work())
    await kept
    assert asyncio.run_coroutine_threadsafe(work(), loop).result(1) == 1


async def test_collected(work, loop):
    task = loop.create_task(work())
    del task


async def test_of_others(work, scheduler):
    scheduler.create_task(work())


async def test_refused(work, loop, closing):
    with pytest.raises(RuntimeError):
        loop.create_task(work())
    async with closing(loop):
        with pytest.raises(RuntimeError):
            if work:
                loop.create_task(work())
    with pytest.raises(RuntimeError):

        async def later():
            loop.create_task(work())  # expect: RG604

        await later()
