import asyncio
import time
from time import monotonic


async def until_ready(worker, timeout):
    started = time.monotonic()
    deadline = time.monotonic() + timeout  # expect: RG305
    while not worker.ready and monotonic() < deadline:
        await asyncio.wait_for(worker.changed(), timeout=deadline - time.monotonic())
    return time.monotonic() - started


class Worker:
    async def limited(self, limit):
        if time.monotonic() - self.started > limit:  # expect: RG305
            self.started = time.monotonic()
