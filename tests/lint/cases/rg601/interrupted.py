# role: test
import asyncio
import time

import pytest
from anyio import move_on_after, sleep


async def test_cut_short(delay):
    with move_on_after(0.01):
        await sleep(1)
    with move_on_after(delay):
        await sleep(1)
    async with asyncio.timeout(0.1):
        await sleep(10)
    async with asyncio.timeout(5):
        await asyncio.sleep(0.1)  # expect: RG601
    async with asyncio.timeout(0.1):
        time.sleep(0.2)  # expect: RG601


async def test_cancelled(group):
    group.cancel_soon()
    await asyncio.sleep(1)
    pytest.fail("not cancelled")


async def test_waits(group):
    group.cancel_soon()
    await asyncio.sleep(1)  # expect: RG601
    assert group.cancelled


async def never():
    await asyncio.sleep(3600)


async def long():
    await asyncio.sleep(10)  # expect: RG601
    time.sleep(3600)  # expect: RG601
