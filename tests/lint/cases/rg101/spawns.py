import asyncio
import asyncio as aio
from asyncio import create_task as spawn
from asyncio import ensure_future, gather, wait_for

import anyio


async def work() -> None: ...


async def dropped() -> None:
    asyncio.create_task(work())  # expect: RG101
    aio.create_task(work())  # expect: RG101
    spawn(work())  # expect: RG101
    ensure_future(work())  # expect: RG101


async def stored(jobs: list) -> asyncio.Task:
    task = asyncio.create_task(work())
    jobs.append(asyncio.create_task(work()))  # expect: RG101
    await task
    return asyncio.create_task(work())  # expect: RG101


async def on_a_loop(loop: asyncio.AbstractEventLoop) -> None:
    loop.create_task(work())  # expect: RG101
    asyncio.get_running_loop().create_task(work())  # expect: RG101
    other = asyncio.new_event_loop()
    other.create_task(work())  # expect: RG101
    asyncio.run_coroutine_threadsafe(work(), loop)  # expect: RG101


class Service:
    def __init__(self) -> None:
        self._loop = asyncio.get_event_loop()

    def start(self) -> None:
        self.task = self._loop.create_task(work())  # expect: RG101


async def owned(nursery) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(work())
        local = group
        local.create_task(work())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(work)
    await gather(asyncio.create_task(work()), *[asyncio.create_task(work()) for _ in range(3)])
    await wait_for(ensure_future(work()), 1)
    await asyncio.create_task(work())


async def in_a_group_given(group: asyncio.TaskGroup, maybe: "asyncio.TaskGroup | None") -> None:
    group.create_task(work())
    if maybe:
        maybe.create_task(work())


def shadowed(asyncio) -> None:
    asyncio.create_task(work())


class Tracker:
    def create_task(self, title: str) -> None: ...

    def plan(self) -> None:
        self.create_task("write tests")
        create_task = self.create_task
        create_task("nobody spawns here")


async def kept_by_a_finally(stop: asyncio.Event) -> None:
    task = asyncio.create_task(work())
    other = asyncio.create_task(work())
    try:
        await stop.wait()
    finally:
        task.cancel()
        other.cancel()


async def awaited_next() -> None:
    tasks = [asyncio.create_task(work()) for _ in range(3)]
    await asyncio.gather(*tasks)
    first = asyncio.create_task(work())
    second = asyncio.create_task(work())
    await gather(first, second)


async def awaited_later(stop: asyncio.Event) -> None:
    tasks = [asyncio.create_task(work()) for _ in range(3)]  # expect: RG101
    await stop.wait()
    await asyncio.gather(*tasks)


async def a_finally_of_another(stop: asyncio.Event) -> None:
    task = asyncio.create_task(work())  # expect: RG101
    try:
        await stop.wait()
    finally:
        stop.clear()
    await task


def from_a_thread(loop: "asyncio.AbstractEventLoop") -> None:
    asyncio.run_coroutine_threadsafe(work(), loop).result(timeout=5)
    asyncio.run_coroutine_threadsafe(work(), loop=loop)  # expect: RG101
    asyncio.Task(work(), loop=loop)  # expect: RG101


class Heart:
    loop: asyncio.AbstractEventLoop

    def beat(self) -> None:
        self.loop.call_later(1, self.beat)  # expect: RG101
        self.loop.call_later(1, self.stop)

    def stop(self) -> None:
        def again() -> None:
            self.loop.call_later(1, again)  # expect: RG101

        self.loop.call_later(1, again)


try:
    from asyncio import create_task as conditional
except ImportError:
    conditional = None


def decorated(function):
    return function


@decorated
def conditional_import() -> None:
    conditional(work())  # expect: RG101
    [spawn(work()) for _ in range(2)]  # expect: RG101
    jobs = {spawn(work()): name for name in "ab"}  # expect: RG101
    (lambda: spawn(work()))()  # expect: RG101


def local_alias() -> None:
    from asyncio import create_task as make

    def inner() -> None:
        make(work())  # expect: RG101

    inner()


def not_visible() -> None:
    make(work())  # noqa: F821


async def kept_in_a_list(stop: asyncio.Event) -> None:
    one = asyncio.create_task(work())
    two = asyncio.create_task(work())
    both = (one, two)
    try:
        await stop.wait()
    finally:
        for each in both:
            each.cancel()


async def drained() -> None:
    task = asyncio.create_task(work())
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


async def after_something_else(stop: asyncio.Event) -> None:
    task = asyncio.create_task(work())  # expect: RG101
    try:
        await stop.wait()
        await task
    except OSError:
        pass


async def logs_between(work, logger) -> None:
    task = asyncio.create_task(work())
    logger.info("started")
    try:
        logger.info("waiting")
        await asyncio.shield(task)
    except TimeoutError:
        logger.info("late")


class Deadline:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop

    def expire(self) -> None:
        if self.loop.time() < self.deadline:
            self.handle = self.loop.call_at(self.deadline, self.expire)

    def poll(self) -> None:
        if not self.closed:
            self.loop.call_at(self.loop.time() + 1, self.poll)  # expect: RG101

    def tick(self) -> None:
        if not self.closed:
            self.loop.call_later(1, self.tick)  # expect: RG101


async def closes(clients, registry) -> None:
    closing = [asyncio.create_task(client.aclose()) for client in clients]
    if closing:
        await asyncio.gather(*closing)
    stored = asyncio.create_task(registry.get())
    registry.pending["x"] = stored
    await stored
    other = asyncio.create_task(registry.get())  # expect: RG101
    if registry.open:
        await other


async def services(kinds):
    running = {}
    for kind in kinds:
        running[kind] = asyncio.create_task(kind.start())
    try:
        yield
    finally:
        await asyncio.gather(*running.values())


async def either(queue, ended) -> None:
    getting = asyncio.create_task(queue.get())
    try:
        await asyncio.wait({getting, ended})
    except asyncio.CancelledError:
        getting.cancel()
        raise
    losing = asyncio.create_task(queue.get())  # expect: RG101
    try:
        await asyncio.wait({losing, ended})
    except ValueError:
        losing.cancel()


class Subscriber:
    async def __aenter__(self):
        self._tasks = [asyncio.create_task(self.logs()), asyncio.create_task(self.events())]
        self._other = asyncio.create_task(self.events())  # expect: RG101
        return self

    async def __aexit__(self, *error) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait([asyncio.create_task(self.logs())])  # expect: RG101


async def outcome_of(task):
    await asyncio.shield(task)


async def result_of(signal, future):
    wrapped = asyncio.wrap_future(future)
    done, _ = await asyncio.wait({wrapped, signal})
    return wrapped.exception()


async def registered(task, tasks) -> None:
    tasks.add(task)


async def hands_on(client, loop, signal, tasks) -> None:
    closing = asyncio.create_task(client.close())
    await outcome_of(closing)
    future = asyncio.run_coroutine_threadsafe(client.close(), loop)
    error = await result_of(signal, future)
    other = asyncio.create_task(client.close())  # expect: RG101
    await registered(other, tasks)
    unknown = asyncio.create_task(client.close())
    await client.take(unknown, error)


async def stored_first(client, tasks) -> None:
    sending = asyncio.create_task(client.send())
    tasks.add(sending)
    sending.add_done_callback(tasks.discard)
    await asyncio.shield(sending)
    flushing = asyncio.create_task(client.flush())
    tasks.add(flushing)
    client.close()
    await asyncio.shield(flushing)


async def assigned_first(client, stream) -> None:
    reading = asyncio.create_task(client.read())
    failed: BaseException | None = None
    iterator = aiter(stream)

    async def pull():
        return await anext(iterator)

    try:
        await pull()
    except BaseException as error:
        failed = error
        reading.cancel()
        raise
    writing = asyncio.create_task(client.write())  # expect: RG101
    opened = await client.open()
    try:
        await pull(opened, failed)
    except BaseException:
        writing.cancel()
        raise


async def nested(client, ready) -> None:
    running = asyncio.create_task(client.run())
    try:
        try:
            await ready.wait()
        except asyncio.CancelledError:
            running.cancel()
            raise
        client.use()
    except ValueError:
        client.refuse()


async def cleans_up(stream, ticks):
    waiter = None

    def get_waiter():
        nonlocal waiter
        waiter = asyncio.create_task(stream.wait())

        def forget(_) -> None:
            nonlocal waiter
            waiter = None

        waiter.add_done_callback(forget)
        return waiter

    async def clean_up() -> None:
        waiter.cancel()

    try:
        await ticks(get_waiter)
    finally:
        await clean_up()


async def leaves(stream, ticks):
    waiter = None

    def get_waiter():
        nonlocal waiter
        waiter = asyncio.create_task(stream.wait())  # expect: RG101
        return waiter

    async def clean_up() -> None:
        waiter.cancel()

    await ticks(get_waiter)
    await clean_up()


async def collects(tools, cancel_all) -> None:
    tasks = []
    try:
        for tool in tools:
            task = asyncio.create_task(tool.run())
            tool.note(task)
            tasks.append(task)
        await asyncio.gather(*tasks)
    finally:
        await cancel_all(*tasks)


async def only_watches(client, ready, quiet, tasks) -> None:
    running = asyncio.create_task(client.run())  # expect: RG101
    try:
        await ready.wait()
    except BaseException:
        running.add_done_callback(quiet)
        raise
    closing = asyncio.create_task(client.close())  # expect: RG101
    closing.add_done_callback(lambda _: tasks.discard(closing))
    tasks.add(closing)


async def by_index(call, drain, segment) -> None:
    tasks = {index: asyncio.create_task(call(index)) for index in segment}
    indices = {task: index for index, task in tasks.items()}
    try:
        await drain(indices)
    except BaseException:
        await drain(tasks.values())
        raise
    others = {index: asyncio.create_task(call(index)) for index in segment}
    await drain(others)


async def transition(operation) -> None:
    task = asyncio.create_task(operation())
    completion = asyncio.create_task(asyncio.wait((task,)))
    cancelled = False
    while not completion.done():
        try:
            await asyncio.shield(completion)
        except asyncio.CancelledError:
            cancelled = True
    completion.result()
    if cancelled:
        raise asyncio.CancelledError


async def through_cancellation(awaitable) -> None:
    cleanup = asyncio.ensure_future(awaitable)
    while True:
        try:
            await asyncio.shield(cleanup)
        except asyncio.CancelledError:
            continue
        return


async def waits_elsewhere(drain, undo, queue) -> None:
    await drain(asyncio.create_task(undo()))
    await queue.put(asyncio.create_task(undo()))  # expect: RG101
    drain(asyncio.create_task(undo()))  # expect: RG101


async def linked(token, tool, consume) -> None:
    running = asyncio.ensure_future(tool.run())
    token.link_future(running)
    await running
    guarding, asking = asyncio.create_task(tool.guard()), tool.ask()  # expect: RG101
    checking = asyncio.create_task(tool.check())
    both = asyncio.gather(checking, asking)
    both.add_done_callback(consume)
    failed = False
    try:
        await both
    except ValueError:
        failed = True
    left = asyncio.create_task(tool.run())  # expect: RG101
    if failed:
        return
    await left


class Answering:
    async def answer(self, requests) -> None:
        try:
            async for request in requests:
                task = asyncio.create_task(self.reply(request))
                self._replies.add(task)
                task.add_done_callback(self._replies.discard)
        finally:
            await self.end(*self._replies)

    async def once(self, request) -> None:
        self._once = asyncio.create_task(self.reply(request))
        await self._once
        self._twice = asyncio.create_task(self.reply(request))  # expect: RG101
        await request.twice._twice


async def mutation(awaitable) -> None:
    task = asyncio.ensure_future(awaitable)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    other = asyncio.ensure_future(awaitable)  # expect: RG101
    while not other.done() and not cancelled:
        try:
            await asyncio.wait({other})
        except asyncio.CancelledError:
            raise


async def workers(kinds, stop) -> None:
    tasks = {None: asyncio.create_task(stop.wait())}
    if kinds:
        tasks[kinds] = asyncio.create_task(kinds.run())
    waiting = asyncio.wait(tasks.values())
    try:
        await asyncio.shield(waiting)
    except ValueError:
        stop.set()


async def segments(texts, slots) -> None:
    started = []

    async def start(segment) -> None:
        await slots.acquire()
        segment.task = asyncio.create_task(segment.speak())
        segment.other = asyncio.create_task(segment.speak())  # expect: RG101
        started.append(segment)

    try:
        for text in texts:
            await start(text)
    finally:
        for segment in started:
            segment.task.cancel()


async def starts_in_a_handler(client, tasks) -> None:
    try:
        await client.run()
    except BaseException:
        last = asyncio.create_task(client.report())  # expect: RG101
        tasks.add(last)
        raise
    finally:
        client.closing = asyncio.create_task(client.close())  # expect: RG101
        client.closing.add_done_callback(client.log)
