# role: test
"""Sleeps that become waits for what is asserted behind them."""

import asyncio
import time
from unittest import IsolatedAsyncioTestCase

import anyio


async def test_waits(worker, queue, log, delay):
    worker.start()
    await asyncio.sleep(0.1)  # expect: RG601
    assert worker.ready
    await asyncio.sleep(2)  # expect: RG601
    # Both of them.
    assert len(log) == 2 or worker.is_done(), "too slow"  # the log
    await asyncio.sleep(delay * 2)  # expect: RG601
    assert (
        log[0] == "a"
        and log[1] == "b"
    )
    assert queue.qsize() or worker.ready

    assert not queue.empty()
    log.clear()
    time.sleep(1)  # expect: RG601
    assert log


async def test_keeps(worker, queue, log):
    await asyncio.sleep(0.1)  # expect: RG601
    worker.stop()
    await asyncio.sleep(0.1)  # expect: RG601
    assert not worker.ready
    await asyncio.sleep(0.1)  # expect: RG601
    assert log == []
    await asyncio.sleep(0.1)  # expect: RG601
    assert queue.get_nowait() == 1
    await asyncio.sleep(0.1)  # expect: RG601
    assert await worker.answer() == 1
    await asyncio.sleep(0.1)  # expect: RG601
    assert (found := log[-1]) == 1
    await asyncio.sleep(0.1)  # expect: RG601
    assert log, f"the log of {worker}"
    await asyncio.sleep(0.1)  # expect: RG601
    assert (  # a comment in its place
        log
    )
    await asyncio.sleep(0.1); assert log  # expect: RG601
    await anyio.sleep(0.1)  # expect: RG601
    assert log
    return found


def test_plain(log):
    time.sleep(1)  # expect: RG601
    assert log


class TestWorker(IsolatedAsyncioTestCase):
    async def test_waits(self):
        await asyncio.sleep(0.1)  # expect: RG601
        self.assertEqual(self.worker.jobs, 1 if self.fast else 2, "jobs")
        await asyncio.sleep(0.1)  # expect: RG601
        self.assertTrue(self.a or self.b)
        self.assertIn("x", self.log)
        self.assertIsNotNone(
            self.worker.result()
        )
        self.assertFalse(self.a and self.b)
        self.assertIsInstance(self.a, str)

    async def test_keeps(self):
        await asyncio.sleep(0.1)  # expect: RG601
        self.assertEqual(self.worker.jobs, [])
        await asyncio.sleep(0.1)  # expect: RG601
        self.assertTrue(not self.worker.done)
        await asyncio.sleep(0.1)  # expect: RG601
        self.assertRaises(ValueError, self.worker.stop)
        await asyncio.sleep(0.1)  # expect: RG601
        self.assertEqual(self.worker.jobs, 1, msg="jobs")
        await asyncio.sleep(0.1)  # expect: RG601
        self.assertEqual(self.worker.stop(), 1)
        await asyncio.sleep(0.1)  # expect: RG601
        self.assertEqual(
            self.worker.jobs,  # all of them
            1,
        )
