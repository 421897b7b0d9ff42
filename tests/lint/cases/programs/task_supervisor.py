"""A background task that gets a supervisor."""

import asyncio

import regrow as rg


class Mailer:
    tasks: rg.Ref[rg.TaskSupervisor]

    def __init__(self, tasks: rg.Ref[rg.TaskSupervisor]) -> None:
        self.tasks = tasks
        self.sent = asyncio.Event()

    async def send(self, text: str) -> None:
        print("sent", text)
        self.sent.set()

    async def mail(self, text: str) -> None:
        asyncio.create_task(self.send(text))
        await self.sent.wait()


async def main() -> None:
    async with rg.System([rg.task_supervisor(name="tasks")]) as system:
        await Mailer(system.ref("tasks", rg.TaskSupervisor)).mail("hello")


asyncio.run(main())
