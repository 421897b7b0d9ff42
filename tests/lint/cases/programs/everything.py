#!/usr/bin/env python3
# One file with many findings, some of them nested.
"""All at once."""

from __future__ import annotations

import asyncio
import os
from urllib.request import urlopen as fetch

import regrow as rg
from regrow import supervisor as tree

TESTING = bool(os.environ.get("NO_SUCH_VARIABLE"))


class Echo(rg.GenServer):
    @rg.call
    def echo(self, text: str) -> str:
        return text

    @rg.cast
    def note(self, text: str) -> None:
        pass


async def work(echo: rg.Ref[Echo], group: asyncio.TaskGroup, seen: list[str]) -> None:
    try:
        echo.send(Echo.note(fetch("data:,x").read().decode()))
        if TESTING:
            seen.append("testing")
        seen.append(await echo.call(Echo.echo("é ü"), timeout=1))
        asyncio.create_task(asyncio.sleep(0, seen.append("slept")))
    except:
        seen.append("failed")


async def main() -> None:
    seen: list[str] = []
    async with rg.System([tree([tree([rg.child(Echo, name="echo")])])]) as system:
        async with asyncio.TaskGroup() as group:
            await work(system.ref("echo", Echo), group, seen)
    print(seen)


asyncio.run(main())
