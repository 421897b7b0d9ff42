import asyncio
from asyncio import gather


async def dropped(first, second):
    await asyncio.gather(first(), second(), return_exceptions=True)  # expect: RG403
    await gather(first(), second(), return_exceptions=True)  # expect: RG403
    await asyncio.wait_for(gather(first(), return_exceptions=True), 1.0)  # expect: RG403


async def never_read(first):
    results = await asyncio.gather(first(), return_exceptions=True)  # expect: RG403


async def read(first):
    results = await asyncio.gather(first(), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def raised(first, second):
    await asyncio.gather(first(), second())
    await asyncio.gather(first(), second(), return_exceptions=False)


async def returned(first):
    return await asyncio.gather(first(), return_exceptions=True)


async def ended(tasks):
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def others(gatherer):
    await gatherer.gather(return_exceptions=True)


class Pool:
    async def flush(self):
        await gather(*self.tasks, return_exceptions=True)
        pending = [task for task in self.tasks if not task.done()]
        await gather(*pending, return_exceptions=True)

    async def close(self):
        await gather(*(one.flush() for one in self.open), return_exceptions=True)  # expect: RG403
        closing = [one.flush() for one in self.open]
        await gather(*closing, return_exceptions=True)  # expect: RG403


async def begin_all(rows, log_exceptions):
    @log_exceptions
    async def begin(row):
        await row.begin()

    await asyncio.gather(*(begin(row) for row in rows), return_exceptions=True)


async def close_all(rows):
    await asyncio.gather(*(row.aclose() for row in rows), return_exceptions=True)
    tasks = [asyncio.create_task(row.disconnect()) for row in rows]
    await asyncio.gather(*tasks, return_exceptions=True)
