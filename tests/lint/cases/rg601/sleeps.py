# role: test
import asyncio
import time
import unittest
from asyncio import sleep as nap
from time import sleep

import anyio
import pytest


async def test_async(worker):
    worker.start()
    await asyncio.sleep(0.5)  # expect: RG601
    await nap(1)  # expect: RG601
    await anyio.sleep(delay=2)  # expect: RG601
    await asyncio.sleep(0)
    await asyncio.sleep(0.0)
    assert worker.ready


def test_sync(worker):
    time.sleep(0.1)  # expect: RG601
    sleep(worker.delay)  # expect: RG601
    time.sleep(0)


@pytest.fixture
async def server():
    yield 1
    await asyncio.sleep(0.1)  # expect: RG601


async def test_stand_in(run):
    async def slow():
        try:
            await asyncio.sleep(3)  # expect: RG601
        finally:
            time.sleep(1)  # expect: RG601

    await run(slow)


class TestThings(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        await asyncio.sleep(1)  # expect: RG601

    async def test_repeats(self):
        for _ in range(3):
            await asyncio.sleep(1)  # expect: RG601

    async def test_polls(self):
        while not self.ready:
            await asyncio.sleep(1)


def test_shadowed(time, asyncio):
    time.sleep(5)
    asyncio.sleep(5)


class Clock:
    def sleep(self, seconds):
        self.now += seconds

    def test(self):
        self.sleep(3)


@pytest.mark.regrow
async def test_virtual():
    await asyncio.sleep(20)
    time.sleep(1)  # expect: RG601


@pytest.mark.regrow(time="real")
async def test_real():
    await asyncio.sleep(20)  # expect: RG601


@pytest.mark.regrow(timeout=3)
class TestVirtual:
    async def test_in_class(self):
        await asyncio.sleep(20)

    @pytest.mark.regrow(time="real")
    async def test_closer_mark_wins(self):
        await asyncio.sleep(20)  # expect: RG601


async def test_with_fixture(regrow_kit):
    async def main():
        await asyncio.sleep(20)

    await main()


def test_clock():
    before = time.monotonic()
    time.sleep(0.5)
    after = time.monotonic()
    assert after > before


def test_another_clock(worker):
    before = time.monotonic()
    time.sleep(0.5)  # expect: RG601
    after = worker.time()
    assert after > before


def test_pace(thread, stream):
    stop = False

    def pump():
        while not stop:
            time.sleep(0.1)
            stream.pump()

    thread(target=pump)
