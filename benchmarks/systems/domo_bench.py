"""domo-actors: method calls on proxies become messages; every call has a promise, also a cast."""
# mypy: ignore-errors
# ruff: noqa: RUF012
# Runs in the peer's own environment, where the peer's types are and the project's tools are not.

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from domo_actors.actors.actor import Actor
from domo_actors.actors.address import Uuid7Address
from domo_actors.actors.definition import Definition
from domo_actors.actors.protocol import Protocol, ProtocolInstantiator
from domo_actors.actors.stage import stage

from benchmarks.systems.kit_async import AsyncBench


class Server(Actor):
    def __init__(self, nonce, onward):
        super().__init__()
        self.nonce, self.onward = nonce, onward
        self.count = self.total = 0

    async def add(self, value):
        self.count += 1
        self.total += value

    async def echo(self, value):
        self.count += 1
        return value + self.nonce

    async def forward(self, value):
        if self.onward is None:
            return value + self.nonce
        return await self.onward.forward(value + 1)

    async def totals(self):
        return self.count, self.total


class _Make(ProtocolInstantiator):
    def instantiate(self, definition):
        return Server(*definition.parameters())


class _Serves(Protocol):
    def type(self):
        return "Server"

    def instantiator(self):
        return _Make()


async def _none():
    return None


class Domo(AsyncBench):
    distribution = "domo-actors"
    cannot = {
        "W7": "no cheap processes",
        "W9": "restarts keep the same instance: a new incarnation cannot be told from the old one",
        "W10": "no supervision tree of servers",
    }

    @asynccontextmanager
    async def session(self, job, capacity):
        yield
        await stage().close()

    async def start(self, nonce, onward=None):
        return stage().actor_for(_Serves(), Definition("Server", Uuid7Address(), (nonce, onward)))

    async def tell(self, handle):
        last = None

        def tell(value):
            nonlocal last
            last = handle.add(value)
            return _none()

        return tell

    async def ask(self, handle):
        return handle.echo

    async def totals(self, handle):
        return await handle.totals()

    async def stop(self, handles):
        for handle in handles:
            await handle.stop()
        await asyncio.sleep(0)

    async def chain(self, depth, nonce):
        link = None
        for _ in range(depth):
            link = await self.start(nonce, link)
        return link.forward


BENCH = Domo()
