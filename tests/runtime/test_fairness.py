"""Fairness: however busy processes are, everything else on the loop gets its turn."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

import regrow as rg
from tests.runtime.kit import Clock, pause, play, start

MILLISECOND = 0.001
PROCESSES = 16
ROUNDS = 40


class LogClock(Clock):
    """Knows who worked, in order, and rings when so many have."""

    def __init__(self, rings_at: int = 0) -> None:
        super().__init__()
        self.workers: list[object] = []
        self.rung = asyncio.Event()
        self._rings_at = rings_at

    def worked(self, pid: object) -> None:
        self.workers.append(pid)
        if len(self.workers) == self._rings_at:
            self.rung.set()


class Busy(rg.GenServer):
    """Each handler takes a millisecond of a clock that only handlers move."""

    def init(self, clock: Clock) -> None:
        self.clock = clock
        self.done = 0

    def _work(self) -> None:
        self.clock.now += MILLISECOND
        self.done += 1
        if isinstance(self.clock, LogClock):
            self.clock.worked(self.pid)

    @rg.cast
    def work(self) -> None:
        self._work()

    @rg.cast
    async def work_async(self) -> None:
        self._work()

    @rg.cast
    async def work_in_steps(self) -> None:
        self._work()
        await pause(0)

    @rg.call
    def ask(self) -> int:
        self._work()
        return self.done

    @rg.call
    async def ask_async(self) -> int:
        self._work()
        return self.done

    @rg.cast
    def again(self) -> None:
        """Never out of work, until told."""
        self._work()
        if self.done < ROUNDS:
            self.pid.cast(Busy.again())

    @rg.cast
    async def again_async(self) -> None:
        self._work()
        if self.done < ROUNDS:
            self.pid.cast(Busy.again_async())

    def handle_info(self, message: object) -> None:
        self._work()

    def terminate(self, reason: rg.ExitReason) -> None:
        self._work()


class Heartbeat:
    """Runs once per pass of the loop, and notes how long each pass took on the clock."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.gaps: list[float] = []
        self.running = True
        self._last = clock.now

    def start(self) -> None:
        self._last = self.clock.now
        asyncio.get_running_loop().call_soon(self._beat)

    def _beat(self) -> None:
        self.gaps.append(self.clock.now - self._last)
        self._last = self.clock.now
        if self.running:
            asyncio.get_running_loop().call_soon(self._beat)


async def send_casts(pids: list[rg.Pid[Busy]], message: object) -> None:
    for pid in pids:
        for _ in range(ROUNDS):
            pid.cast(message)  # type: ignore[arg-type]


async def send_one(pids: list[rg.Pid[Busy]], message: object) -> None:
    for pid in pids:
        pid.cast(message)  # type: ignore[arg-type]


async def send_infos(pids: list[rg.Pid[Busy]], message: object) -> None:
    for pid in pids:
        for _ in range(ROUNDS):
            pid.send(message)


async def send_calls(pids: list[rg.Pid[Busy]], message: object) -> None:
    async def client(pid: rg.Pid[Busy]) -> None:
        for _ in range(ROUNDS):
            await pid.call(message, timeout=50.0)  # type: ignore[arg-type]

    await asyncio.gather(*(client(pid) for pid in pids))


async def send_rounds(pids: list[rg.Pid[Busy]], message: object) -> None:
    """Wake all at once, again and again: each finds its task warm."""
    for _ in range(ROUNDS):
        for pid in pids:
            pid.cast(message)  # type: ignore[arg-type]
        await asyncio.gather(*(rg.sync(pid) for pid in pids))


async def mixed(pids: list[rg.Pid[Busy]], _: object) -> None:
    for n, pid in enumerate(pids):
        for _ in range(ROUNDS):
            pid.cast(Busy.work() if n % 2 else Busy.work_async())


LOADS: dict[str, tuple[Callable[[list[rg.Pid[Busy]], object], Awaitable[None]], object]] = {
    "casts": (send_casts, Busy.work()),
    "async casts": (send_casts, Busy.work_async()),
    "async casts in steps": (send_casts, Busy.work_in_steps()),
    "infos": (send_infos, "info"),
    "calls": (send_calls, Busy.ask()),
    "async calls": (send_calls, Busy.ask_async()),
    "rounds": (send_rounds, Busy.work()),
    "async rounds": (send_rounds, Busy.work_async()),
    "self-casts": (send_one, Busy.again()),
    "async self-casts": (send_one, Busy.again_async()),
    "mixed": (mixed, None),
}


async def start_all(system: rg.System, clock: Clock) -> list[rg.Pid[Busy]]:
    return [await start(system, Busy, id=str(n), args=(clock,)) for n in range(PROCESSES)]


@pytest.mark.parametrize("load", list(LOADS))
def test_busy_processes_never_hold_the_loop_over_ten_milliseconds(hand_off: bool, load: str) -> None:
    clock = LogClock(PROCESSES * ROUNDS)
    send, message = LOADS[load]

    async def body(system: rg.System) -> None:
        pids = await start_all(system, clock)
        heart = Heartbeat(clock)
        heart.start()
        await send(pids, message)
        for pid in pids:
            await rg.sync(pid, timeout=100.0)
        await clock.rung.wait()
        assert Counter(clock.workers) == dict.fromkeys(pids, ROUNDS)
        heart.running = False
        assert sum(heart.gaps) >= PROCESSES * ROUNDS * MILLISECOND * 0.9
        assert max(heart.gaps) <= 0.010 + 1e-9

    play(body, hand_off=hand_off, ports=rg.Ports(monotonic=clock))


def test_nobody_starves_among_busy_processes(hand_off: bool) -> None:
    """At half time each process has done about as much as the others of its colour."""
    clock = LogClock(PROCESSES * ROUNDS // 2)

    async def body(system: rg.System) -> None:
        pids = await start_all(system, clock)
        for n, pid in enumerate(pids):
            pid.cast(Busy.again() if n % 2 else Busy.again_async())
        await clock.rung.wait()
        done = Counter(clock.workers)
        defs, asyncs = [done[pid] for pid in pids[1::2]], [done[pid] for pid in pids[::2]]
        assert 3 <= max(defs) <= 2 * min(defs)
        assert 3 <= max(asyncs) <= 2 * min(asyncs)

    play(body, hand_off=hand_off, ports=rg.Ports(monotonic=clock))


def test_long_messages_of_one_process_do_not_keep_others_waiting_for_a_turn(hand_off: bool) -> None:
    """Two that have long messages take turns message by message, within one turn."""
    clock = LogClock()

    async def body(system: rg.System) -> None:
        pids = [await start(system, Busy, id=str(n), args=(clock,)) for n in range(2)]
        for pid in pids:
            for _ in range(ROUNDS):
                pid.cast(Busy.work())
        for pid in pids:
            await rg.sync(pid, timeout=100.0)
        assert clock.workers == pids * ROUNDS

    play(body, hand_off=hand_off, ports=rg.Ports(monotonic=clock))


def test_many_deaths_at_once_do_not_hold_the_loop(hand_off: bool) -> None:
    clock = Clock()

    class Leaves(Busy):
        @rg.cast
        def leave(self) -> None:
            self.stop()

    async def leave(system: rg.System) -> None:
        pids = [
            await start(system, Leaves, id=str(n), args=(clock,), restart="temporary") for n in range(100)
        ]
        heart = Heartbeat(clock)
        heart.start()
        for pid in pids:
            pid.cast(Leaves.leave())
        for pid in pids:
            await pid.down(timeout=5.0)
        heart.running = False
        assert sum(heart.gaps) >= 100 * MILLISECOND * 0.9
        assert max(heart.gaps) <= 0.010 + 1e-9

    play(leave, hand_off=hand_off, ports=rg.Ports(monotonic=clock))


class Flood(rg.GenServer):
    """Casts to itself for as long as nobody closes it."""

    def init(self) -> None:
        self.n = 0
        self.open = True

    def again(self, message: rg.types.CastMessage[Flood]) -> None:
        self.n += 1
        if self.open:
            self.pid.cast(message)

    @rg.cast
    def go(self) -> None:
        self.again(Flood.go())

    @rg.cast
    async def go_async(self) -> None:
        self.again(Flood.go_async())

    @rg.call
    def close(self) -> int:
        self.open = False
        return self.n


@pytest.mark.parametrize("message", [Flood.go(), Flood.go_async()], ids=["def", "async def"])
def test_a_process_that_floods_itself_lets_others_in_by_count_alone(
    message: rg.types.CastMessage[Flood], hand_off: bool
) -> None:
    """Under virtual time the clock stands still, and only the counts bound a turn."""

    async def body(system: rg.System) -> None:
        flood = system.ref("flood", Flood)
        flood.cast(message)
        for _ in range(20):
            await pause(0)
        assert 64 <= await flood.call(Flood.close(), timeout=50.0) <= 1024 * 25

    play(body, rg.child(Flood, name="flood"), hand_off=hand_off)


def test_a_turn_goes_on_after_everything_that_can_go_wrong_in_it(hand_off: bool) -> None:
    class Breaks(rg.GenServer):
        @rg.cast
        def bad(self) -> None:
            raise BaseExceptionGroup("bad", [SystemExit()])

        @rg.call
        def fine(self) -> str:
            return "fine"

    async def body(system: rg.System) -> None:
        system.events.subscribe("", _raises)
        for name in ("a", "b", "c"):
            system.ref(name, Breaks).cast(Breaks.bad())
        await system.idle()
        for name in ("a", "b", "c"):
            assert await system.ref(name, Breaks).call(Breaks.fine(), timeout=1.0) == "fine"

    def _raises(event: object) -> None:
        raise ValueError(event)

    children = [rg.child(Breaks, name=name) for name in ("a", "b", "c")]
    play(body, *children, hand_off=hand_off, max_restarts=10)
