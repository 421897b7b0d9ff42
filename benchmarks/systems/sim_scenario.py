"""The simulated scenario in plain asyncio: servers, supervisors and monitors written by hand.

It needs the standard library alone: the floor runs it on the stock loop, detangle on its own, and
Regrow on its simulation too, for a like-for-like comparison of the loops.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

SERVERS = 10
MESSAGES = 10
"""Sent by each of as many clients as there are servers."""
CRASH_AT = 5
"""The message of each client that crashes its server when it comes first."""
PAUSE = 0.01
"""Seconds that a slow handler takes, and that a client waits before it tries again."""
TIMEOUT = 5.0
_GAP = 2

Check: TypeAlias = Callable[[], bool]
Always: TypeAlias = Callable[[Check], object]
Call: TypeAlias = Callable[[int, int], Awaitable[object]]


class Crash(Exception):
    """What the handlers raise."""


class ServerDown(Exception):
    """The server crashed before it answered."""


class RaceFound(AssertionError):
    """The planted race showed; its argument is what the ledger came to."""


class Sums:
    """What arrived, was lost and was noticed in one run, outside of the servers."""

    def __init__(self, base: int) -> None:
        self.base = base
        self.count = self.total = self.crashes = self.downs = 0
        self._crashed: set[int] = set()
        self.ledger = base

    def value(self, client: int, message: int) -> int:
        return self.base + client * MESSAGES + message

    def handle(self, value: int) -> None:
        """Count it, or crash the server that does."""
        number = value - self.base
        if number % MESSAGES == CRASH_AT and number not in self._crashed:
            self._crashed.add(number)
            self.crashes += 1
            raise Crash
        self.count += 1
        self.total += value

    def check_ledger(self) -> None:
        """Both additions are there, unless the race was lost."""
        if self.ledger != self.base + 2:
            raise RaceFound(self.ledger)

    def sane(self) -> bool:
        """The invariant: nothing is handled twice."""
        return self.count <= SERVERS * MESSAGES and self.downs <= self.crashes


async def traffic(
    sums: Sums, call: Call, gone: type[Exception] | tuple[type[Exception], ...], *, racing: bool
) -> None:
    """Ten clients, each of which asks all servers in turn, again if one went down; and the planted race."""
    async with asyncio.TaskGroup() as group:
        for client in range(SERVERS):
            group.create_task(_client(sums, client, call, gone))
        if racing:
            group.create_task(_add(sums, after=0))
            group.create_task(_add(sums, after=_GAP))


async def _client(
    sums: Sums, client: int, call: Call, gone: type[Exception] | tuple[type[Exception], ...]
) -> None:
    for message in range(MESSAGES):
        value = sums.value(client, message)
        while True:
            try:
                await call((client + message) % SERVERS, value)
            except gone:
                await asyncio.sleep(PAUSE)
            else:
                break


async def _add(sums: Sums, *, after: int) -> None:
    """The race: an await between reading and writing.

    In the order of the stock loop the second reads when the first has long written.
    """
    for _ in range(after):
        await asyncio.sleep(0)
    seen = sums.ledger
    await asyncio.sleep(0)
    sums.ledger = seen + 1


class Server:
    """A task with a queue, and one that starts it anew when it crashes.

    Where `slow` it takes a while over even values.
    """

    def __init__(self, sums: Sums, down: asyncio.Queue[int], number: int, *, slow: bool) -> None:
        self._sums, self._down, self._number, self._slow = sums, down, number, slow
        self._queue: asyncio.Queue[tuple[int, asyncio.Future[int]]] = asyncio.Queue()
        self._current: asyncio.Future[int] | None = None

    async def call(self, value: int) -> int:
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((value, answer))
        async with asyncio.timeout(TIMEOUT):
            return await answer

    async def supervise(self) -> None:
        while True:
            task = asyncio.create_task(self._serve())
            try:
                await task
            except Crash:
                self._lose()
                self._down.put_nowait(self._number)

    async def _serve(self) -> None:
        handled = 0
        while True:
            value, self._current = await self._queue.get()
            if self._slow and value % 2 == 0:
                await asyncio.sleep(PAUSE)
            self._sums.handle(value)
            handled += 1
            if not self._current.done():
                self._current.set_result(handled)

    def _lose(self) -> None:
        """Who waits for the server learns that it is gone; its queue goes with it."""
        waiting = [self._current] if self._current is not None else []
        while not self._queue.empty():
            waiting.append(self._queue.get_nowait()[1])
        for answer in waiting:
            if not answer.done():
                answer.set_exception(ServerDown())


async def play(sums: Sums, always: Always, *, racing: bool = False, slow: bool = False) -> None:
    """One run; `always` adds an invariant, where the system has them."""
    down: asyncio.Queue[int] = asyncio.Queue()
    servers = [Server(sums, down, number, slow=slow) for number in range(SERVERS)]
    supervisors = [asyncio.create_task(server.supervise()) for server in servers]
    always(sums.sane)
    await traffic(sums, lambda server, value: servers[server].call(value), ServerDown, racing=racing)
    for _ in range(SERVERS):
        await down.get()
        sums.downs += 1
    for supervisor in supervisors:
        supervisor.cancel()
    await asyncio.wait(supervisors)


class Totals:
    """The sums of all runs of a worker."""

    def __init__(self, nonce: int) -> None:
        self._nonce = nonce
        self._runs: list[Sums] = []

    def run(self, number: int | None = None) -> Sums:
        """The sums of the next run; of that number, in the place of an earlier one's if it is run again."""
        at = len(self._runs) if number is None else number
        sums = Sums(self._nonce + at)
        self._runs[at : at + 1] = [sums]
        return sums

    def proof(self) -> dict[str, int]:
        return {
            "count": sum(run.count for run in self._runs),
            "total": sum(run.total for run in self._runs),
            "crashes": sum(run.crashes for run in self._runs),
            "downs": sum(run.downs for run in self._runs),
        }
