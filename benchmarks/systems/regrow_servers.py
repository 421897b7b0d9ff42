"""The servers of Regrow's workloads, by the public API alone."""

from __future__ import annotations

from typing import ClassVar

import regrow as rg

CALL_TIMEOUT = 30.0


class Counter(rg.GenServer):
    """Adds what is cast to it and echoes what is asked, plus its nonce."""

    def init(self, nonce: int = 0) -> None:
        self.nonce = nonce
        self.count = self.total = 0

    @rg.cast
    def add(self, by: int) -> None:
        self.count += 1
        self.total += by

    @rg.call
    def echo(self, value: int) -> int:
        self.count += 1
        return value + self.nonce

    @rg.call
    def totals(self) -> tuple[int, int]:
        return self.count, self.total


class AsyncCounter(rg.GenServer):
    """The same with handlers that are coroutines."""

    def init(self, nonce: int = 0) -> None:
        self.nonce = nonce
        self.count = self.total = 0

    @rg.cast
    async def add(self, by: int) -> None:
        self.count += 1
        self.total += by

    @rg.call
    async def echo(self, value: int) -> int:
        self.count += 1
        return value + self.nonce

    @rg.call
    def totals(self) -> tuple[int, int]:
        return self.count, self.total


class Idle(rg.GenServer):
    """One integer attribute, no `__slots__`: what stands around in W6 and W12."""

    def init(self, answer: int) -> None:
        self.answer = answer

    @rg.call
    def ask(self) -> int:
        return self.answer


class Link(rg.GenServer):
    """Asks the next of the chain before it answers."""

    def init(self, onward: str | None, nonce: int) -> None:
        self.onward = None if onward is None else self.system.ref(onward, Link)
        self.nonce = nonce

    @rg.call
    async def forward(self, value: int) -> int:
        if self.onward is None:
            return value + self.nonce
        return await self.onward.call(Link.forward(value + 1), timeout=CALL_TIMEOUT)


class Phoenix(rg.GenServer):
    """Crashes when asked to; every incarnation answers differently."""

    def init(self, starts: list[int], nonce: int) -> None:
        starts[0] += 1
        self.answer = nonce + starts[0] - 1

    @rg.call
    def boom(self) -> int:
        raise RuntimeError("boom")

    @rg.call
    def ping(self) -> int:
        return self.answer


class Leaf(rg.GenServer):
    """A leaf of the tree, stamped when it starts and when it stops."""

    trap_exit: ClassVar[bool] = True

    def init(self, started: list[int], stopped: list[int]) -> None:
        self.stamp = len(started)
        self.stopped = stopped
        started.append(self.stamp)

    def terminate(self, reason: rg.ExitReason) -> None:
        self.stopped.append(self.stamp)


def tree(depth: int, fan: int, started: list[int], stopped: list[int]) -> list[rg.ChildSpec]:
    """The children of a supervisor `depth` levels above the leaves."""
    if depth == 1:
        return [rg.child(Leaf, id=f"leaf-{i}", args=(started, stopped)) for i in range(fan)]
    return [rg.supervisor(tree(depth - 1, fan, started, stopped), id=f"node-{i}") for i in range(fan)]


async def sky(parent: rg.Pid[object], number: int, size: int, nonce: int) -> None:
    """A node of the skynet: starts 10 of its kind and adds up their answers."""
    if size == 1:
        parent.send(number + nonce)
        return
    me, step, total = rg.current(), size // 10, 0
    for i in range(10):
        rg.spawn(sky, me, number + i * step, step, nonce)
    for _ in range(10):
        answer = await rg.receive()
        assert isinstance(answer, int)
        total += answer
    parent.send(total)
