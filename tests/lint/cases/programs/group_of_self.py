"""A service whose tasks belong to a group that it keeps."""

import asyncio as aio


class Service:
    def __init__(self, group: aio.TaskGroup) -> None:
        self.group = group
        self.seen: list[str] = []

    async def serve(self, name: str) -> None:
        self.seen.append(name)

    def start(self, group: aio.TaskGroup) -> None:
        for name in ("a", "b"):
            aio.get_running_loop().create_task(self.serve(name))


async def main() -> None:
    async with aio.TaskGroup() as group:
        service = Service(group)
        service.start(group)
        await aio.sleep(0)
    print(service.seen)


aio.run(main())
