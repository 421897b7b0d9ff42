"""Regrow: its cases are the tests in `tests/peers`; what is measured from outside is measured here too."""

from __future__ import annotations

import asyncio

import regrow as rg
from benchmarks.semantics.kit import Cases, Outcome, idle


class Server(rg.GenServer):
    @rg.call
    async def echo(self, value: int) -> int:
        return value


class Regrow(Cases):
    package = distribution = "regrow"

    async def no_idle_wake_ups(self) -> Outcome:
        names = [f"idle-{i}" for i in range(100)]
        async with rg.System([rg.child(Server, name=name) for name in names]) as system:
            for name in names:
                await system.ref(name, Server).call(Server.echo(0), timeout=0.5)
            idle()
            await asyncio.get_running_loop().create_future()
        raise AssertionError("ended by the orchestrator before")


CASES = Regrow()
