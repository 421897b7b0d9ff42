"""`rg.CircuitBreaker` around calls of one's own: functions, blocks, threads, errors."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

import regrow as rg
from regrow.testing import run_virtual
from tests.runtime.kit import Clock, pause, play

QUICK = rg.BreakerSettings(minimum_calls=2, open_seconds=5.0, success_threshold=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> rg.CircuitBreaker:
    return rg.CircuitBreaker("db", settings=QUICK, clock=clock)


def fail(error: BaseException) -> None:
    raise error


def trip(breaker: rg.CircuitBreaker) -> None:
    for _ in range(2):
        with pytest.raises(OSError, match="down"), breaker:
            fail(OSError("down"))
    assert breaker.state == "open"


# -- what counts ---------------------------------------------------------------------------------


def test_a_function_runs_as_it_is(breaker: rg.CircuitBreaker) -> None:
    @breaker
    def add(one: int, *, other: int = 2) -> int:
        """Adds."""
        return one + other

    assert add(1) + add(1, other=4) == 8
    assert (add.__name__, add.__doc__) == ("add", "Adds.")
    assert str(inspect.signature(add)) == "(one: 'int', *, other: 'int' = 2) -> 'int'"


def test_failures_open_it_and_then_nothing_is_run(breaker: rg.CircuitBreaker, clock: Clock) -> None:
    ran: list[float] = []

    @breaker
    def query() -> None:
        ran.append(clock.now)
        raise OSError("down")

    for _ in range(2):
        with pytest.raises(OSError, match="down"):
            query()
    clock.now = 1.0
    with pytest.raises(
        rg.errors.CircuitOpen, match=r"circuit 'db' has been open \(2 of 2 calls failed\) for 1 s"
    ):
        query()
    assert ran == [0.0, 0.0]


def test_half_open_a_good_call_closes_it_and_a_bad_one_does_not(
    breaker: rg.CircuitBreaker, clock: Clock
) -> None:
    trip(breaker)
    clock.now = 5.0
    with pytest.raises(OSError, match="still"), breaker:
        fail(OSError("still"))
    assert breaker.state == "open"
    clock.now = 10.0
    with breaker:
        assert breaker.state == "half_open"
        with pytest.raises(rg.errors.CircuitOpen, match="its probes are under way"), breaker:
            pass
    assert breaker.state == "closed"


def test_exceptions_that_are_not_named_are_answers() -> None:
    breaker = rg.CircuitBreaker(
        "db", settings=rg.BreakerSettings(minimum_calls=1, failures=(OSError, KeyError))
    )
    with pytest.raises(ValueError, match="no such row"), breaker:
        fail(ValueError("no such row"))
    assert breaker.state == "closed"
    with pytest.raises(ConnectionError), breaker:
        fail(ConnectionError())  # a subclass of one that is
    assert breaker.state == "open"


def test_returned_values_are_failures_only_if_somebody_says_so() -> None:
    def answer(status: int) -> int:
        return status

    plain = rg.CircuitBreaker("api", settings=QUICK)
    judged = rg.CircuitBreaker("api", settings=QUICK, failed=lambda status: status >= 500)
    for breaker in (plain, judged):
        assert [breaker(answer)(500), breaker(answer)(503)] == [500, 503]
    assert (plain.state, judged.state) == ("closed", "open")


def test_returned_values_of_async_functions_too() -> None:
    breaker = rg.CircuitBreaker("api", settings=QUICK, failed=lambda answer: answer is None)

    @breaker
    async def ask() -> str | None:
        return None

    async def main() -> None:
        assert [await ask(), await ask()] == [None, None]
        with pytest.raises(rg.errors.CircuitOpen):
            await ask()

    run_virtual(main())
    assert inspect.iscoroutinefunction(ask)


def test_slow_calls_open_it() -> None:
    breaker = rg.CircuitBreaker("api", settings=rg.BreakerSettings(minimum_calls=3, slow_seconds=2.0))

    @breaker
    async def ask() -> str:
        await pause(2.0)
        return "at last"

    async def main() -> list[str]:
        return [await ask() for _ in range(3)]

    assert run_virtual(main()) == ["at last"] * 3
    assert breaker.state == "open"


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError])
def test_what_is_no_exception_counts_as_neither(
    breaker: rg.CircuitBreaker, error: type[BaseException]
) -> None:
    for _ in range(10):
        with pytest.raises(error), breaker:
            fail(error())
    assert breaker.state == "closed"
    trip(breaker)  # nor do they hide what failed


def test_a_cancelled_probe_frees_its_place() -> None:
    async def main() -> None:
        breaker = rg.CircuitBreaker("db", settings=QUICK)
        trip(breaker)
        await pause(5.0)

        @breaker
        async def hang() -> None:
            await pause(3600)

        probe = asyncio.create_task(hang())
        await pause(0)
        with pytest.raises(rg.errors.CircuitOpen, match="probes are under way"):
            await hang()
        probe.cancel()
        with pytest.raises(asyncio.CancelledError):
            await probe
        async with breaker:
            pass
        assert breaker.state == "closed"

    run_virtual(main())


def test_a_timeout_inside_the_function_is_a_failure() -> None:
    breaker = rg.CircuitBreaker("db", settings=rg.BreakerSettings(minimum_calls=1))

    @breaker
    async def ask() -> None:
        async with asyncio.timeout(1.0):
            await pause(3600)

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await ask()

    run_virtual(main())
    assert breaker.state == "open"


# -- blocks --------------------------------------------------------------------------------------


def test_blocks_of_many_tasks_do_not_mix() -> None:
    async def main() -> None:
        breaker = rg.CircuitBreaker("db", settings=rg.BreakerSettings(minimum_calls=2, slow_seconds=5.0))

        async def block() -> None:
            async with breaker:
                await pause(4.0)

        async with asyncio.TaskGroup() as group:
            group.create_task(block())
            await pause(3.0)
            group.create_task(block())  # from the first's beginning to this one's end it is 7 s
        assert breaker.state == "closed"

    run_virtual(main())


def test_a_block_inside_a_block_of_the_same(breaker: rg.CircuitBreaker) -> None:
    with breaker as outer, pytest.raises(OSError, match="inner"), breaker:
        fail(OSError("inner"))
    assert outer is breaker
    assert breaker.state == "closed"  # one failure among two calls would do, but a good one opens nothing


# -- threads -------------------------------------------------------------------------------------


def test_threads_lose_no_call(clock: Clock) -> None:
    breaker = rg.CircuitBreaker("db", settings=rg.BreakerSettings(minimum_calls=4001), clock=clock)
    start = threading.Barrier(4)

    @breaker
    def query() -> None:
        raise OSError

    def many() -> None:
        start.wait(10)
        for _ in range(1000):
            with pytest.raises(OSError):  # noqa: PT011  # it is bare
                query()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(many) for _ in range(4)]:
            done.result(20)
    assert breaker.state == "closed"
    with pytest.raises(OSError):  # noqa: PT011
        query()
    assert breaker.state == "open"


def test_only_one_thread_gets_the_probe(breaker: rg.CircuitBreaker, clock: Clock) -> None:
    trip(breaker)
    clock.now = 5.0
    start, over = threading.Barrier(8), threading.Barrier(8)

    def attempt() -> bool:
        start.wait(10)
        try:
            with breaker:
                over.wait(10)
                return True
        except rg.errors.CircuitOpen:
            over.wait(10)
            return False

    with ThreadPoolExecutor(8) as pool:
        got = [done.result(20) for done in [pool.submit(attempt) for _ in range(8)]]
    assert got.count(True) == 1
    assert breaker.state == "closed"


# -- in a System ---------------------------------------------------------------------------------


class Client(rg.GenServer):
    def init(self, breaker: rg.CircuitBreaker) -> None:
        self.breaker = breaker

    @rg.call(raises=(OSError,))
    def query(self) -> None:
        with self.breaker:
            raise OSError("down")

    @rg.call(blocking=True, raises=(OSError,))
    def query_in_thread(self) -> None:
        with self.breaker:
            raise OSError("down")


@pytest.mark.parametrize("message", [Client.query(), Client.query_in_thread()], ids=["def", "blocking"])
def test_in_a_process_it_goes_by_the_systems_time_and_its_events(
    message: rg.types.CallMessage[Client, None],
) -> None:
    async def body(system: rg.System) -> None:
        told: list[rg.events.Event] = []
        system.events.subscribe("breaker", told.append)
        await pause(100.0)
        for _ in range(2):
            with pytest.raises(OSError, match="down"):
                await system.ref("client", Client).call(message, timeout=1.0)
        with pytest.raises(rg.errors.ProcessExited):
            await system.ref("client", Client).call(message, timeout=1.0)
        await system.idle()
        assert told == [
            rg.events.BreakerOpened(
                at=100.0, breaker="db", cause="failures", calls=2, failed=2, slow=0, retry_at=105.0
            )
        ]

    breaker = rg.CircuitBreaker("db", settings=QUICK)
    play(body, rg.child(Client, name="client", args=(breaker,)), hand_off=True)


def test_the_guarded_code_runs_in_its_caller(breaker: rg.CircuitBreaker) -> None:
    """A slow call holds up nobody else's, and the caller's context and process are its own."""

    async def body(system: rg.System) -> None:
        @breaker
        async def who(seconds: float) -> object:
            await pause(seconds)
            return rg.current()

        async def ask(seconds: float, found: asyncio.Future[object]) -> None:
            found.set_result(await who(seconds))

        loop = asyncio.get_running_loop()
        slow: asyncio.Future[object] = loop.create_future()
        quick: asyncio.Future[object] = loop.create_future()
        hanging = system.spawn(ask, 3600.0, slow)
        asking = system.spawn(ask, 0.0, quick)
        assert await quick is asking
        assert not slow.done()
        assert await slow is hanging

    play(body, hand_off=True)


# -- by hand -------------------------------------------------------------------------------------


def test_it_is_opened_closed_and_configured_by_hand(breaker: rg.CircuitBreaker, clock: Clock) -> None:
    breaker.force_open()
    clock.now = 1e6
    with pytest.raises(rg.errors.CircuitOpen, match="stays so until reset"), breaker:
        pass
    breaker.reset()
    with breaker:
        pass
    breaker.configure(rg.BreakerSettings(minimum_calls=1, failure_rate=0.1, failures=(KeyError,)))
    with pytest.raises(OSError, match="no failure now"), breaker:
        fail(OSError("no failure now"))
    assert breaker.state == "closed"
    with pytest.raises(KeyError), breaker:
        fail(KeyError())
    assert (breaker.state, breaker.settings.minimum_calls) == ("open", 1)
    assert repr(breaker) == "<CircuitBreaker 'db' open>"


# -- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "options"),
    [
        ("name", {"name": ""}),
        ("name", {"name": 3}),
        ("settings", {"settings": {"probes": 1}}),
        ("failed", {"failed": True}),
        ("clock", {"clock": 0.0}),
    ],
)
def test_bad_options(option: str, options: dict[str, object]) -> None:
    with pytest.raises(rg.errors.BadSetting, match=rf"^CircuitBreaker\({option}="):
        rg.CircuitBreaker(**({"name": "db"} | options))  # type: ignore[arg-type]


def test_bad_settings_later(breaker: rg.CircuitBreaker) -> None:
    with pytest.raises(rg.errors.BadSetting, match=r"^CircuitBreaker\(settings=None"):
        breaker.configure(None)  # type: ignore[arg-type]


def generator() -> Iterator[int]:
    yield 1


async def async_generator() -> AsyncIterator[int]:
    yield 1


class Callable:
    async def __call__(self) -> None:
        raise OSError


@pytest.mark.parametrize(
    "value",
    [generator, async_generator, functools.partial(generator), Callable, Callable(), staticmethod(fail), 3],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_plain_function_is_refused(breaker: rg.CircuitBreaker, value: object) -> None:
    with pytest.raises(rg.errors.NotGuardable, match=r"def or async def function") as caught:
        breaker(cast("Any", value))
    assert caught.value.value is value


def test_a_def_function_that_returns_a_coroutine_is_refused(breaker: rg.CircuitBreaker) -> None:
    """It would be counted as a success before it has begun."""

    async def ask(question: str) -> None:
        raise OSError(question)

    with pytest.raises(rg.errors.NotGuardable):
        _ = breaker(lambda: ask("?"))()


def test_methods_and_partials_of_async_functions_are_fine(breaker: rg.CircuitBreaker) -> None:
    async def main() -> None:
        for function in (Callable().__call__, functools.partial(Callable.__call__, Callable())):
            with pytest.raises(OSError):  # noqa: PT011  # it is bare
                await breaker(function)()

    run_virtual(main())
    assert breaker.state == "open"
