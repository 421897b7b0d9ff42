# role: test
"""A test that sleeps and asserts."""

import asyncio


class Worker:
    def __init__(self):
        self.jobs = []

    async def run(self):
        for number in range(3):
            await asyncio.sleep(0)
            self.jobs.append(number)


async def test_worker():
    worker = Worker()
    async with asyncio.TaskGroup() as group:
        group.create_task(worker.run())
        await asyncio.sleep(0.001)
        assert len(worker.jobs) == 3, "all of them"
        await asyncio.sleep(0.001)
        # Both at once.
        assert worker.jobs[0] == 0 or worker.jobs[0] == 1
        assert (
            worker.jobs[-1]
            == 2
        )
    print(worker.jobs)


asyncio.run(test_worker())
