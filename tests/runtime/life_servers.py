"""Servers that say in `LOG` what becomes of them, for the tests of a System's life."""

from __future__ import annotations

import asyncio

import pytest

import regrow as rg

LOG: list[str] = []
LET_GO: set[str] = set()


class Worker(rg.GenServer):
    """Says when it starts and ends."""

    def init(self, label: str = "worker") -> None:
        self.label = label
        LOG.append(f"+{label}")

    @rg.call
    def ping(self) -> str:
        return self.label

    @rg.call
    def crash(self) -> None:
        raise ValueError(self.label)

    @rg.call
    def press(self) -> None:
        raise KeyboardInterrupt

    @rg.call
    async def press_async(self) -> None:
        raise KeyboardInterrupt

    @rg.cast
    async def stop_system(self) -> None:
        await self.system.stop()
        LOG.append(f"{self.label} goes on")

    def terminate(self, reason: rg.ExitReason) -> None:
        LOG.append(f"-{self.label}")


class Stuck(Worker):
    """Takes for ever to stop, and listens to no cancel until the test lets it go."""

    async def terminate(self, reason: rg.ExitReason) -> None:  # type: ignore[override]
        while self.label not in LET_GO:
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                LOG.append(f"{self.label} ignores")


class Fails(rg.GenServer):
    def init(self) -> None:
        raise ValueError("no")


class SlowStart(rg.GenServer):
    async def init(self) -> None:
        LOG.append("slow starts")
        await asyncio.get_running_loop().create_future()


def worker(label: str) -> rg.ChildSpec:
    return rg.child(Worker, id=label, name=label, args=(label,))


def three() -> list[rg.ChildSpec]:
    return [worker("a"), worker("b"), worker("c")]


async def forever() -> None:
    await asyncio.get_running_loop().create_future()


async def fail(system: rg.System) -> None:
    """Use up the budget of the root (which the tests set to 0) and let the tree end."""
    with pytest.raises(rg.errors.ProcessExited):
        await system.ref("a", Worker).call(Worker.crash(), timeout=1.0)
