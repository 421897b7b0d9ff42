"""otpylib: `main` as a process of its runtime, since calls from outside start one each."""
# mypy: ignore-errors
# ruff: noqa: BLE001

from __future__ import annotations

import asyncio

from otpylib import process
from otpylib.runtime.backends.asyncio_backend.backend import AsyncIOBackend
from otpylib.runtime.registry import set_runtime


def drive(main):
    """Run `main()` and return what it returns."""
    return asyncio.run(_outside(main))


async def _outside(main):
    backend = AsyncIOBackend()
    await backend.initialize()
    set_runtime(backend)
    done = asyncio.get_running_loop().create_future()

    async def inside():
        try:
            done.set_result(await main())
        except BaseException as error:
            done.set_exception(error)

    await process.spawn(inside)
    return await done
