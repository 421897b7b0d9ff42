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


async def test_stand_ins(spawn, cancelled):
    async def slow():
        await asyncio.sleep(10)

    async def quick():
        await asyncio.sleep(0.5)  # expect: RG601

    async def patient():
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            cancelled.append(1)
            raise

    with pytest.raises(asyncio.CancelledError):
        await asyncio.sleep(0.1)
    with pytest.raises(asyncio.CancelledError):
        await asyncio.sleep(0.1)  # expect: RG601
        await spawn(slow, quick, patient)
    try:
        await asyncio.sleep(0.1)  # expect: RG601
        await spawn(slow)
    except asyncio.CancelledError:
        pass
