"""xoscar in one process: a main pool without sub-pools, so that no call crosses a process."""
# mypy: ignore-errors
# ruff: noqa: RUF012
# Runs in the peer's own environment, where the peer's types are and the project's tools are not.

from __future__ import annotations

import asyncio
import itertools
from contextlib import asynccontextmanager

import xoscar

from benchmarks.systems.kit_async import AsyncBench


class Server(xoscar.Actor):
    def __init__(self, nonce, onward=None):
        super().__init__()
        self.nonce, self.onward = nonce, onward
        self.count = self.total = 0

    def add(self, value):
        self.count += 1
        self.total += value

    def echo(self, value):
        self.count += 1
        return value + self.nonce

    async def forward(self, value):
        if self.onward is None:
            return value + self.nonce
        return await self.onward.forward(value + 1)

    def totals(self):
        return self.count, self.total


class Sky(xoscar.Actor):
    async def grow(self, number, size, nonce):
        if size == 1:
            return number + nonce
        step = size // 10
        children = [await xoscar.create_actor(Sky, address=self.address, uid=_uid()) for _ in range(10)]
        answers = await asyncio.gather(
            *(child.grow(number + i * step, step, nonce) for i, child in enumerate(children))
        )
        return sum(answers)


_uids = itertools.count()


def _uid():
    return f"actor-{next(_uids)}"


class Xoscar(AsyncBench):
    distribution = "xoscar"
    cannot = {
        "W9": "recovers a dead pool (an OS process), not an actor that raised: that one goes on",
        "W10": "no supervision tree",
    }

    @asynccontextmanager
    async def session(self, job, capacity):
        pool = await xoscar.create_actor_pool("127.0.0.1", n_process=0)
        async with pool:
            self.address = pool.external_address
            yield

    async def start(self, nonce, onward=None):
        return await xoscar.create_actor(Server, nonce, onward, address=self.address, uid=_uid())

    async def tell(self, handle):
        return handle.add.tell

    async def ask(self, handle):
        return handle.echo

    async def totals(self, handle):
        return await handle.totals()

    async def stop(self, handles):
        for handle in handles:
            await xoscar.destroy_actor(handle)

    async def chain(self, depth, nonce):
        link = None
        for _ in range(depth):
            link = await self.start(nonce, link)
        return link.forward

    async def skynet(self, leaves, nonce):
        sky = await xoscar.create_actor(Sky, address=self.address, uid=_uid())
        return await sky.grow(0, leaves, nonce)


BENCH = Xoscar()
