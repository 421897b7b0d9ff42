# role: test
import asyncio
import time

import pytest

pytestmark = [pytest.mark.regrow, pytest.mark.slow]


async def test_hour():
    await asyncio.sleep(25)
    time.sleep(1)  # expect: RG601


@pytest.mark.regrow(time="virtual")
async def test_other():
    await asyncio.sleep(25)
