"""Handlers that would swallow a cancellation, and none comes."""

import asyncio
import contextlib


async def fails():
    await asyncio.sleep(0)
    raise ValueError("no")


async def main():
    try:
        await fails()
    except:
        print("failed")
    try:
        await fails()
    except (asyncio.CancelledError, ValueError) as error:
        print("failed with", error)
    with contextlib.suppress(asyncio.CancelledError, ValueError):
        await fails()
    try:
        await asyncio.sleep(0)
    except asyncio.CancelledError: print("cancelled")
    print("done")


asyncio.run(main())
