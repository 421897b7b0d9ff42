import asyncio
from contextlib import suppress
import concurrent.futures
from concurrent.futures import ThreadPoolExecutor


class Uploads:
    def __init__(self) -> None:
        self._tasks = set()
        self.pending = set()
        self._kept = []
        self._read = []
        self._by_name = {}

    def start(self, name) -> None:
        task = asyncio.create_task(self.upload(name))  # expect: RG103
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def public(self, name) -> None:
        task = asyncio.create_task(self.upload(name))  # expect: RG103
        self.pending.add(task)
        task.add_done_callback(lambda one: self.pending.discard(one))

    def heard(self, name) -> None:
        task = asyncio.create_task(self.upload(name))
        self._tasks.add(task)
        task.add_done_callback(self.ended)

    def kept(self, name) -> None:
        self._kept.append(asyncio.create_task(self.upload(name)))  # expect: RG103
        self._read.append(asyncio.create_task(self.upload(name)))
        self._by_name[name] = asyncio.ensure_future(self.upload(name))
        self._one = asyncio.create_task(self.upload(name))  # expect: RG103
        self._awaited = asyncio.create_task(self.upload(name))
        self.anybody = asyncio.create_task(self.upload(name))
        self._safe = asyncio.create_task(self.careful())
        self._never = asyncio.create_task(self.upload(name))  # expect: RG103

    async def stop(self) -> None:
        for one in self._kept:
            one.cancel()
        if self._one is not None and not self._one.done():
            self._one.cancel()
        await asyncio.gather(*self._read)
        await self._awaited

    async def upload(self, name) -> None:
        await self.session.post(name)

    async def careful(self) -> None:
        while True:
            try:
                await self.upload("x")
            except Exception as error:
                print(error)


async def local(uploads, loop: asyncio.AbstractEventLoop) -> None:
    forgotten = asyncio.create_task(uploads.upload("x"))  # expect: RG103
    cancelled = loop.create_task(uploads.upload("x"))  # expect: RG103
    awaited = asyncio.create_task(uploads.upload("x"))
    given = asyncio.create_task(uploads.upload("x"))
    cancelled.cancel()
    uploads.take(given)
    await awaited


async def returned(uploads):
    task = asyncio.create_task(uploads.upload("x"))
    return task


def futures(loop: asyncio.AbstractEventLoop, executor, work, form, pool: ThreadPoolExecutor) -> None:
    asyncio.run_coroutine_threadsafe(work(), loop)  # expect: RG103
    asyncio.run_coroutine_threadsafe(work(), loop).result()
    loop.run_in_executor(None, work)  # expect: RG103
    executor.submit(work)  # expect: RG103
    pool.submit(work, 1)  # expect: RG103
    pool.submit(safe)
    form.submit(work)
    future = executor.submit(work)
    with concurrent.futures.ThreadPoolExecutor() as workers:
        workers.submit(work)  # expect: RG103
    future.result()


def safe() -> None:
    try:
        print("x")
    except Exception as error:
        print(error)


async def ignored(work) -> None:
    tasks = [asyncio.create_task(work(number)) for number in range(3)]
    await asyncio.wait(tasks)  # expect: RG103


async def raced(work) -> None:
    first = asyncio.create_task(work(1))
    second = asyncio.create_task(work(2))
    _, pending = await asyncio.wait({first, second})  # expect: RG103
    for task in pending:
        task.cancel()


async def looked_at(work) -> None:
    first = asyncio.create_task(work(1))
    done, _ = await asyncio.wait({first})
    for task in done:
        task.result()


async def awaited_after_it(work) -> None:
    first = asyncio.create_task(work(1))
    await asyncio.wait({first})
    await first


async def gathered_after_it(work) -> None:
    first = asyncio.create_task(work(1))
    await asyncio.wait({first})
    await asyncio.gather(first)


async def waited_for_again(work) -> None:
    first = asyncio.create_task(work(1))
    pending = {first}
    await asyncio.wait({first}, timeout=1.0)  # expect: RG103
    first.cancel()
    await asyncio.wait(pending)


async def something_else_after_it(work, queue) -> None:
    first = asyncio.create_task(work(1))
    await asyncio.wait({first})  # expect: RG103
    await queue.join()


async def given(tasks) -> None:
    await asyncio.wait(tasks)


class Watched:
    def start(self) -> None:
        self._logged = asyncio.create_task(self.logged())
        self._warns = asyncio.create_task(self.warns())
        self._event = asyncio.create_task(self.event.wait())

    @log_exceptions(logger="x")
    async def logged(self) -> None:
        await self.anything()

    async def warns(self) -> None:
        await asyncio.sleep(10)
        if not self.connected:
            logger.warning("not connected")


async def events(first, second) -> None:
    one = asyncio.create_task(first.wait())
    two = asyncio.create_task(second.wait())
    await asyncio.wait([one, two])


async def elsewhere(self) -> None:
    first = self.first
    await asyncio.wait({first})


def handed_out(session, loop, queue, work) -> None:
    task = asyncio.create_task(work())
    session.current = task
    session._current = asyncio.create_task(work())
    asyncio.run_coroutine_threadsafe(queue.put(1), loop)


class ByName:
    def start(self) -> None:
        coroutine = self.careful_too()
        self._named = asyncio.ensure_future(coroutine)

    async def careful_too(self) -> None:
        try:
            await self.anything()
        except Exception as error:
            print(error)


class Suppresses:
    def start(self) -> None:
        self._polling = asyncio.create_task(self.poll())
        self._reading = asyncio.create_task(self.read())  # expect: RG103

    async def poll(self) -> None:
        while self.running:
            with suppress(Exception):
                await self.producer.poll(0.1)

    async def read(self) -> None:
        while self.running:
            with suppress(ValueError):
                await self.producer.read(0.1)


class Background:
    def learn(self, executor) -> None:
        executor.submit(self.process, 1)
        self._schedule(self._quiet(1))
        self._defer(self._quiet(2))
        self._defer(self.loud())

    def process(self, message) -> None:
        """Hand it to all stores."""
        context = {"message": message}
        for store in self.stores:
            try:
                store.process(context)
            except Exception as error:
                print(error)

    async def _quiet(self, message) -> None:
        """Fails unseen, and means it."""
        try:
            await self.add(message)
        except Exception:
            pass

    async def loud(self) -> None:
        await self.deliver(1)

    def _schedule(self, coroutine) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _defer(self, coroutine) -> None:
        task = asyncio.ensure_future(coroutine)  # expect: RG103
        self._deferred.add(task)
        task.add_done_callback(self._deferred.discard)
