"""pulsing, alone on its node: Rust actors with Python methods behind proxies."""
# mypy: ignore-errors
# ruff: noqa: RUF012
# Runs in the peer's own environment, where the peer's types are and the project's tools are not.

from __future__ import annotations

import itertools
from contextlib import asynccontextmanager

import pulsing

from benchmarks.systems.kit_async import AsyncBench


@pulsing.remote
class Server:
    def __init__(self, nonce, onward=None):
        self.nonce, self.onward = nonce, onward
        self.count = self.total = 0

    def echo(self, value):
        self.count += 1
        return value + self.nonce

    async def forward(self, value):
        if self.onward is None:
            return value + self.nonce
        peer = await Server.resolve(self.onward)
        return await peer.forward(value + 1)

    def totals(self):
        return self.count, self.total


class Pulsing(AsyncBench):
    distribution = "pulsing"
    cannot = {
        "W1": "method calls only: each waits for its answer",
        "W4": "method calls only: each waits for its answer",
        "W7": "no cheap processes",
        "W9": "restarts happen in Rust, seen by nobody but the new instance",
        "W10": "no supervision tree",
    }

    def __init__(self):
        self._names = (f"actor-{i}" for i in itertools.count())

    @asynccontextmanager
    async def session(self, job, capacity):
        await pulsing.init()
        yield
        await pulsing.shutdown()

    async def start(self, nonce, onward=None):
        name = next(self._names)
        proxy = await Server.spawn(nonce, onward, name=name)
        return name, proxy

    async def ask(self, handle):
        return handle[1].echo

    async def totals(self, handle):
        return tuple(await handle[1].totals())

    async def stop(self, handles):
        system = pulsing.get_system()
        for name, _ in handles:
            await system.stop(name)

    async def chain(self, depth, nonce):
        name = proxy = None
        for _ in range(depth):
            name, proxy = await self.start(nonce, name)
        return proxy.forward


BENCH = Pulsing()
