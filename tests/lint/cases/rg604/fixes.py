# role: test
"""Tasks of tests that get an owner."""

import asyncio
import threading
import unittest

import regrow.testing as rt


async def serve(port, *more): ...


async def test_with_the_fixture(regrow_kit):
    asyncio.create_task(serve(80, "a"))  # expect: RG604
    asyncio.ensure_future(serve(  # expect: RG604
        80,
    ))
    asyncio.create_task(serve(port=80))  # expect: RG604


async def test_with_a_kit():
    async with rt.kit() as kit:
        asyncio.create_task(serve(80))  # expect: RG604
    async with asyncio.TaskGroup() as group:
        asyncio.create_task(serve(80))  # expect: RG604
        task = asyncio.create_task(serve(port=80))  # expect: RG604


async def test_without():
    asyncio.create_task(serve(80))  # expect: RG604
    threading.Thread(target=serve).start()  # expect: RG604


async def test_inside(port):
    async def client():
        asyncio.create_task(serve(port))  # expect: RG604

    await client()


class Case(unittest.IsolatedAsyncioTestCase):
    async def test_it(self):
        asyncio.create_task(serve(80))  # expect: RG604


async def test_with_a_loop(port):
    asyncio.get_running_loop().create_task(serve(port))  # expect: RG604


async def helper():
    asyncio.create_task(serve(80))  # expect: RG604
