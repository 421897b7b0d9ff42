# role: test
import asyncio

PORT = 8765


async def test_listens(handler):
    await asyncio.start_server(handler, "127.0.0.1", 8888)  # expect: RG605
    await asyncio.start_server(handler, "127.0.0.1", PORT)  # expect: RG605
    server = await asyncio.start_server(handler, "127.0.0.1", port=7777)  # expect: RG605
    await asyncio.open_connection("127.0.0.1", 7777)
    assert server is not None
