"""A task made by the name of its class alone: nothing else in the file speaks of tasks."""

from asyncio import Task


async def begin(work):
    return Task(work())  # expect: RG101
