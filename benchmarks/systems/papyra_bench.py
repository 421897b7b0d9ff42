"""papyra: mailboxes of the size that the workload needs (its own default is 1,024, senders wait)."""
# mypy: ignore-errors
# ruff: noqa: ASYNC110
# Runs in the peer's own environment, where the peer's types are and the project's tools are not.

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from papyra import Actor, ActorSystem, Strategy, SupervisionPolicy

from benchmarks.systems.kit import Note, now
from benchmarks.systems.kit_async import AsyncBench, Crashing, TreeRun

_CALL = 30.0


class Server(Actor):
    def __init__(self, nonce, onward=None):
        self.nonce, self.onward = nonce, onward
        self.count = self.total = 0

    async def receive(self, message):
        kind, value = message
        if kind == "add":
            self.count += 1
            self.total += value
            return None
        if kind == "echo":
            self.count += 1
            return value + self.nonce
        if kind == "forward":
            if self.onward is None:
                return value + self.nonce
            return await self.onward.ask(("forward", value + 1), timeout=_CALL)
        return self.count, self.total


class Phoenix(Actor):
    def __init__(self, starts, nonce):
        starts[0] += 1
        self.answer = nonce + starts[0] - 1

    async def receive(self, message):
        if message == "boom":
            raise RuntimeError("boom")
        return self.answer


class Sky(Actor):
    left, total = 10, 0

    async def receive(self, message):
        if isinstance(message, tuple):
            self.parent, number, size, nonce = message
            if size == 1:
                await self.parent.tell(number + nonce)
                return
            step, context = size // 10, self.context
            for i in range(10):
                child = context.system.spawn(Sky)
                await child.tell((context.self_ref, number + i * step, step, nonce))
            return
        self.total += message
        self.left -= 1
        if self.left == 0:
            await self.parent.tell(self.total)


class Root(Actor):
    def __init__(self, answer):
        self.answer = answer

    async def receive(self, message):
        self.answer.set_result(message)


class Leaf(Actor):
    def __init__(self, started, stopped):
        self.started, self.stopped = started, stopped

    async def on_start(self):
        self.stamp = len(self.started)
        self.started.append(self.stamp)

    async def on_stop(self):
        self.stopped.append(self.stamp)


class Papyra(AsyncBench):
    start_waits = False
    distribution = "papyra"

    @asynccontextmanager
    async def session(self, job, capacity):
        self.capacity = capacity
        async with ActorSystem() as self.system:
            yield

    async def start(self, nonce, onward=None):
        return self.system.spawn(lambda: Server(nonce, onward), mailbox_capacity=self.capacity)

    async def tell(self, handle):
        return lambda value: handle.tell(("add", value))

    async def ask(self, handle):
        return lambda value: handle.ask(("echo", value), timeout=_CALL)

    async def totals(self, handle):
        return await handle.ask(("totals", 0), timeout=_CALL)

    async def stop(self, handles):
        for handle in handles:
            await self.system.stop(handle)
        while any(handle.is_alive() for handle in handles):
            await asyncio.sleep(0)

    async def chain(self, depth, nonce):
        link = None
        for _ in range(depth):
            link = await self.start(nonce, link)
        return lambda value: link.ask(("forward", value), timeout=_CALL)

    async def skynet(self, leaves, nonce):
        answer = asyncio.get_running_loop().create_future()
        root = self.system.spawn(lambda: Root(answer))
        sky = self.system.spawn(Sky)
        await sky.tell((root, 0, leaves, nonce))
        return await answer

    @asynccontextmanager
    async def crashing(self, strategy, children, nonce):
        if strategy != "one_for_one":
            raise Note("one_for_one only")
        policy = SupervisionPolicy(Strategy.RESTART, max_restarts=1_000_000_000, within_seconds=1.0)
        starts = [[0] for _ in range(children)]
        refs = [self.system.spawn(lambda s=s: Phoenix(s, nonce), policy=policy) for s in starts]
        yield Crashing(
            crash=lambda: refs[0].ask("boom", timeout=5.0),
            ping=lambda: refs[0].ask("ping", timeout=5.0),
            starts=lambda: starts[0][0],
        )

    async def tree(self, depth, fan):
        started, stopped = [], []
        begin = now()
        root = self.system.spawn(Actor)
        self._grow(root, depth, fan, started, stopped)
        while len(started) < fan**depth:
            await asyncio.sleep(0)
        up = now()
        await self.system.stop(root)
        while len(stopped) < fan**depth:
            await asyncio.sleep(0)
        return TreeRun(up - begin, now() - up, len(started), stopped)

    def _grow(self, parent, depth, fan, started, stopped):
        for _ in range(fan):
            if depth == 1:
                self.system.spawn(lambda: Leaf(started, stopped), parent=parent)
            else:
                self._grow(self.system.spawn(Actor, parent=parent), depth - 1, fan, started, stopped)


BENCH = Papyra()
