# role: test
"""Tasks of a test that get a kit."""

import asyncio

import regrow.testing as rt


async def serve(seen: list[str], name: str) -> None:
    seen.append(name)


async def test_serves():
    seen: list[str] = []
    async with rt.kit(test_id="test_serves") as kit:
        asyncio.create_task(serve(seen, "one"))
        asyncio.ensure_future(serve(seen, "two"))
        await rt.wait_for(lambda: len(seen) == 2)
        assert kit.system is not None
    print(sorted(seen))


asyncio.run(test_serves())
