"""Coroutines that are over after they have caught their cancellation."""

import asyncio
from contextlib import suppress


async def of_a_task(queue):
    try:
        await queue.get()
    except asyncio.CancelledError:
        print("stopped")
    finally:
        queue.close()


async def begins(group, queue):
    group.create_task(of_a_task(queue))
    await of_a_task(queue)


async def awaited(queue):
    try:
        return await queue.get()
    except asyncio.CancelledError:  # expect: RG402
        return None


async def awaits(queue):
    await awaited(queue)
    await until_stopped(queue)
    print("goes on")


async def until_stopped(queue):
    try:
        while True:
            print(await queue.get())
    except asyncio.CancelledError:
        print("stopped")


async def read_by_others(queue):
    with suppress(asyncio.CancelledError):
        await queue.get()


async def answers(queue):
    try:
        yield await queue.get()
    except asyncio.CancelledError:
        return
    except ValueError:
        yield None


async def leaves_its_loop(queue):
    while True:
        try:
            item = await queue.get()
            try:
                await item()
            except asyncio.CancelledError:
                break
            finally:
                queue.task_done()
        except ValueError:
            print("bad")


async def leaves_one_of_two_loops(queue):
    while True:
        while True:
            try:
                await queue.get()
            except asyncio.CancelledError:  # expect: RG402
                break


async def tells_a_future(queue, future):
    while True:
        try:
            await queue.get()
        except BaseException as error:
            future.set_exception(error)
            return


async def tells_a_future_and_goes_on(queue, future):
    while True:
        try:
            await queue.get()
        except BaseException as error:  # expect: RG402
            future.set_exception(error)


async def has_an_else(queue):
    try:
        try:
            await queue.get()
        except asyncio.CancelledError:  # expect: RG402
            pass
    except ValueError:
        pass
    else:
        print("went well")


async def awaits_in_it(queue):
    try:
        await queue.get()
    except asyncio.CancelledError:  # expect: RG402
        await queue.join()


async def waits_for(task):
    while True:
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.done():
                return task.result()


async def waits_for_what_it_shields(task):
    while True:
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            continue
        return


async def waits_in_a_suppress(task, other):
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait({task})
    while other:
        with suppress(asyncio.CancelledError):  # expect: RG402
            await asyncio.wait({task})


async def tells_its_finally(queue):
    cancelled = False
    try:
        await queue.get()
    except asyncio.CancelledError:  # expect: RG402
        cancelled = True
    finally:
        if cancelled:
            queue.close()


async def heartbeats(consumer, logger):
    while consumer.joined:
        try:
            await consumer.beat()
        except asyncio.CancelledError:
            break
        consumer.count += 1
    logger.debug("no more heartbeats")


async def does_more_after_its_loop(consumer, logger):
    while consumer.joined:
        try:
            await consumer.beat()
        except asyncio.CancelledError:  # expect: RG402
            break
    logger.debug("no more heartbeats")
    consumer.leave()
