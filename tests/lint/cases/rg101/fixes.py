"""Tasks that get the owner in scope."""

import asyncio
from asyncio import TaskGroup, create_task, ensure_future

import anyio
import regrow as rg
import trio


async def groups(jobs, work, other):
    async with TaskGroup() as group:
        create_task(work((1, 2)), name="one")  # expect: RG101
        first = asyncio.create_task(work())  # expect: RG101
        jobs.append(ensure_future(poll()))  # expect: RG101
        ensure_future(other)  # expect: RG101
        asyncio.Task(poll(), loop=jobs)  # expect: RG101
        asyncio.get_running_loop().create_task(work())  # expect: RG101
        async with anyio.create_task_group() as inner:
            asyncio.create_task(work(jobs, *other))  # expect: RG101
            asyncio.create_task(work())  # expect: RG101
            asyncio.create_task(work(jobs=jobs))  # expect: RG101
    async with trio.open_nursery() as nursery:
        jobs.task = create_task(work())  # expect: RG101
    return first


async def poll():
    await asyncio.sleep(0)


async def parameters(group: asyncio.TaskGroup, tasks: rg.Ref[rg.TaskSupervisor]):
    create_task(poll())  # expect: RG101


class Service:
    tasks: rg.Ref[rg.TaskSupervisor]

    async def start(self):
        create_task(self.run())  # expect: RG101
        create_task(  # expect: RG101
            self.run(),
        )
        create_task(self.run(), name="run")  # expect: RG101
        self.task = create_task(self.run())  # expect: RG101

    def start_now(self):
        create_task(self.run())  # expect: RG101

    async def run(self): ...


async def nobody(loop, work):
    create_task(work())  # expect: RG101
    asyncio.run_coroutine_threadsafe(work(), loop)  # expect: RG101
    loop.create_task(*work)  # expect: RG101
