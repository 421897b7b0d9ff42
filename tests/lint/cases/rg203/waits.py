import asyncio

import anyio


class Worker:
    def __init__(self) -> None:
        self.jobs = asyncio.Queue()
        self.ready = asyncio.Event()
        self.few = asyncio.Queue(maxsize=3)
        self.other = object()

    async def run(self, lock: asyncio.Lock, given: asyncio.Queue[int], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.jobs.get()  # expect: RG203
        await self.ready.wait()  # expect: RG203
        await lock.acquire()  # expect: RG203
        await given.put(1)
        await reader.readline()  # expect: RG203
        await writer.drain()  # expect: RG203
        await self.other.get()
        self.jobs.get_nowait()
        await self.jobs.put(1)
        await self.few.put(1)  # expect: RG203
        async with asyncio.timeout(1):
            await self.jobs.get()
        with anyio.fail_after(1):
            await self.ready.wait()
        await asyncio.wait_for(self.jobs.get(), 1)
        await asyncio.wait_for(self.jobs.get(), None)
        async with asyncio.timeout(None):
            await self.jobs.get()  # expect: RG203
        task = asyncio.create_task(self.jobs.get())
        await asyncio.wait({task})  # expect: RG203
        await asyncio.wait({task}, timeout=None)  # expect: RG203
        await asyncio.wait({task}, timeout=1)


async def child() -> None:
    process = await asyncio.create_subprocess_exec("true")
    await process.wait()  # expect: RG203
    process.kill()
