"""fauxtp: servers under one task group."""
# mypy: ignore-errors
# ruff: noqa: ASYNC110, RUF012
# Runs in the peer's own environment, where the peer's types are and the project's tools are not.

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import anyio
from fauxtp import ANY, Actor, ChildSpec, GenServer, Supervisor, call, cast, send
from fauxtp.supervisor import RestartStrategy

from benchmarks.systems.kit import Note
from benchmarks.systems.kit_async import AsyncBench, Crashing

_CALL = 30.0
_STRATEGIES = {"one_for_one": RestartStrategy.ONE_FOR_ONE, "one_for_all": RestartStrategy.ONE_FOR_ALL}


class Server(GenServer):
    def __init__(self, nonce, onward=None):
        super().__init__()
        self.nonce, self.onward = nonce, onward
        self.count = self.total = 0

    async def init(self):
        return None

    async def handle_call(self, request, from_ref, state):
        kind, value = request
        if kind == "echo":
            self.count += 1
            return value + self.nonce, state
        if kind == "forward":
            if self.onward is None:
                return value + self.nonce, state
            return await call(self.onward, ("forward", value + 1), _CALL), state
        return (self.count, self.total), state

    async def handle_cast(self, request, state):
        self.count += 1
        self.total += request
        return state


class Phoenix(GenServer):
    def __init__(self, starts, nonce, pids):
        super().__init__()
        self.starts, self.nonce, self.pids = starts, nonce, pids

    async def init(self):
        self.starts[0] += 1
        # The supervisor's registry learns of a restart by a cast; the pid from here is there at once.
        self.pids[:] = [self.pid]
        return self.nonce + self.starts[0] - 1

    async def handle_call(self, request, from_ref, state):
        return state, state

    async def handle_cast(self, request, state):
        raise RuntimeError("boom")


class Sky(Actor):
    def __init__(self, group, parent, number, size, nonce):
        super().__init__()
        self.job = group, parent, number, size, nonce

    async def run(self, state):
        group, parent, number, size, nonce = self.job
        if size == 1:
            await send(parent, number + nonce)
            self.stop()
        step, total = size // 10, 0
        for i in range(10):
            await Sky.start(group, self.pid, number + i * step, step, nonce, task_group=group)
        for _ in range(10):
            total += await self.receive((ANY, lambda answer: answer))
        await send(parent, total)
        self.stop()


class Root(Actor):
    def __init__(self, group, leaves, nonce, answer):
        super().__init__()
        self.job, self.answer = (0, leaves, nonce), answer
        self.group = group

    async def run(self, state):
        await Sky.start(self.group, self.pid, *self.job, task_group=self.group)
        self.answer.set_result(await self.receive((ANY, lambda answer: answer)))
        self.stop()


class Fauxtp(AsyncBench):
    start_waits = False
    distribution = "fauxtp"
    cannot = {"W10": "no ordered shutdown: a task group cancels all at once"}

    @asynccontextmanager
    async def session(self, job, capacity):
        async with anyio.create_task_group() as self.group:
            yield
            self.group.cancel_scope.cancel()

    async def start(self, nonce, onward=None):
        return await Server.start_link(nonce, onward, task_group=self.group)

    async def tell(self, handle):
        return lambda value: cast(handle.pid, value)

    async def ask(self, handle):
        return lambda value: call(handle.pid, ("echo", value), _CALL)

    async def totals(self, handle):
        return await call(handle.pid, ("totals", 0), _CALL)

    async def stop(self, handles):
        for handle in handles:
            handle.cancel_scope.cancel()
        for _ in range(10):
            await asyncio.sleep(0)

    async def chain(self, depth, nonce):
        onward = None
        for _ in range(depth):
            onward = (await self.start(nonce, onward)).pid
        return lambda value: call(onward, ("forward", value), _CALL)

    async def skynet(self, leaves, nonce):
        answer = asyncio.get_running_loop().create_future()
        await Root.start(self.group, leaves, nonce, answer, task_group=self.group)
        return await answer

    @asynccontextmanager
    async def crashing(self, strategy, children, nonce):
        if strategy not in _STRATEGIES:
            raise Note("no rest_for_one")
        starts = [[0] for _ in range(children)]
        pids = [[] for _ in range(children)]
        specs = [
            ChildSpec(Phoenix, f"w{i}", (s, nonce, p))
            for i, (s, p) in enumerate(zip(starts, pids, strict=True))
        ]
        await Supervisor.start(specs, _STRATEGIES[strategy], task_group=self.group)
        while not all(pids):
            await asyncio.sleep(0)

        async def crash():
            # Not a call: its caller would wait out its whole timeout, it is not told of the crash.
            before = starts[0][0]
            await cast(pids[0][0], "boom")
            while starts[0][0] == before:
                await asyncio.sleep(0)

        yield Crashing(
            crash=crash,
            ping=lambda: call(pids[0][0], "ping", 1.0),
            starts=lambda: starts[0][0],
            learns=False,
        )


BENCH = Fauxtp()
