"""Cancellations that are raised again, in every shape of handler."""

import asyncio as aio
from asyncio import CancelledError
from contextlib import suppress


async def handlers(queue, log):
    try:
        await queue.get()
    except CancelledError:  # expect: RG402
        pass
    try:
        await queue.get()
    except aio.CancelledError: log("ended")  # expect: RG402
    try:
        await queue.get()
    except ValueError:
        log("bad")
    except:  # expect: RG402
        # Whatever it was.
        log("ended")
    finally:
        log("finally")
    try:
        await queue.get()
    except (CancelledError, ValueError) as error:  # expect: RG402
        log(str(error))
    try:
        await queue.get()
    except CancelledError:  # expect: RG402
        if log:
            log("ended")  # why
        # and that is all
    try:
        await queue.get()
    except CancelledError:  # expect: RG402
        log("ended"); log("twice");
    try:
        await queue.get()
    except* BaseException:  # expect: RG402
        log("several")
    try: await queue.get()
    except BaseException: pass  # expect: RG402


async def loops(queue, log):
    while True:
        try:
            await queue.get()
        except CancelledError:  # expect: RG402
            log("ended")
            break


async def goes_on_after_its_loop(queue, log):
    while True:
        try:
            await queue.get()
        except CancelledError:  # expect: RG402
            break
    log("closed")


async def returns(queue, log):
    try:
        await queue.get()
    except CancelledError:  # expect: RG402
        return None
    try:
        await queue.get()
    except CancelledError:  # expect: RG402
        return log("what only it knows")


async def suppresses(queue):
    with suppress(CancelledError, ValueError):  # expect: RG402
        await queue.get()
    with suppress(KeyError, aio.CancelledError):  # expect: RG402
        await queue.get()
    with suppress(CancelledError):  # expect: RG402
        await queue.get()


async def renamed(queue, CancelledError, aio, asyncio):
    try:
        await queue.get()
    except BaseException:  # expect: RG402
        pass


async def whose(task, futures, queue):
    try:
        await task
    except CancelledError:  # expect: RG402
        pass
    try:
        await aio.wait_for(aio.shield(task), 1)
        await aio.wait_for(task, 1)
    except (CancelledError, TimeoutError):  # expect: RG402
        pass
    with suppress(CancelledError, TimeoutError):  # expect: RG402
        await aio.gather(*futures)
    try:
        await aio.wait_for(queue.get(), 1)
    except (CancelledError, TimeoutError):  # expect: RG402
        pass


async def awaits_them(queue, log, others):
    await handlers(queue, log)
    await loops(queue, log)
    await returns(queue, log)
    await suppresses(queue)
    await renamed(queue, *others)
    await whose(*others, queue)


async def whose_in_a_branch(stopped, queue):  # as aiotools' workers wait
    try:
        if queue:
            await stopped
        else:
            queue.state = 1
    except aio.CancelledError:  # expect: RG402
        pass
    finally:
        queue.close()
    await queue.join()
