"""The floor: what one writes by hand with asyncio.Queue, futures and `call_later`.

W1 carries the very messages that Regrow carries, to the very handler, found the same way. W2 is a
server task with an `async def` handler, whose callers wait for a future under a deadline.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import ClassVar

from benchmarks.systems.kit import Job, Note, Result, now
from benchmarks.systems.kit_async import AsyncBench, Crashing

_LOG = logging.getLogger("benchmarks.floor")
_DEADLINE = 5.0
Request = tuple[asyncio.Future[int], str, int]


class Server:
    """A task, a queue, and a handler per request."""

    __slots__ = ("_onward", "count", "nonce", "queue", "task", "total")

    def __init__(self, nonce: int, onward: Server | None = None) -> None:
        self.nonce, self._onward = nonce, onward
        self.count = self.total = 0
        self.queue: asyncio.Queue[Request | int] = asyncio.Queue()
        self.task = asyncio.get_running_loop().create_task(self._serve())

    async def _serve(self) -> None:
        while True:
            request = await self.queue.get()
            if isinstance(request, int):
                self.count += 1
                self.total += request
                continue
            future, kind, value = request
            answer = await (self.echo(value) if kind == "echo" else self.forward(value))
            if not future.done():
                future.set_result(answer)

    async def echo(self, value: int) -> int:
        self.count += 1
        return value + self.nonce

    async def forward(self, value: int) -> int:
        if self._onward is None:
            return value + self.nonce
        return await self._onward.call("forward", value + 1)

    async def call(self, kind: str, value: int) -> int:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        timer = loop.call_later(_DEADLINE, _expire, future)
        self.queue.put_nowait((future, kind, value))
        try:
            return await future
        finally:
            timer.cancel()


def _expire(future: asyncio.Future[int]) -> None:
    if not future.done():
        future.set_exception(TimeoutError())


class Phoenix:
    """A server task that is started again, by hand, when its handler raises."""

    def __init__(self, nonce: int) -> None:
        self._nonce = nonce
        self.starts = 0
        self.queue: asyncio.Queue[tuple[asyncio.Future[int], bool]] = asyncio.Queue()
        self.keeper = asyncio.get_running_loop().create_task(self._keep())

    async def _keep(self) -> None:
        while True:
            try:
                await asyncio.get_running_loop().create_task(self._serve())
            except RuntimeError:
                _LOG.exception("the server crashed")

    async def _serve(self) -> None:
        self.starts += 1
        answer = self._nonce + self.starts - 1
        while True:
            future, crash = await self.queue.get()
            if crash:
                error = RuntimeError("boom")
                future.set_exception(error)
                raise error
            future.set_result(answer)

    async def call(self, *, crash: bool) -> int:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        timer = loop.call_later(_DEADLINE, _expire, future)
        self.queue.put_nowait((future, crash))
        try:
            return await future
        finally:
            timer.cancel()


class Floor(AsyncBench):
    """The primitives on `Server`; W0 and W1 are loops of their own."""

    start_waits = False
    cannot: ClassVar[Mapping[str, str]] = {"W10": "no supervision tree"}

    def w0(self, job: Job) -> Result:
        async def main() -> Result:
            n, nonce = job.int("n"), job.nonce
            queue: asyncio.Queue[int] = asyncio.Queue()

            async def consume() -> tuple[int, int]:
                count = total = 0
                for _ in range(n):
                    total += await queue.get()
                    count += 1
                return count, total

            started = now()
            consumer = asyncio.create_task(consume())
            for value in range(nonce, nonce + n):
                queue.put_nowait(value)
            count, total = await consumer
            return {"seconds": now() - started, "proof": {"count": count, "total": total}}

        return self.drive(main)

    def w1(self, job: Job) -> Result:
        try:
            from benchmarks.systems.regrow_bench import Counter, invoker  # noqa: PLC0415
        except (ImportError, AttributeError) as error:
            raise Note(f"needs Regrow's messages: {error}") from None

        async def main() -> Result:
            n, nonce = job.int("n"), job.nonce
            counter = Counter()
            counter.init(0)
            queue: asyncio.Queue[object] = asyncio.Queue(n + 10)
            invokers: dict[type, Callable[[object, object], object]] = {}

            async def serve() -> None:
                for _ in range(n):
                    message = await queue.get()
                    kind = type(message)
                    invoke = invokers.get(kind)
                    if invoke is None:
                        invoke = invokers[kind] = invoker(Counter, message)
                    invoke(counter, message)

            started = now()
            server = asyncio.create_task(serve())
            for value in range(nonce, nonce + n):
                queue.put_nowait(Counter.add(value))
            await server
            proof = {"count": counter.count, "total": counter.total}
            return {"seconds": now() - started, "proof": proof}

        return self.drive(main)

    async def start(self, nonce: int) -> Server:
        return Server(nonce)

    async def tell(self, handle: Server) -> Callable[[int], asyncio.Future[None]]:
        raise Note("W1 has a loop of its own")

    def w4(self, job: Job) -> Result:
        async def main() -> Result:
            actors, tells, nonce = job.int("actors"), job.int("tells"), job.nonce
            servers = [Server(0) for _ in range(actors)]
            started = now()
            for i, server in enumerate(servers):
                for _ in range(tells):
                    server.queue.put_nowait(nonce + i)
                if i % 50 == 49:
                    await asyncio.sleep(0)
            # The answer to a call stands behind all casts in the queue.
            for server in servers:
                await server.call("echo", 0)
            seconds = now() - started
            count = sum(server.count - 1 for server in servers)
            return {"seconds": seconds, "proof": {"count": count, "total": sum(s.total for s in servers)}}

        return self.drive(main)

    async def ask(self, handle: Server) -> Callable[[int], asyncio.Future[int]]:
        def ask(value: int) -> asyncio.Future[int]:
            return handle.call("echo", value)  # type: ignore[return-value]

        return ask

    async def totals(self, handle: Server) -> tuple[int, int]:
        return handle.count, handle.total

    async def stop(self, handles: list[Server]) -> None:
        for handle in handles:
            handle.task.cancel()
        await asyncio.gather(*(handle.task for handle in handles), return_exceptions=True)

    async def chain(self, depth: int, nonce: int) -> Callable[[int], asyncio.Future[int]]:
        link: Server | None = None
        for _ in range(depth):
            link = Server(nonce, link)
        head = link
        assert head is not None
        return lambda value: head.call("forward", value)  # type: ignore[return-value]

    async def skynet(self, leaves: int, nonce: int) -> int:
        answers: asyncio.Queue[int] = asyncio.Queue()
        task = asyncio.create_task(_sky(answers, 0, leaves, nonce))
        total = await answers.get()
        await task
        return total

    @asynccontextmanager
    async def crashing(self, strategy: str, children: int, nonce: int) -> AsyncIterator[Crashing]:
        if strategy != "one_for_one":
            raise Note("no supervision: a loop by hand restarts one")
        servers = [Phoenix(nonce) for _ in range(children)]
        first = servers[0]
        yield Crashing(
            crash=lambda: first.call(crash=True),
            ping=lambda: first.call(crash=False),
            starts=lambda: first.starts,
        )
        for server in servers:
            server.keeper.cancel()


async def _sky(parent: asyncio.Queue[int], number: int, size: int, nonce: int) -> None:
    if size == 1:
        parent.put_nowait(number + nonce)
        return
    step = size // 10
    answers: asyncio.Queue[int] = asyncio.Queue()
    tasks = [asyncio.create_task(_sky(answers, number + i * step, step, nonce)) for i in range(10)]
    total = 0
    for _ in tasks:
        total += await answers.get()
    parent.put_nowait(total)


BENCH = Floor()
