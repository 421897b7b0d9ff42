# role: test
"""Coroutines of tests that are ended while they sleep, and clocks of servers."""

import asyncio
import time

import anyio
import pytest


async def test_cancelled(group, ready):
    async def sleeper():
        await asyncio.sleep(1)

    async def ticks():
        while True:
            await asyncio.sleep(0.1)  # expect: RG601

    async def runs_through():
        await asyncio.sleep(1)  # expect: RG601

    task = group.create_task(sleeper())
    clock = group.create_task(ticks())
    other = group.create_task(runs_through())
    await ready()
    task.cancel()
    clock.cancel()
    await other


async def test_waited_for_briefly(scheduler):
    async def job():
        await asyncio.sleep(1)

    async def direct():
        await asyncio.sleep(1)

    async def quick():
        await asyncio.sleep(0.1)  # expect: RG601

    running = await scheduler.spawn(job())
    with pytest.raises(TimeoutError):
        await running.wait(timeout=0.01)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(direct(), 0.01)
    await asyncio.wait_for(quick(), timeout=5)


async def test_scope():
    async def task():
        await anyio.sleep(2)

    async with anyio.create_task_group() as tg:
        tg.start_soon(task)
        tg.cancel_scope.cancel()


async def test_does_not_come_back(tg):
    finished = done = False

    async def task():
        nonlocal finished
        await anyio.sleep(2)
        finished = True

    await tg.start(task)
    await anyio.sleep(0.5)  # expect: RG601
    done = True
    assert not finished
    assert done


async def test_comes_back(tg):
    await anyio.sleep(2)  # expect: RG601
    finished = True
    assert finished


def child():
    try:
        time.sleep(10)
    except KeyboardInterrupt:
        return 1
    time.sleep(0.1)  # expect: RG601
    return 0


async def test_expiry(redis, cache):
    await asyncio.sleep(0.1)  # expect: RG601
    await redis.set("key", "value", px=100)
    await asyncio.sleep(0.15)
    assert await redis.get("key") is None
