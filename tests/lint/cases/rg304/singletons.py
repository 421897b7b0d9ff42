import asyncio
import functools
import multiprocessing
import subprocess
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import regrow as rg

pool = ThreadPoolExecutor(max_workers=4)  # expect: RG304
system = rg.System([])  # expect: RG304
stock = system.ref("stock")  # expect: RG304
web = rg.System([])
app = web.asgi(print)
lock = threading.Lock()
names = list(map(str, [1, 2]))
scratch = ThreadPoolExecutor()
list(scratch.map(str, names))
del scratch
try:
    watcher: threading.Thread = threading.Thread(target=print)  # expect: RG304
except RuntimeError:
    watcher = None
_loop = None
_tasks = []


def loop():
    global _loop
    if _loop is None:
        _loop = asyncio.new_event_loop()  # expect: RG304
    return _loop


def begin():
    _tasks.append(asyncio.create_task(asyncio.sleep(1)))  # expect: RG304


def local():
    pool = ThreadPoolExecutor()
    with ThreadPoolExecutor() as other:
        return pool, other


class Resizer:
    workers = ProcessPoolExecutor()  # expect: RG304
    other = None

    def __init__(self):
        self.pool = ThreadPoolExecutor()

    @classmethod
    def get(cls):
        if cls.other is None:
            try:
                cls.other = multiprocessing.Pool(2)  # expect: RG304
            except OSError:
                cls.other = multiprocessing.Pool(1)
        return cls.other


@functools.lru_cache(maxsize=1)
def shared():
    return ThreadPoolExecutor()  # expect: RG304


@functools.cache
def server():
    made = subprocess.Popen(["server"])  # expect: RG304
    made.poll()
    return made


@functools.cache
def answer():
    pool = ThreadPoolExecutor()
    return pool.submit(len, "").result()


def main():
    global pool
    pool = ThreadPoolExecutor()


if __name__ == "__main__":
    other = ThreadPoolExecutor()
    main()
