"""lapinbeam on one node, without a network; each actor needs a name, so a class, of its own."""
# mypy: ignore-errors
# ruff: noqa: ASYNC110, PLC0415, RUF012
# Runs in the peer's own environment, where the peer's types are and the project's tools are not.

from __future__ import annotations

import asyncio
import itertools
from contextlib import asynccontextmanager

from lapinbeam import Node, Supervisor, actor, current_message

from benchmarks.systems.kit_async import AsyncBench, Crashing

_CALL = 30.0
_names = itertools.count()


class Server:
    def __init__(self, nonce, onward=None):
        self.nonce, self.onward = nonce, onward
        self.count = self.total = 0

    async def receive(self, message):
        kind, value = message
        if kind == "add":
            self.count += 1
            self.total += value
        elif kind == "echo":
            self.count += 1
            await current_message().reply(value + self.nonce)
        elif kind == "forward":
            meta = current_message()
            if self.onward is None:
                await meta.reply(value + self.nonce)
            else:
                await meta.reply(await self.onward.ask(("forward", value + 1), _CALL))
        else:
            await current_message().reply((self.count, self.total))


class Phoenix:
    def __init__(self, starts, nonce):
        starts[0] += 1
        self.answer = nonce + starts[0] - 1

    async def receive(self, message):
        if message == "boom":
            raise RuntimeError("boom")
        await current_message().reply(self.answer)


class Sky:
    def __init__(self, supervisor):
        self.supervisor, self.left, self.total = supervisor, 10, 0

    async def receive(self, message):
        if isinstance(message, tuple):
            self.parent, number, size, nonce = message
            if size == 1:
                await self.parent.send(number + nonce)
                return
            step, me = size // 10, current_message_ref()
            for i in range(10):
                ref = _spawn(self.supervisor, Sky, self.supervisor)
                await ref.send((me, number + i * step, step, nonce))
            return
        self.total += message
        self.left -= 1
        if self.left == 0:
            await self.parent.send(self.total)


def current_message_ref():
    from lapinbeam.context import current_actor_ref

    return current_actor_ref()


def _named(cls, name=None):
    name = name or f"actor-{next(_names)}"
    return actor(name=name)(type(name, (cls,), {}))


def _spawn(supervisor, cls, *args):
    return supervisor.spawn(_named(cls), *args)


class Lapinbeam(AsyncBench):
    start_waits = False
    distribution = "lapinbeam"
    cannot = {"W10": "no ordered shutdown: children are cancelled all at once, with no stop hook"}

    @asynccontextmanager
    async def session(self, job, capacity):
        async with Node("bench@127.0.0.1:0", mailbox_capacity=capacity) as self.node:
            self.supervisor = Supervisor(node=self.node)
            yield

    async def start(self, nonce, onward=None):
        return _spawn(self.supervisor, Server, nonce, onward)

    async def tell(self, handle):
        return lambda value: handle.send(("add", value))

    async def ask(self, handle):
        return lambda value: handle.ask(("echo", value))

    async def totals(self, handle):
        return await handle.ask(("totals", 0), _CALL)

    async def stop(self, handles):
        await self.supervisor.shutdown()
        self.supervisor = Supervisor(node=self.node)

    async def chain(self, depth, nonce):
        link = None
        for _ in range(depth):
            link = await self.start(nonce, link)
        return lambda value: link.ask(("forward", value), _CALL)

    async def skynet(self, leaves, nonce):
        answer = asyncio.get_running_loop().create_future()

        class Root:
            async def receive(self, message):
                if isinstance(message, tuple):
                    await message[1].send((current_message_ref(), 0, leaves, nonce))
                else:
                    answer.set_result(message)

        root = _spawn(self.supervisor, Root)
        await root.send(("start", _spawn(self.supervisor, Sky, self.supervisor)))
        return await answer

    @asynccontextmanager
    async def crashing(self, strategy, children, nonce):
        supervisor = Supervisor(strategy, node=self.node, max_restarts=1_000_000_000, restart_window=1.0)
        starts = [[0] for _ in range(children)]
        refs = [supervisor.spawn(_named(Phoenix, f"w{i}"), s, nonce) for i, s in enumerate(starts)]
        first = refs[0]

        async def crash():
            # Not a call: its caller would wait out its whole timeout, it is not told of the crash.
            before = starts[0][0]
            await first.send("boom")
            while starts[0][0] == before:
                await asyncio.sleep(0)

        yield Crashing(
            crash=crash,
            ping=lambda: first.ask("ping", 1.0),
            starts=lambda: starts[0][0],
            learns=False,
        )


BENCH = Lapinbeam()
