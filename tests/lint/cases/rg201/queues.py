import asyncio
import functools
import mailbox


class Worker:
    def __init__(self) -> None:
        self.jobs = asyncio.Queue()
        self.results = asyncio.Queue()

    async def run(self) -> None:
        while True:
            job = await self.jobs.get()
            self.results.put_nowait(job)
            self.jobs.put_nowait(job)

    def offer(self, other: "Worker") -> None:
        self.jobs.put_nowait("x")
        other.jobs.put_nowait("x")


async def outside(worker: Worker, loop: asyncio.AbstractEventLoop, unknown, box) -> None:
    worker.jobs.put_nowait("x")  # expect: RG201
    await worker.jobs.put("x")  # expect: RG201
    worker.results.put_nowait("x")
    unknown.jobs.put_nowait("x")
    loop.call_soon_threadsafe(worker.jobs.put_nowait, "x")  # expect: RG201
    loop.call_later(1, functools.partial(worker.jobs.put_nowait, "x"))  # expect: RG201
    loop.call_soon(worker.offer, "x")
    unknown.mailbox.put_nowait("x")  # expect: RG201
    unknown.actor._inbox.put("x")  # expect: RG201
    unknown.mailbox.delete("x")
    print(unknown._mailbox.qsize())  # expect: RG201
    unknown._mailbox.put_nowait("x")  # expect: RG201
    mailbox.mailbox.put("x")
    box.put("x")
    local = Worker()
    local.jobs.put_nowait("x")  # expect: RG201


class Own:
    def send(self, message: str) -> None:
        self._mailbox.put_nowait(message)
        self.mailbox.put_nowait(message)


class Buffer:
    def __init__(self) -> None:
        self.items = asyncio.Queue()

    async def take(self) -> str:
        return await self.items.get()


def flush(buffer: Buffer) -> None:
    last = buffer.items.get_nowait()
    buffer.items.put_nowait(last)


class Watcher:
    def __init__(self) -> None:
        self.updates = asyncio.Queue()

    async def __anext__(self) -> str:
        while True:
            return await self.updates.get()

    async def next(self) -> str:
        return await self.updates.get()

    def clear(self) -> None:
        while not self.updates.empty():
            self.updates.get_nowait()


async def watch(watcher: Watcher) -> None:
    await watcher.updates.put("x")
