"""autogen-core: agents of one single-threaded runtime; a send is a call, a publish a cast."""
# mypy: ignore-errors
# ruff: noqa: RUF012
# Runs in the peer's own environment, where the peer's types are and the project's tools are not.

from __future__ import annotations

import itertools
from contextlib import asynccontextmanager
from dataclasses import dataclass

from autogen_core import AgentId, BaseAgent, SingleThreadedAgentRuntime

from benchmarks.systems.kit_async import AsyncBench

_UNSUPERVISED = "no supervision: a handler's error is logged, the agent goes on"


@dataclass
class Ask:
    kind: str
    value: int


class Server(BaseAgent):
    def __init__(self, nonce, onward):
        super().__init__("a server")
        self.nonce, self.onward = nonce, onward
        self.count = self.total = 0

    async def on_message_impl(self, message, ctx):
        if message.kind == "echo":
            self.count += 1
            return message.value + self.nonce
        if message.kind == "forward":
            if self.onward is None:
                return message.value + self.nonce
            return await self.send_message(Ask("forward", message.value + 1), self.onward)
        return self.count, self.total


class Autogen(AsyncBench):
    distribution = "autogen-core"
    start_waits = False  # an entry in a table; the agent is bound when it is first asked
    cannot = {
        "W1": "no cast to one agent: a publish goes to a topic",
        "W4": "no cast to one agent: a publish goes to a topic",
        "W7": "no cheap processes",
        "W9": _UNSUPERVISED,
        "W10": _UNSUPERVISED,
    }

    def __init__(self):
        self._names = (f"agent-{i}" for i in itertools.count())

    @asynccontextmanager
    async def session(self, job, capacity):
        self.runtime = SingleThreadedAgentRuntime(ignore_unhandled_exceptions=True)
        self.runtime.start()
        yield
        await self.runtime.stop()

    async def start(self, nonce, onward=None):
        agent = AgentId(next(self._names), "default")
        await self.runtime.register_agent_instance(Server(nonce, onward), agent)
        return agent

    async def ask(self, handle):
        send = self.runtime.send_message
        return lambda value: send(Ask("echo", value), handle)

    async def totals(self, handle):
        return await self.runtime.send_message(Ask("totals", 0), handle)

    async def stop(self, handles):
        await self.runtime.stop()
        self.runtime = SingleThreadedAgentRuntime(ignore_unhandled_exceptions=True)
        self.runtime.start()

    async def chain(self, depth, nonce):
        link = None
        for _ in range(depth):
            link = await self.start(nonce, link)
        return lambda value: self.runtime.send_message(Ask("forward", value), link)


BENCH = Autogen()
