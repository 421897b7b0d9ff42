"""The fence of a simulated run: what reaches out is refused, named, placed; libraries get the run's own."""

# regrow: file-ignore[RG601, RG604] all of it is refused

# A lambda, so that the place is here and not within what is called.
# ruff: noqa: PLW0108

from __future__ import annotations

import asyncio
import datetime as dt
import email.utils
import logging
import os
import queue
import random
import re
import secrets
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from random import random as early_random
from time import time as early_time
from typing import Any, cast
from uuid import uuid4 as early_uuid4

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.errors import FenceBroken
from regrow.testing.sim.decorator import simulate
from regrow.testing.sim.explore import explore
from regrow.testing.sim.fence.install import fenced
from regrow.testing.sim.run import run_seed
from regrow.testing.sim.simulation import Simulation
from tests.testing.faults_kit import Counter, silent, tree

__all__ = ("silent",)

CLOCK = (
    "write asyncio.get_running_loop().time() for durations, hand the code a clock for dates (sim.wall), or"
    ' give it the run\'s own by rt.Fence(virtual=("clocks",))'
)
RANDOM = (
    "take numbers from sim.random, hand the code a random.Random(seed) or a maker of ids, or give it the"
    ' run\'s own by rt.Fence(virtual=("randomness",))'
)
SOCKET = "give the code a stand-in for what is at the other end, such as a process of the System"
THREAD = "use asyncio.to_thread, loop.run_in_executor or a blocking handler, which the simulation runs"
PROGRAM = "give the code a stand-in for the program"


def failure_of(body: Callable[[Simulation], object], fence: rt.Fence | None = None) -> BaseException | None:
    """How a run ends."""
    return run_seed(body, 0, fence=fence or rt.Fence()).failure  # type: ignore[arg-type]


def reaching(act: Callable[[], object]) -> BaseException | None:
    async def body(sim: Simulation) -> None:
        result = act()
        if asyncio.iscoroutine(result):
            await result

    return failure_of(body)


CLOCKS: dict[str, Callable[[], object]] = {
    "time.time()": lambda: time.time(),
    "time.time_ns()": lambda: time.time_ns(),
    "time.monotonic()": lambda: time.monotonic(),
    "time.monotonic_ns()": lambda: time.monotonic_ns(),
    "time.perf_counter()": lambda: time.perf_counter(),
    "time.process_time()": lambda: time.process_time(),
    "time.thread_time()": lambda: time.thread_time(),
    "time.clock_gettime()": lambda: time.clock_gettime(time.CLOCK_REALTIME),
    "time.localtime()": lambda: time.localtime(),
    "time.gmtime()": lambda: time.gmtime(None),
    "time.ctime()": lambda: time.ctime(),
    "time.asctime()": lambda: time.asctime(),
    "time.strftime()": lambda: time.strftime("%Y"),
    "datetime.now()": lambda: datetime.now(),  # noqa: DTZ005
    "datetime.utcnow()": lambda: dt.datetime.utcnow(),  # noqa: DTZ003
    "date.today()": lambda: date.today(),  # noqa: DTZ011
}
RANDOMNESS: dict[str, Callable[[], object]] = {
    "random.random()": lambda: random.random(),
    "random.choice()": lambda: random.choice([1, 2]),
    "random.shuffle()": lambda: random.shuffle([1, 2]),
    "random.seed()": lambda: random.seed(3),
    "random.Random() without a seed": lambda: random.Random(),
    "os.urandom()": lambda: os.urandom(4),
    "secrets.token_hex()": lambda: secrets.token_hex(),
    "secrets.choice()": lambda: secrets.choice([1, 2]),
    "uuid.uuid1()": lambda: uuid.uuid1(),
    "uuid.uuid4()": lambda: uuid.uuid4(),
}
SOCKETS: dict[str, Callable[[], object]] = {
    "a socket": lambda: socket.socket(),
    "socket.getaddrinfo()": lambda: socket.create_connection(("127.0.0.1", 9), timeout=1.0),
    "socket.gethostbyname()": lambda: socket.gethostbyname("localhost"),
}
THREADS: dict[str, Callable[[], object]] = {
    "threading.Thread.start()": lambda: threading.Thread(target=print).start(),
    "time.sleep() on the loop": lambda: time.sleep(1.0),  # noqa: TID251  # it is refused
}
PROGRAMS: dict[str, Callable[[], object]] = {
    "subprocess.Popen()": lambda: subprocess.run([sys.executable, "-c", ""], check=False),
    "os.fork()": lambda: os.fork(),
    "os.system()": lambda: os.system("true"),
}
REACHED = [
    (what, act, instead)
    for kind, instead in (
        (CLOCKS, CLOCK),
        (RANDOMNESS, RANDOM),
        (SOCKETS, SOCKET),
        (THREADS, THREAD),
        (PROGRAMS, PROGRAM),
    )
    for what, act in kind.items()
]


@pytest.mark.parametrize(("what", "act", "instead"), REACHED, ids=[one[0] for one in REACHED])
def test_whatever_reaches_out_is_refused_named_and_placed(
    what: str, act: Callable[[], object], instead: str
) -> None:
    error = reaching(act)
    assert isinstance(error, FenceBroken)
    assert (error.what, error.instead) == (what, instead)
    assert re.fullmatch(r"tests/testing/test_fence\.py:\d+ in <lambda>", error.where)
    assert str(error) == f"a simulated run used {what} at {error.where}, which no seed decides: {instead}"
    line = int(error.where.split(":")[1].split(" ")[0])
    assert line == act.__code__.co_firstlineno


@pytest.mark.parametrize(
    ("what", "act"),
    [
        ("time.time()", lambda: early_time()),
        ("random.random()", lambda: early_random()),
        ("uuid.uuid4()", lambda: early_uuid4()),
        ("os.urandom()", lambda: random.SystemRandom().random()),
        ("threading.Thread.start()", lambda: ThreadPoolExecutor().submit(print)),
        ("socket.socketpair()", lambda: socket.socketpair()),
    ],
)
def test_so_is_what_goes_by_other_names_or_through_a_library(what: str, act: Callable[[], object]) -> None:
    error = reaching(act)
    assert isinstance(error, FenceBroken)
    assert error.what == what
    assert error.where.startswith("tests/testing/test_fence.py:")


@pytest.mark.parametrize(
    "act",
    [
        lambda: asyncio.open_connection("127.0.0.1", 9),
        lambda: asyncio.create_subprocess_exec(sys.executable),
        lambda: asyncio.start_server(print, "127.0.0.1", 0),
    ],
)
def test_the_loop_has_no_sockets_and_no_programs(act: Callable[[], object]) -> None:
    error = reaching(act)
    assert isinstance(error, FenceBroken)
    assert error.what == "a socket, pipe or child process of the event loop"


@pytest.mark.parametrize(
    "act",
    [
        lambda: random.Random(3).random(),
        lambda: time.gmtime(0.0),
        lambda: time.strftime("%Y", time.gmtime(0.0)),
        lambda: datetime.fromtimestamp(0.0, dt.timezone.utc),  # noqa: UP017
        lambda: uuid.uuid5(uuid.NAMESPACE_DNS, "x"),
        lambda: uuid.UUID(int=3),
    ],
)
def test_what_is_decided_passes(act: Callable[[], object]) -> None:
    assert reaching(act) is None


# -- it fails the run --------------------------------------------------------------------------


def test_the_run_fails_though_somebody_catches_it() -> None:
    async def body(sim: Simulation) -> None:
        try:
            time.time()
        except AssertionError:
            sim.note("caught")

    error = failure_of(body)
    assert isinstance(error, FenceBroken)


def test_the_run_fails_though_a_supervisor_restarts_who_it_was() -> None:
    class Careless(rg.GenServer):
        @rg.call
        def now(self) -> float:
            return time.time()

    async def body(sim: Simulation) -> None:
        async with rg.System([rg.child(Careless, name="careless")]) as system:
            with pytest.raises(rg.errors.ProcessExited):
                await system.ref("careless", Careless).call(Careless.now(), timeout=1.0)

    error = failure_of(body)
    assert isinstance(error, FenceBroken)
    assert error.where.endswith(".Careless.now")


def test_on_a_thread_of_the_run_it_is_refused_too() -> None:
    async def body(sim: Simulation) -> None:
        await asyncio.to_thread(lambda: time.time())

    error = failure_of(body)
    assert isinstance(error, FenceBroken)


# -- libraries ---------------------------------------------------------------------------------


def test_libraries_get_the_clocks_of_the_run() -> None:
    async def body(sim: Simulation) -> None:
        assert logging.makeLogRecord({}).created == sim.wall() == 1_577_836_800.0
        await rt.pass_time(90.0)
        assert logging.makeLogRecord({}).created == 1_577_836_890.0
        assert email.utils.localtime().timestamp() == 1_577_836_890.0
        waiting: queue.Queue[int] = queue.Queue()
        with pytest.raises(queue.Empty):
            await asyncio.to_thread(waiting.get, timeout=10.0)
        assert sim.time == 100.0

    error = failure_of(body)
    assert error is None, error


def test_libraries_get_random_numbers_of_the_seed() -> None:
    made: list[str] = []

    async def body(sim: Simulation) -> None:
        made.append(email.utils.make_msgid(domain="here"))

    for seed in (1, 1, 2):
        assert run_seed(body, seed).failure is None
    assert made[0] == made[1] != made[2]


# -- what is let through -----------------------------------------------------------------------


def test_code_may_be_given_the_clocks_of_the_run() -> None:
    async def body(sim: Simulation) -> None:
        await rt.pass_time(3.5)
        sim.jump_wall(100.0)
        wall = 1_577_836_903.5
        assert time.time() == early_time() == sim.wall() == wall
        assert time.time_ns() == round(wall * 1e9)
        assert time.monotonic() == time.perf_counter() == time.process_time() == 3.5
        assert time.monotonic_ns() == 3_500_000_000
        assert time.clock_gettime(time.CLOCK_REALTIME) == wall
        assert time.clock_gettime(time.CLOCK_MONOTONIC) == 3.5
        utc = dt.timezone.utc  # noqa: UP017
        assert datetime.now(utc) == datetime.fromtimestamp(wall, utc)
        assert datetime.now(tz=utc) == dt.datetime.now(utc)
        assert datetime.now().timestamp() == wall  # noqa: DTZ005
        assert date.today() == date.fromtimestamp(wall)  # noqa: DTZ011, DTZ012
        assert time.gmtime() == time.gmtime(wall)
        assert time.strftime("%Y-%m", time.gmtime()) == "2020-01"
        assert time.strftime("%Y") == time.strftime("%Y", time.localtime(wall))
        assert time.ctime() == time.ctime(wall)

    error = failure_of(body, rt.Fence(virtual=("clocks",)))
    assert error is None, error


def test_code_may_be_given_random_numbers_of_the_seed() -> None:
    made: list[list[object]] = []

    async def body(sim: Simulation) -> None:
        ids = [uuid.uuid4(), uuid.uuid1()]
        assert [(one.version, one.variant) for one in ids] == [(4, uuid.RFC_4122), (1, uuid.RFC_4122)]
        items = [1, 2, 3, 4]
        random.shuffle(items)
        made.append([*ids, *items, random.random(), early_random(), random.Random().random()])
        made[-1] += [os.urandom(8), secrets.token_hex(4), secrets.randbelow(1000), secrets.token_bytes()]

    for seed in (1, 1, 2):
        assert run_seed(body, seed, fence=rt.Fence(virtual=("randomness",))).failure is None
    assert made[0] == made[1]
    assert all(one != other for one, other in zip(made[0][:2], made[2][:2], strict=True))


def test_something_real_may_be_allowed_with_a_reason() -> None:
    started = time.time()

    async def body(sim: Simulation) -> None:
        assert started <= time.time() < started + 60
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        with socket.socket():
            pass

    fence = rt.Fence(allow=("clocks", "threads", "sockets"), reason="the test of the fence itself")
    assert failure_of(body, fence) is None


def test_a_block_may_open_the_fence() -> None:
    async def body(sim: Simulation) -> None:
        with sim.fence(allow=("randomness",), reason="nobody looks at it"):
            random.random()
            with sim.fence(virtual=("clocks",)):
                assert time.time() == sim.wall()
                random.random()
        with pytest.raises(FenceBroken, match=r"used random\.random\(\)"):
            random.random()

    error = failure_of(body)
    assert isinstance(error, FenceBroken)
    assert error.what == "random.random()"


def test_many_runs_have_the_fence_that_their_test_says() -> None:
    async def body(sim: Simulation) -> None:
        assert time.time() == sim.wall()

    assert not explore(body, seeds=3, fence=rt.Fence(virtual=("clocks",))).failures
    (failed,) = explore(body, seeds=3).failures
    assert isinstance(failed.failure, FenceBroken)

    @simulate(seeds=3, fence=rt.Fence(virtual=("clocks",)))
    async def test(sim: Simulation) -> None:
        await body(sim)

    test()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: rt.Fence(allow=("clocks",)), "Fence(reason='') can't be used: reason has to be said where"),
        (lambda: rt.Fence(allow=("clocks",), reason=" "), "reason has to be said where something is allowed"),
        (
            lambda: rt.Fence(allow=cast("Any", ("files",)), reason="x"),
            "allow has to be a tuple of some of 'clocks', 'rand",
        ),
        (
            lambda: rt.Fence(virtual=cast("Any", ("sockets",))),
            "virtual has to be a tuple of some of 'clocks', 'randomness'",
        ),
        (lambda: rt.Fence(virtual=cast("Any", "clocks")), "virtual has to be a tuple of some of"),
    ],
)
def test_bad_openings_say_what_is_allowed(make: Callable[[], object], text: str) -> None:
    with pytest.raises(rg.errors.BadFault) as caught:
        make()
    assert text in str(caught.value)


# -- it is taken down --------------------------------------------------------------------------


def posts() -> list[object]:
    """What the fence changes."""
    found = [getattr(time, name) for name in ("time", "monotonic", "sleep", "localtime")]
    found += [getattr(random, name) for name in ("random", "seed", "_urandom")]
    found += [os.urandom, uuid.uuid4, secrets.choice, random.Random.seed, threading.Thread.start]
    found += [threading.Condition.wait, early_time, early_random, early_uuid4]
    return [*found, vars(datetime)["now"], vars(datetime)["utcnow"], vars(date)["today"]]


def test_everything_is_as_it_was_afterwards() -> None:
    before = posts()
    modules = {**vars(threading)}, {**vars(queue)}

    async def body(sim: Simulation) -> None:
        assert not [one for one, other in zip(before, posts(), strict=True) if one is other]
        raise LookupError

    for _ in range(2):
        assert isinstance(failure_of(body), LookupError)
        assert [one is other for one, other in zip(before, posts(), strict=True)] == [True] * len(before)
        assert modules == ({**vars(threading)}, {**vars(queue)})
    assert abs(datetime.now().timestamp() - time.time()) < 60  # noqa: DTZ005


def test_what_somebody_else_has_changed_meanwhile_stays() -> None:
    before = time.ctime

    def other() -> str:
        return "now"

    try:
        with fenced():
            time.ctime = other  # type: ignore[assignment]
        assert time.ctime is other
    finally:
        time.ctime = before


def test_between_runs_and_on_other_threads_nobody_is_kept_in() -> None:
    with fenced():
        assert time.time() > 1_600_000_000
        assert random.random() < 1
        assert datetime.now(dt.timezone.utc).year > 2020  # noqa: UP017

    go, done = threading.Event(), threading.Event()
    seen: list[float] = []

    def look() -> None:
        go.wait(60.0)
        seen.append(time.time())
        done.set()

    thread = threading.Thread(target=look)
    thread.start()

    async def body(sim: Simulation) -> None:
        go.set()
        done.wait(60.0)

    assert failure_of(body) is None
    thread.join()
    assert seen[0] > 1_600_000_000


def test_regrow_itself_needs_no_opening() -> None:
    async def body(sim: Simulation) -> None:
        async with tree("one") as system:
            one = system.ref("one", Counter)
            assert await one.call(Counter.add_on_thread(), timeout=1.0) == 1
            pid = one.whereis()
            assert pid is not None
            await rg.supervised_send(pid, Counter.bump(), timeout=1.0)
            pid.exit("enough")

    assert run_seed(body, 0, logs=True).failure is None
