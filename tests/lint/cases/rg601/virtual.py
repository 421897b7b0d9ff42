# role: test
import asyncio
import time

import regrow.testing as rt


async def helper():
    await asyncio.sleep(20)


def test_hour():
    async def main():
        await asyncio.sleep(25)
        time.sleep(1)  # expect: RG601

    rt.run_virtual(main())


def nap():
    time.sleep(0.1)  # expect: RG601
