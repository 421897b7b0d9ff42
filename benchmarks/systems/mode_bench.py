"""mode: services without a mailbox, so nothing is sent; what it can do is start, crash and restart."""
# mypy: ignore-errors
# ruff: noqa: RUF012
# Runs in the peer's own environment, where the peer's types are and the project's tools are not.

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from mode import OneForAllSupervisor, OneForOneSupervisor, Service

from benchmarks.systems.kit import Note
from benchmarks.systems.kit_async import AsyncBench, Crashing

_STRATEGIES = {"one_for_one": OneForOneSupervisor, "one_for_all": OneForAllSupervisor}
_NO_MAILBOX = "services have no mailbox"


class Server(Service):
    def __init__(self, nonce):
        self.nonce = nonce
        super().__init__()

    async def echo(self, value):
        return value + self.nonce


class Phoenix(Service):
    def __init__(self, starts, nonce):
        self.starts, self.nonce = starts, nonce
        self.answer = None
        super().__init__()

    async def on_start(self):
        self.starts[0] += 1
        self.answer = self.nonce + self.starts[0] - 1
        self.boom = asyncio.get_running_loop().create_future()

    @Service.task
    async def _serve(self):
        await self.boom
        self.answer = None
        raise RuntimeError("boom")


class Mode(AsyncBench):
    distribution = "mode-streaming"
    cannot = {
        **dict.fromkeys(("W1", "W2", "W3", "W4", "W5", "W7"), _NO_MAILBOX),
        "W10": "no ordered shutdown: children are stopped all at once",
    }

    def run(self, family, job):
        result = super().run(family, job)
        return result if family == "W9" else {**result, "note": f"{_NO_MAILBOX}: answers are method calls"}

    async def start(self, nonce):
        server = Server(nonce)
        await server.start()
        return server

    async def ask(self, handle):
        return handle.echo

    async def stop(self, handles):
        for handle in handles:
            await handle.stop()

    @asynccontextmanager
    async def crashing(self, strategy, children, nonce):
        if strategy not in _STRATEGIES:
            raise Note("no rest_for_one")
        starts = [[0] for _ in range(children)]
        services = [Phoenix(s, nonce) for s in starts]
        supervisor = _STRATEGIES[strategy](max_restarts=1_000_000_000.0, over=1.0)
        # Services given to the constructor are seen by a 5 s poll only.
        supervisor.add(*services)
        await supervisor.start()
        first = services[0]

        async def crash():
            # A crash right after a start or restart is missed until the next 5 s poll: be patient.
            for _ in range(10):
                await asyncio.sleep(0)
            first.boom.set_result(None)

        async def ping():
            if first.answer is None or not first.started or first.crashed:
                raise LookupError("down")
            return first.answer

        yield Crashing(crash=crash, ping=ping, starts=lambda: starts[0][0], learns=False)
        await supervisor.stop()


BENCH = Mode()
