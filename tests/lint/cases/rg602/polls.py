# role: test
import asyncio
import time
from asyncio import sleep


async def test_while(job):
    while not job.done:
        await asyncio.sleep(0.01)  # expect: RG602


async def test_forever_with_break(job):
    while True:
        if job.done:
            break
        await sleep(0.01)  # expect: RG602


def test_counted(job):
    for _ in range(100):
        if job.done:
            break
        time.sleep(0.1)  # expect: RG602
    else:
        raise AssertionError


def wait_until(check):
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        try:
            return check()
        except AssertionError:
            time.sleep(0.1)  # expect: RG602
            time.sleep(0.2)
    raise AssertionError


def test_connects(connect):
    for attempt in range(10):
        try:
            connect()
            break
        except OSError:
            if attempt == 9:
                raise
            time.sleep(0.1)  # expect: RG602


async def test_ticks():
    async def ticker():
        while True:
            await asyncio.sleep(1)

    for _ in range(5):
        await asyncio.sleep(1)
    for item in [1, 2]:
        if item:
            break
        await asyncio.sleep(1)


async def test_plain():
    await asyncio.sleep(1)


async def test_zero(job):
    while not job.done:
        await asyncio.sleep(0)


async def test_function_in_loop(jobs):
    while jobs.running:

        async def one():
            await asyncio.sleep(1)

        await one()


async def test_counts_its_rounds(loop):
    rounds = 0
    while rounds < 10:
        await asyncio.sleep(0.1)
        rounds += 1
    assert loop


def test_runs_for_some_time(hub):
    deadline = time.monotonic() + 6
    while time.monotonic() < deadline:
        hub.run_once()
        time.sleep(0.05)
    assert hub.done


async def test_reads_slowly(process):
    while True:
        data = await process.stdout.read(65536)
        if data:
            await asyncio.sleep(0.3)
        else:
            break
    assert process


def test_sleeps_until(end):
    while True:
        left = end - time.monotonic()
        if left <= 0:
            break
        time.sleep(left)


def test_counts_down(worker):
    attempts = 10
    while attempts:
        if worker.done:
            break
        attempts -= 1
        time.sleep(1)  # expect: RG602


def test_flag(worker):
    done = False
    while not done:
        time.sleep(0.1)  # expect: RG602
        done = worker.done


def test_works_until_told(thread, closed, stream):
    stop = False

    def collect():
        while not stop:
            time.sleep(0.001)
            stream.collect()

    def pump():
        while not closed.is_set():
            if stream.silent:
                time.sleep(0.1)
                continue
            data = stream.recv(100)
            if not data:
                return

    thread(target=collect)
    thread(pump)


def test_only_sleeps_until_told(thread, closed):
    def wait():
        while not closed.is_set():
            time.sleep(0.1)  # expect: RG602

    thread(target=wait)


def test_works_itself(worker):
    while not worker.done:
        worker.step()
        time.sleep(0.1)  # expect: RG602
