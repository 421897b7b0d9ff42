# role: test
import time

import anyio
from trio.testing import MockClock

CLOCK = MockClock(autojump_threshold=0)


async def test_hour():
    await anyio.sleep(25)
    time.sleep(0.1)  # expect: RG601
