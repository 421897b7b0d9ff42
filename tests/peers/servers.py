"""The servers of the peers' failures."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import regrow as rg


class Log:
    """Who started and who cleaned up, in order."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.terminated: list[str] = []


class Server(rg.GenServer):
    """Echoes, waits at a gate, and crashes when told to."""

    def init(self, log: Log, name: str) -> None:
        self.log, self.name = log, name
        log.started.append(name)
        if name == "bad":
            raise RuntimeError("no start")
        if name == "loop":
            rg.send_after(self.pid, "boom", 0.02)

    @rg.call
    def echo(self, value: str) -> str:
        return value

    @rg.call
    def boom(self) -> None:
        raise RuntimeError("boom")

    @rg.call
    async def boom_at(self, entered: asyncio.Event, gate: asyncio.Event) -> None:
        entered.set()
        await gate.wait()
        raise RuntimeError("boom")

    @rg.call
    async def wait_at(self, entered: asyncio.Event, gate: asyncio.Event) -> None:
        entered.set()
        await gate.wait()

    @rg.call
    def tell(self, whom: rg.Pid[object]) -> str:
        whom.send("foreign")
        return "told"

    @rg.cast
    def note(self, value: str) -> None:
        self.noted = value

    @rg.call
    def finish(self) -> None:
        self.stop()

    def handle_info(self, message: object) -> None:
        raise RuntimeError(str(message))

    def terminate(self, reason: rg.ExitReason) -> None:
        self.log.terminated.append(self.name)


class Small(Server):
    """The same with a place for one message."""

    mailbox: ClassVar[rg.Mailbox] = rg.Mailbox(capacity=1)
