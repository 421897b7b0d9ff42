import time

import anyio


async def until_ready(worker, timeout):
    deadline = time.monotonic() + timeout  # expect: RG305
    while not worker.ready and time.monotonic() < deadline:
        await anyio.sleep(0.1)
