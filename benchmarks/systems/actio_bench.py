"""actio: tells only; a reply is a tell back, so a call is not to be had."""
# mypy: ignore-errors
# ruff: noqa: RUF012
# Runs in the peer's own environment, where the peer's types are and the project's tools are not.

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from actio import Actor, ActorSystem
from actio.registry import LocalRegistry

from benchmarks.systems.kit_async import AsyncBench

_NO_CALL = "no call: replies are tells"


class Server(Actor):
    def __init__(self):
        super().__init__()
        self.count = self.total = 0

    async def receive(self, sender, message):
        if isinstance(message, int):
            self.count += 1
            self.total += message
        else:
            message.set_result((self.count, self.total))


async def _none():
    return None


class Actio(AsyncBench):
    distribution = "actio"
    start_waits = False
    cannot = {
        **dict.fromkeys(("W2", "W3", "W5", "W6", "W6s", "W7", "W12"), _NO_CALL),
        "W9": "an error in a handler is logged, nothing is restarted",
        "W10": "no supervision tree",
    }

    @asynccontextmanager
    async def session(self, job, capacity):
        self.system = ActorSystem(LocalRegistry())
        yield
        await self.system.shutdown(timeout=5.0)

    async def start(self, nonce):
        return self.system.create(Server())

    async def tell(self, handle):
        tell, done = self.system.tell, _Done()

        def send(value):
            tell(handle, value)
            return done

        return send

    async def totals(self, handle):
        # The future stands in for the reply that there is no call for.
        answer = asyncio.get_running_loop().create_future()
        self.system.tell(handle, answer)
        return await answer


class _Done:
    """Awaitable at once, as often as one likes."""

    def __await__(self):
        return iter(())


BENCH = Actio()
