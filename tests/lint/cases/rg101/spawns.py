import asyncio
import asyncio as aio
from asyncio import create_task as spawn
from asyncio import ensure_future, gather, wait_for

import anyio


async def work() -> None: ...


async def dropped() -> None:
    asyncio.create_task(work())  # expect: RG101
    aio.create_task(work())  # expect: RG101
    spawn(work())  # expect: RG101
    ensure_future(work())  # expect: RG101


async def stored(jobs: list) -> asyncio.Task:
    task = asyncio.create_task(work())  # expect: RG101
    jobs.append(asyncio.create_task(work()))  # expect: RG101
    await task
    return asyncio.create_task(work())  # expect: RG101


async def on_a_loop(loop: asyncio.AbstractEventLoop) -> None:
    loop.create_task(work())  # expect: RG101
    asyncio.get_running_loop().create_task(work())  # expect: RG101
    other = asyncio.new_event_loop()
    other.create_task(work())  # expect: RG101
    asyncio.run_coroutine_threadsafe(work(), loop)  # expect: RG101


class Service:
    def __init__(self) -> None:
        self._loop = asyncio.get_event_loop()

    def start(self) -> None:
        self.task = self._loop.create_task(work())  # expect: RG101


async def owned(nursery) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(work())
        local = group
        local.create_task(work())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(work)
    await gather(asyncio.create_task(work()), *[asyncio.create_task(work()) for _ in range(3)])
    await wait_for(ensure_future(work()), 1)
    await asyncio.create_task(work())


async def in_a_group_given(group: asyncio.TaskGroup, maybe: "asyncio.TaskGroup | None") -> None:
    group.create_task(work())
    if maybe:
        maybe.create_task(work())


def shadowed(asyncio) -> None:
    asyncio.create_task(work())


class Tracker:
    def create_task(self, title: str) -> None: ...

    def plan(self) -> None:
        self.create_task("write tests")
        create_task = self.create_task
        create_task("nobody spawns here")
