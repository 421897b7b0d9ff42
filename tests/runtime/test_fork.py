"""A fork after the start: in the child every use of the System says so."""

from __future__ import annotations

import asyncio
import os
import signal
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import regrow as rg
from regrow.testing import VirtualLoop

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here"),
    # From Python 3.12 on a fork beside threads (the watchdog's) warns: here it is the subject.
    pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning"),
]

SECONDS = 20


class Counter(rg.GenServer):
    def init(self) -> None:
        self.n = 0

    @rg.call
    def add(self) -> int:
        self.n += 1
        return self.n

    @rg.cast
    def poke(self) -> None:
        self.n += 1


async def forever() -> None:
    await rg.receive()


def in_child(act: Callable[[], object]) -> str:
    """Fork; what `act` raises in the child, as text, `"nothing"` if it returns. The child has a deadline."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(SECONDS)
        try:
            act()
            said = "nothing"
        except BaseException as error:  # noqa: BLE001  # told to the parent
            said = type(error).__name__ + "\n" + "".join(traceback.format_exception(error))
        os.write(writer, said.encode()[:4000])
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(pid, 0)
    return said


def drive(made: Callable[[], Awaitable[object]]) -> Callable[[], object]:
    """Take the first step of a coroutine, as code that goes on after a fork inside a task would."""

    def act() -> object:
        step = made().__await__()
        return next(step)

    return act


def on_loop(made: Callable[[], Any]) -> Callable[[], object]:
    """Run it on a loop of the child's own."""

    async def main() -> object:
        return await made()

    return lambda: asyncio.run(main())


class Running:
    """A System on a loop that stands still, so that a fork finds no code running."""

    def __init__(self, *, hand_off: bool) -> None:
        self.loop = VirtualLoop()
        self.system = rg.System([rg.child(Counter, name="counter")], hand_off=hand_off)
        self.loop.run_until_complete(self.system.start())
        self.ref = self.system.ref("counter", Counter)
        pid = self.ref.whereis()
        assert pid is not None
        self.pid = pid

    def close(self) -> None:
        assert (
            self.loop.run_until_complete(self.ref.call(Counter.add(), timeout=1.0)) == 1
        )  # the parent lives
        self.loop.run_until_complete(self.system.stop())
        self.loop.close()


ENTRIES: dict[str, Callable[[Running], Callable[[], object]]] = {
    "ref.cast": lambda r: lambda: r.ref.cast(Counter.poke()),
    "pid.cast": lambda r: lambda: r.pid.cast(Counter.poke()),
    "pid.send": lambda r: lambda: r.pid.send("hello"),
    "ref.call": lambda r: drive(lambda: r.ref.call(Counter.add(), timeout=1.0)),
    "pid.call": lambda r: drive(lambda: r.pid.call(Counter.add(), timeout=1.0)),
    "pid.call on a new loop": lambda r: on_loop(lambda: r.pid.call(Counter.add(), timeout=1.0)),
    "ref of nobody, cast": lambda r: lambda: rg.Ref(r.pid.engine, "nobody", Counter).cast(Counter.poke()),  # type: ignore[attr-defined]
    "pid.exit": lambda r: lambda: r.pid.exit(rg.SHUTDOWN),
    "pid.kill": lambda r: r.pid.kill,
    "pid.down": lambda r: drive(lambda: r.pid.down(timeout=1.0)),
    "rg.sync": lambda r: drive(lambda: rg.sync(r.pid)),
    "from_thread.cast": lambda r: lambda: r.ref.from_thread.cast(Counter.poke()),
    "from_thread.call": lambda r: lambda: r.ref.from_thread.call(Counter.add(), timeout=1.0),
    "send_after": lambda r: lambda: rg.send_after(r.pid, "hello", 1.0),
    "system.ref": lambda r: lambda: r.system.ref("counter", Counter),
    "system.whereis": lambda r: lambda: r.system.whereis("counter"),
    "system.spawn": lambda r: lambda: r.system.spawn(forever),
    "system.root": lambda r: lambda: r.system.root,
    "system.registry": lambda r: lambda: r.system.registry,
    "system.groups": lambda r: lambda: r.system.groups,
    "system.monitors": lambda r: lambda: r.system.monitors,
    "system.processes": lambda r: r.system.processes,
    "system.statistics": lambda r: r.system.statistics,
    "system.unsupervised": lambda r: r.system.unsupervised,
    "system.idle": lambda r: drive(r.system.idle),
    "system.guest": lambda r: drive(lambda: r.system.guest().__aenter__()),
    "system.start": lambda r: on_loop(r.system.start),
    "system.stop": lambda r: on_loop(r.system.stop),
    "system.wait": lambda r: drive(r.system.wait),
    "system.kill": lambda r: r.system.kill,
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_in_the_child_it_says_that_it_was_forked(entry: str, hand_off: bool) -> None:
    running = Running(hand_off=hand_off)
    try:
        said = in_child(ENTRIES[entry](running))
        assert said.splitlines()[0] == "ForkedSystem", said
        assert "start a new System there" in said
    finally:
        running.close()


def test_a_fork_inside_the_body_reaches_the_same_error_and_the_block_too(hand_off: bool) -> None:
    loop = VirtualLoop()
    said: list[str] = []

    async def main() -> None:
        async with rg.System([rg.child(Counter, name="counter")], hand_off=hand_off) as system:
            ref = system.ref("counter", Counter)
            assert await ref.call(Counter.add(), timeout=1.0) == 1
            ref.cast(Counter.poke())  # the mailbox has something in it: the short way of a cast is open
            said.append(in_child(lambda: ref.cast(Counter.poke())))
            said.append(in_child(drive(lambda: ref.call(Counter.add(), timeout=1.0))))
            said.append(in_child(drive(lambda: system.__aexit__(None, None, None))))
            assert await ref.call(Counter.add(), timeout=1.0) == 3

    loop.run_until_complete(main())
    loop.close()
    assert [text.splitlines()[0] for text in said] == ["ForkedSystem"] * 3, said


def test_in_the_child_a_new_system_runs(hand_off: bool) -> None:
    async def afresh() -> None:
        async with rg.System([rg.child(Counter, name="counter")], hand_off=hand_off) as system:
            assert await system.ref("counter", Counter).call(Counter.add(), timeout=1.0) == 1

    running = Running(hand_off=hand_off)
    try:
        assert in_child(on_loop(afresh)) == "nothing"
    finally:
        running.close()


def test_a_system_that_was_stopped_before_may_be_started_in_the_child(hand_off: bool) -> None:
    running = Running(hand_off=hand_off)
    running.close()

    async def again() -> None:
        async with running.system as system:
            assert await system.ref("counter", Counter).call(Counter.add(), timeout=1.0) == 1

    assert in_child(on_loop(again)) == "nothing"
