# role: test
"""Sleeps that become waits for what is asserted behind them."""

import asyncio
import time

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
