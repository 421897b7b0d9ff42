# role: test
import asyncio


async def test_expiry(cache):
    cache.set("key", "value", ttl=0.1)
    await asyncio.sleep(0.15)  # expect: RG601
    assert cache.get("key") is None
