"""The watchdog: who holds the loop, and how little it does while nobody does."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.core.events import Event, LoopStalled
from regrow.runtime.watchdog import Watchdog
from tests.runtime.kit import Clock, play

STALL = 0.1


class Loop:
    """A loop that does what a test says."""

    def __init__(self) -> None:
        self.parked = True
        self.running = False
        self.outside = False
        self.answers: list[Callable[[], None]] = []
        self.reports: list[float] = []
        self.whole: list[float] = []

    def park(self) -> bool:
        before, self.parked = self.parked, True
        return before

    def runs(self) -> bool:
        return self.running

    def waits(self) -> bool:
        return self.outside

    def ask(self, answer: Callable[[], None]) -> None:
        self.answers.append(answer)

    def held(self, seconds: float) -> Callable[[float], None]:
        self.reports.append(seconds)
        return self.whole.append


class Bell:
    """Takes down how long the thread sleeps; the watchdog is closed after so many times, or when it parks."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.sleeps: list[float | None] = []
        self.rung = 0
        self.close: Callable[[], None] = lambda: None

    def set(self) -> None:
        self.rung += 1

    def clear(self) -> None:
        pass

    def wait(self, timeout: float | None = None) -> bool:
        self.sleeps.append(timeout)
        self.left -= 1
        if self.left == 0 or timeout is None:
            self.close()
        return True


def watch(loop: Loop, *, times: int = 100) -> tuple[Watchdog, Bell, Clock]:
    bell, clock = Bell(times), Clock()
    watchdog = Watchdog(loop, stall=STALL, clock=clock, bell=bell)
    bell.close = watchdog.close
    return watchdog, bell, clock


def test_a_loop_that_nobody_uses_is_looked_at_no_more() -> None:
    loop = Loop()
    loop.parked = False  # it has just been used
    watchdog, bell, _ = watch(loop)
    watchdog.run()
    assert bell.sleeps == [STALL / 2, None]
    assert loop.answers == []  # and it was not woken to find out


def test_use_rings_the_bell_once_and_only_while_the_thread_sleeps() -> None:
    watchdog, bell, _ = watch(Loop())
    watchdog.used()
    assert bell.rung == 0
    assert watchdog.look() is None
    watchdog.used()
    watchdog.used()
    assert bell.rung == 1


def test_use_between_two_looks_keeps_it_awake() -> None:
    loop = Loop()
    watchdog, _, _ = watch(loop)
    for _ in range(3):
        loop.parked = False
        assert watchdog.look() == STALL / 2
    assert watchdog.look() is None


def test_while_a_handler_waits_for_the_world_it_looks_ever_less_often() -> None:
    loop = Loop()
    loop.outside = True
    watchdog, bell, _ = watch(loop, times=8)
    watchdog.run()
    assert bell.sleeps == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0, 1.0]
    assert loop.answers == []


def test_a_loop_that_answers_in_time_is_not_reported() -> None:
    loop = Loop()
    loop.running = True
    watchdog, _, clock = watch(loop)
    for _ in range(5):
        watchdog.look()
        clock.now += STALL * 0.9
        watchdog.look()
        loop.answers.pop()()
    assert loop.reports == []


def test_a_stall_is_reported_once_while_it_lasts_and_once_at_its_end() -> None:
    loop = Loop()
    loop.running = True
    watchdog, _, clock = watch(loop)
    watchdog.look()
    clock.now = STALL / 2
    watchdog.look()
    assert loop.reports == []
    clock.now = STALL
    watchdog.look()
    clock.now = STALL * 3
    watchdog.look()
    assert loop.reports == [STALL]
    assert loop.whole == []
    loop.answers.pop()()
    loop.running = False
    watchdog.look()
    assert loop.whole == []  # subscribers are told on the loop
    loop.answers.pop()()
    assert loop.whole == [STALL * 3]
    watchdog.look()
    assert loop.answers == []
    assert loop.reports == [STALL]


def test_an_answer_while_the_report_is_being_made_is_not_lost() -> None:
    loop = Loop()
    loop.running = True
    watchdog, _, clock = watch(loop)
    report = loop.held

    def held(seconds: float) -> Callable[[float], None]:
        loop.answers.pop()()
        return report(seconds)

    loop.held = held  # type: ignore[method-assign]
    watchdog.look()
    clock.now = STALL * 2
    watchdog.look()
    loop.running = False
    watchdog.look()
    loop.answers.pop()()
    assert loop.whole == [STALL * 2]


# -- the real thread ---------------------------------------------------------------------------


class Told(logging.Handler):
    """Sets `event` at the first record: what a handler that holds the loop waits for."""

    def __init__(self) -> None:
        super().__init__()
        self.event = threading.Event()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
        self.event.set()  # noqa: RG501  # who holds the loop can ask nobody


@pytest.fixture
def told() -> Iterator[Told]:
    handler = Told()
    logger = logging.getLogger("regrow.watchdog")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


class Holder(rg.GenServer):
    def init(self, told: Told) -> None:
        self.told = told

    @rg.call
    def hold(self) -> bool:
        return hold_the_loop(self.told)

    @rg.call
    async def hold_async(self) -> bool:
        return hold_the_loop(self.told)


class Idle(rg.GenServer):
    @rg.call
    async def nothing(self) -> None:
        pass


def hold_the_loop(told: Told) -> bool:
    return told.event.wait(10)


# Not less: on a busy machine the start of the thread itself holds the loop for milliseconds.
QUICK = rg.Settings(stall_seconds=0.05)


@pytest.mark.parametrize(("message", "name"), [(Holder.hold(), "hold"), (Holder.hold_async(), "hold_async")])
def test_it_names_process_and_handler_and_shows_the_stack(
    message: Any, name: str, told: Told, hand_off: bool
) -> None:
    seen: list[Event] = []

    async def body(system: rg.System) -> None:
        system.events.subscribe("loop", seen.append)
        assert await system.ref("holder", Holder).call(message, timeout=5.0)
        await rt.wait_for(lambda: seen, timeout=5.0)

    play(
        body,
        rg.child(Holder, name="holder", args=(told,)),
        hand_off=hand_off,
        settings=QUICK,
        threads=True,
        ports=rg.Ports(),
    )
    record = told.records[0]
    assert f"Holder.{name}" in record.getMessage()
    assert "'holder'" in record.getMessage()
    assert "in hold_the_loop" in record.getMessage()
    (event,) = seen
    assert isinstance(event, LoopStalled)
    assert f"Holder.{name}" in event.holder
    assert event.seconds >= QUICK.stall_seconds
    assert any("in hold_the_loop" in line for line in event.stack)


def test_it_watches_a_turn_before_its_first_handler_too(told: Told, hand_off: bool) -> None:
    waited: list[bool] = []

    def chooser(queue: Sequence[object]) -> int:
        waited.append(told.event.is_set() or hold_the_loop(told))
        return 0

    async def body(system: rg.System) -> None:
        await system.ref("counter", Idle).call(Idle.nothing(), timeout=5.0)

    ports = rg.Ports(chooser=chooser)
    play(body, rg.child(Idle, name="counter"), hand_off=hand_off, settings=QUICK, ports=ports)
    assert waited
    assert all(waited)
    assert "a callback of the loop has held the loop" in told.records[0].getMessage()


def test_it_names_a_plain_process_and_a_task_of_one(told: Told, hand_off: bool) -> None:
    async def in_task() -> None:
        task = asyncio.create_task(hold())
        task.set_name("helper")
        await task

    async def hold() -> None:
        assert hold_the_loop(told)
        told.event.clear()

    async def body(system: rg.System) -> list[str]:
        for function, name in ((hold, "plain"), (in_task, "parent")):
            assert await system.spawn(function, name=name).down(timeout=5.0) is rg.NORMAL
        return [record.getMessage() for record in told.records]

    plain, helper = play(body, hand_off=hand_off, settings=QUICK, ports=rg.Ports())
    assert "'plain'> has held the loop" in plain
    assert "task 'helper' of <" in helper
    assert "'parent'> has held the loop" in helper


def watchdogs() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "regrow-watchdog"]


def test_its_thread_ends_with_the_system(hand_off: bool) -> None:
    before = watchdogs()

    async def body(system: rg.System) -> threading.Thread:
        await rg.sync(system.root)  # it is made when the loop is first used
        (mine,) = (thread for thread in watchdogs() if thread not in before)
        return mine

    mine = play(body, hand_off=hand_off, ports=rg.Ports())
    mine.join(5)
    assert not mine.is_alive()


def test_it_can_be_switched_off(hand_off: bool) -> None:
    before = watchdogs()

    async def body(system: rg.System) -> list[threading.Thread]:
        await rg.sync(system.root)
        return [thread for thread in watchdogs() if thread not in before]

    assert play(body, hand_off=hand_off, settings=rg.Settings(watchdog=False), ports=rg.Ports()) == []
