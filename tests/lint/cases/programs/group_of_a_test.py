# role: test
"""Tasks of a test in a group."""

import asyncio


async def serve(seen, name):
    seen.append(name)


async def test_serves():
    seen = []
    async with asyncio.TaskGroup() as tasks:
        asyncio.create_task(serve(seen, "one"))
        unread = asyncio.create_task(serve(seen, name="two"))
        await asyncio.sleep(0)
    print(seen)


asyncio.run(test_serves())
