import asyncio
import datetime
import random
import time
import uuid
from time import monotonic

import regrow as rg


async def until_ready(worker, timeout):
    deadline = time.monotonic() + timeout  # expect: RG305
    while not worker.ready and time.monotonic() < deadline:
        await worker.changed()


async def left(deadline, worker):
    async with asyncio.timeout(max(0.0, deadline - monotonic())):  # expect: RG305
        await worker.changed()


async def by_the_wall(deadline, worker):
    while time.time() < deadline:  # expect: RG305
        await worker.changed()


async def measures(worker, log):
    start = time.monotonic()
    await worker.changed()
    log("took %.3f s", time.monotonic() - start)


async def stamps(record, lifetime):
    record.expires = time.time() + lifetime
    record.made = time.time()
    record.nonce = random.random()


def waits(deadline):
    while time.monotonic() < deadline:
        pass


class Worker:
    async def limited(self, limit):
        if time.monotonic() - self.started > limit:  # expect: RG305
            self.started = time.monotonic()


class Till(rg.GenServer):
    def init(self) -> None:
        self.opened = time.time()  # expect: RG305
        self.jitter = random.random()  # expect: RG305

    @rg.call
    async def pay(self) -> str:
        self.paid = datetime.datetime.now(datetime.UTC)  # expect: RG305
        return str(uuid.uuid4())  # expect: RG305

    @rg.call
    async def wait(self, seconds):
        deadline = time.monotonic() + seconds  # expect: RG305
        return deadline

    @rg.call
    def number(self, source: random.Random) -> int:
        return source.randint(1, 6)
