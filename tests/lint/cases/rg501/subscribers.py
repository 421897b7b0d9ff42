import asyncio
import logging
import threading

import regrow as rg
from opentelemetry.sdk.trace import SpanProcessor


async def until_started(system):
    started = asyncio.Event()
    system.events.subscribe("process.started", lambda event: started.set())  # expect: RG501
    await started.wait()


async def result(system, loop):
    done = loop.create_future()
    seen = []

    def tell(event):
        seen.append(event)
        if not done.done():
            done.set_result(event)  # expect: RG501

    with system.events.subscribe("process", tell):
        return await done


def counts(system, metrics):
    numbers = {}

    def count(event):
        numbers[event.name] = numbers.get(event.name, 0) + 1
        metrics.set(event.name, numbers[event.name])

    system.events.subscribe("", count)
    system.events.subscribe("", seen_elsewhere)


class Watch:
    def __init__(self, system: rg.System, worker: rg.Ref) -> None:
        self.worker: rg.Ref = worker
        self.stopped = threading.Event()
        system.events.subscribe("process.exited", self.on_exit)
        system.events.subscribe("process.started", self.on_start)

    def on_exit(self, event):
        self.worker.cast("restart")  # expect: RG501
        self.stopped.set()  # expect: RG501

    def on_start(self, event):
        rg.send_to_self("started")  # expect: RG501

    def other(self):
        self.stopped.set()


class Lines(logging.Handler):
    def __init__(self, task, queue):
        super().__init__()
        self.task = task
        self.queue = queue

    def emit(self, record):
        self.queue.put_nowait(record)
        if "ready" in record.getMessage():
            self.task.cancel()  # expect: RG501

    def close(self):
        self.task.cancel()


class Spans(SpanProcessor):
    def __init__(self, loop):
        self.loop = loop
        self.done = asyncio.Event()

    def on_end(self, span):
        self.loop.call_soon_threadsafe(self.done.set)  # expect: RG501


class Bus:
    def wait(self, bus, done):
        bus.subscribe("ready", lambda event: done.set_result(event))


class Guarded(logging.Handler):
    def emit(self, record):
        self.inner.acquire()
        try:
            self.inner.emit(record)
        finally:
            self.inner.release()
