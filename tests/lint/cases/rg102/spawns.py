import atexit
import functools
import concurrent.futures
import multiprocessing as mp
import os
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Thread


def work() -> None: ...


def dropped() -> None:
    threading.Thread(target=work).start()  # expect: RG102
    Thread(target=work, daemon=True).start()  # expect: RG102
    threading.Timer(3, work).start()  # expect: RG102
    mp.Process(target=work).start()  # expect: RG102
    os.fork()  # expect: RG102
    subprocess.Popen(["true"])


class Service:
    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(4)  # expect: RG102
        self.thread = Thread(target=work)  # expect: RG102

    def stop(self) -> None:
        self.pool.shutdown()


def owned(stack: ExitStack, loop) -> None:
    with concurrent.futures.ProcessPoolExecutor() as pool:
        pool.submit(work)
    other = stack.enter_context(ThreadPoolExecutor())
    other.submit(work)
    loop.set_default_executor(ThreadPoolExecutor())
    with mp.Pool(3) as many:
        many.map(work, [])


def joined() -> None:
    thread = Thread(target=work)
    thread.start()
    thread.join(3)
    threads = [Thread(target=work) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    more: list[Thread] = []
    for _ in range(3):
        single = Thread(target=work)
        single.start()
        more.append(single)
    for one in reversed(more):
        one.join()


def hands_over_one_of_them() -> Thread:
    thread = Thread(target=work)
    thread.start()
    threads = [Thread(target=work) for _ in range(3)]  # expect: RG102
    for one in threads:
        one.start()
    return thread


class Worker(Thread):
    def run(self) -> None: ...


def own() -> None:
    Worker().start()  # expect: RG102
    worker = Worker()
    worker.start()
    worker.join()


class Process:
    """Nobody's."""


Process()


def daemonize() -> None:
    if os.fork():
        os._exit(0)
    child = os.fork()
    if child:
        os._exit(0)
    os.setsid()
    child = os.fork()  # expect: RG102
    if child:
        return


def waits_for_its_child() -> None:
    if os.fork() == 0:
        os._exit(work())
    os.wait()


def waits_around(count) -> None:
    def start(number):
        return os.fork()

    children = [start(number) for number in range(count)]
    while children:
        children.remove(os.waitpid(-1, 0)[0])


def forgets_its_child() -> None:
    pid = os.fork()  # expect: RG102
    print(pid)


POOL = ThreadPoolExecutor()
atexit.register(POOL.shutdown)
OTHER = ThreadPoolExecutor()  # expect: RG102


class Runner:
    def __enter__(self):
        self.pool = ThreadPoolExecutor()
        self.forgotten = ThreadPoolExecutor()  # expect: RG102
        self.reader = Thread(target=work)
        return self

    def __exit__(self, *error) -> None:
        self.pool.shutdown()
        self.stop()

    def stop(self) -> None:
        self.reader.join()


def makes() -> Thread:
    return Thread(target=work)


def starts() -> Thread:
    reader = Thread(target=work)
    reader.start()
    return reader


def forks(terminal):
    pid = os.fork()
    if pid == 0:
        os.setsid()
    return pid, terminal


def starts_only() -> None:
    return Thread(target=work).start()  # expect: RG102


@functools.lru_cache
def shared_pool():
    return ThreadPoolExecutor()  # expect: RG102


class Keeper:
    def pool_of(self, key):
        pool = ThreadPoolExecutor()  # expect: RG102
        self.pools[key] = pool
        return pool

    def communicate(self):
        self.output = Thread(target=work)
        self.output.start()
        self.errors = Thread(target=work)  # expect: RG102
        self.errors.start()
        if self.failed:
            self.errors.join()
            raise OSError
        if self.output is not None:
            self.output.join()

    def restart(self):
        self.thread.join()
        self.thread = Thread(target=work)  # expect: RG102

    def executor_of(self, context):
        executor = ThreadPoolExecutor()
        self.by_context[context] = executor
        self.latest = ThreadPoolExecutor()
        self.others = ThreadPoolExecutor()  # expect: RG102


class Context:
    async def __aexit__(self, *error) -> None:
        executor = Keeper.by_context.pop(self, None)
        if executor:
            executor.shutdown()
        Keeper.latest.shutdown()
