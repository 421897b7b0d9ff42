# role: test
"""Loops that become waits."""

import asyncio
import time

import pytest


async def test_while(job, jobs):
    # expect below 2: RG602
    while not job.done:
        await asyncio.sleep(0.01)
    # expect below 2: RG602
    while not (job.done or job.failed):
        await asyncio.sleep(0.01)
    # expect below 2: RG602
    while len(jobs) < (2):
        time.sleep(0.01)
    # expect below 2: RG602
    while "a"  not  in job.names:
        await asyncio.sleep(0.01)
    # expect below 2: RG602
    while job.running and job.healthy:
        await asyncio.sleep(0.01)
    # expect below 4: RG602
    while True:
        if jobs.pop():
            break
        await asyncio.sleep(0.01)


async def test_counts(job):
    # expect below 4: RG602
    for _ in range(200):
        if job.done:
            break
        await asyncio.sleep(0.01)
    # expect below 2: RG602
    for _ in range(5):
        await asyncio.sleep(0.01)
        if job.done:
            break
    else:
        pytest.fail("too slow")
    # expect below 4: RG602
    for _ in range(job.tries):
        if job.done:
            break
        await asyncio.sleep(0.01)
    else:
        raise TimeoutError


async def test_keeps(job, jobs):
    while not job.done:
        jobs.append(1)
        await asyncio.sleep(0.01)  # expect: RG602
    # expect below 2: RG602
    while not await job.done():
        await asyncio.sleep(0.01)
    while not job.done:
        # As long as it takes.
        await asyncio.sleep(0.01)  # expect: RG602
    # expect below 4: RG602
    for number in range(200):
        if job.done == number:
            break
        await asyncio.sleep(0.01)
    # expect below 4: RG602
    for _ in range(200):
        if job.done:
            return
        await asyncio.sleep(0.01)
    # expect below 4: RG602
    for _ in range(200):
        if job.done:
            break
        await asyncio.sleep(0.01)
    else:
        job.stop()


def test_plain(job):
    # expect below 2: RG602
    while not job.done:
        time.sleep(0.01)
