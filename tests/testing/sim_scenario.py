"""Ten servers, a hundred messages, ten crashes and monitors: what determinism is shown with.

`python -m tests.testing.sim_scenario N` prints the trace hashes of N seeds, for tests in other processes.
"""

from __future__ import annotations

import asyncio
import sys

import regrow as rg
import regrow.testing as rt
from regrow.testing.sim.run import run_seed
from regrow.testing.sim.simulation import Simulation

SERVERS = 10
GONE = (rg.errors.ProcessExited, rg.errors.NoProcess)


class Server(rg.GenServer):
    def init(self) -> None:
        self.handled = 0

    @rg.call
    def quick(self, value: int) -> int:
        if value == 5:
            raise ValueError(value)
        self.handled += 1
        return self.handled

    @rg.call
    async def slow(self, value: int) -> int:
        await rt.pass_time(0.01)
        self.handled += 1
        return self.handled


async def scenario(sim: Simulation) -> None:
    """One run."""
    children = [rg.child(Server, name=f"server-{number}") for number in range(SERVERS)]
    async with rg.System(children, max_restarts=100) as system:
        refs = [system.ref(f"server-{number}", Server) for number in range(SERVERS)]

        async def client(first: int) -> None:
            for value in range(10):
                message = Server.quick(value) if value % 2 else Server.slow(value)
                try:
                    await refs[(first + value) % SERVERS].call(message, timeout=5.0)
                except GONE:
                    continue

        async with system.guest():
            for ref in refs:
                rg.monitor(ref)
            sim.always(lambda: True, name="always true")
            async with asyncio.TaskGroup() as group:
                for number in range(SERVERS):
                    group.create_task(client(number))
            for _ in refs:
                assert isinstance(await rg.receive(rg.Down), rg.Down)


def hashes(seeds: int) -> list[str]:
    """Of the first so many seeds."""
    found: list[str] = []
    for seed in range(seeds):
        outcome = run_seed(scenario, seed)
        assert outcome.failure is None, outcome.failure
        found.append(outcome.trace_hash)
    return found


if __name__ == "__main__":
    sys.stdout.write("\n".join(hashes(int(sys.argv[1]))))
