import asyncio
import concurrent.futures
import contextlib
from asyncio import CancelledError
from asyncio import CancelledError as Stopped
from contextlib import suppress

import trio


async def on_several_lines(queue):
    while True:
        try:
            await queue.get()
        except (  # expect: RG402
            ValueError,  # a comment
            BaseException,
        ):
            print("again")


async def named(queue):
    while True:
        try:
            await queue.get()
        except asyncio.CancelledError:  # expect: RG402
            print("stopped")


async def others(queue):
    try:
        async for item in queue:
            print(item)
    except (ValueError, CancelledError):  # expect: RG402
        return
    try:
        async with queue:
            pass
    except:  # expect: RG402
        pass
    try:
        await queue.get()
    except BaseException as error:  # expect: RG402
        print(error)
    try:
        await queue.get()
    except trio.Cancelled:  # expect: RG402
        pass


async def suppressed(queue):
    with suppress(CancelledError):  # expect: RG402
        await queue.get()
    with contextlib.suppress(ValueError, asyncio.CancelledError):  # expect: RG402
        await queue.get()
    with suppress(ValueError):
        await queue.get()
    with suppress(BaseException):
        queue.get_nowait()


async def raised(queue):
    try:
        await queue.get()
    except CancelledError:
        print("stopped")
        raise
    except BaseException:
        pass
    try:
        await queue.get()
    except BaseException as error:
        raise RuntimeError from error
    try:
        await queue.get()
    except Exception:
        pass
    try:
        await queue.get()
    except concurrent.futures.CancelledError:
        pass


async def cancelled_here(task):
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass


async def cancelled_here_and_goes_on(task, queue):
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass
    await queue.get()


async def cancelled_inside(task, other):
    with suppress(asyncio.CancelledError):
        task.cancel()
        await task


async def told_apart(task):
    try:
        await task
    except asyncio.CancelledError:
        if asyncio.current_task().cancelling():
            print("mine")


def plain(future):
    try:
        future.result()
    except asyncio.CancelledError:
        pass


async def nothing_awaited(task):
    try:
        task.result()
    except asyncio.CancelledError:
        pass

    def later(future):
        try:
            future.result()
        except BaseException:
            pass

    try:

        async def inner():
            await task

        task.add_done_callback(later)
    except CancelledError:
        print(inner)


async def cancelled_in_a_callback(task, queue):
    def stop():
        task.cancel()

    try:
        await queue.get(stop)
    except CancelledError:  # expect: RG402
        pass


async def kept(queue):
    first = None
    try:
        await queue.get()
    except BaseException as error:
        first = error
    try:
        await queue.get()
    except BaseException as error:
        queue.convert(error)
    try:
        await queue.get()
    except OSError:
        with suppress(CancelledError):
            await queue.close()
        raise
    if first is not None:
        raise first


async def sets_what_nobody_asks_for(queue):
    stopped = False
    while not stopped:
        try:
            await queue.get()
        except asyncio.CancelledError:  # expect: RG402
            stopped = True


async def raises_later(queue, lock):
    cancelled = False
    while not queue.empty():
        try:
            await lock.acquire()
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError


async def renamed(queue):
    try:
        await queue.get()
    except Stopped:  # expect: RG402
        print("stopped")


async def gives_it_back(task):
    try:
        await task
    except BaseException as error:
        return error
    return None


async def drains(task, stop):
    stop.cancel_all()
    with suppress(asyncio.CancelledError):
        await task


async def keeps_the_first(task, first, second):
    kept = None
    try:
        await first
    except asyncio.CancelledError as error:
        kept = error
        try:
            await second
        except asyncio.CancelledError:
            second.close()
    task.end(kept)


async def keeps_both(stream):
    try:
        return await stream.read()
    except BaseException as error:
        result = ("error", error)
    return result


async def hands_on(stream, make):
    try:
        return await stream.read()
    except BaseException as error:
        return make(exception=error)


async def waits_through(task):
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            continue


async def until_cancelled_and_goes_on(workers):
    try:
        await asyncio.sleep(float("inf"))
    except asyncio.CancelledError:
        workers.clear()
    await workers.join()


async def until_cancelled(workers):
    try:
        await trio.sleep_forever()
    except trio.Cancelled:
        workers.clear()


async def until_the_end(workers):
    try:
        await asyncio.sleep(float("inf"))
    except asyncio.CancelledError:
        workers.clear()


async def awaits_them(queue, task):
    await others(queue)
    await suppressed(queue)
    await cancelled_in_a_callback(task, queue)
    await renamed(queue)
