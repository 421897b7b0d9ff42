import asyncio
from contextvars import ContextVar, copy_context

user = ContextVar("user")
depth = ContextVar("depth")
other = ContextVar("other")


async def main_of_a_task(name):
    user.set(name)
    await asyncio.sleep(1)


def in_context():
    depth.set(1)


async def begin():
    task = asyncio.create_task(main_of_a_task("a"))
    copy_context().run(in_context)
    await called()
    await task


async def called():
    other.set(1)  # expect: RG302


class Stream:
    def __init__(self):
        self.task = asyncio.ensure_future(self.read())

    async def read(self):
        stream.set(self)


stream = ContextVar("stream")
