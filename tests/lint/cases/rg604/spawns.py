# role: test
import asyncio
import threading
from asyncio import create_task


async def test_dropped(work):
    asyncio.create_task(work())  # expect: RG604
    create_task(work())  # expect: RG604
    asyncio.ensure_future(work())  # expect: RG604
    unread = create_task(work())  # expect: RG604


async def test_kept(work, jobs):
    kept = create_task(work())
    jobs.append(create_task(work()))
    await create_task(work())
    await kept
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work())


def test_threads(work):
    threading.Thread(target=work).start()  # expect: RG604
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


async def test_outer(work):
    shared = None

    async def begin():
        nonlocal shared
        shared = create_task(work())

    await begin()
    await shared


def test_refused(case):
    with case.assertRaises(TypeError):
        asyncio.ensure_future("ok")


def test_with_a_guard(threading_helper):
    with threading_helper.wait_threads_exit():
        threading.Thread(target=print).start()
