"""Durable sends beside handlers that never leave the loop alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar, cast

import regrow as rg
from regrow.delivery.journal.lookout import HAND_OVER, PERIOD, Lookout
from regrow.testing import run_virtual
from tests.delivery.durable_kit import ports, run_system

T = TypeVar("T")
SLICE = 64
"""Messages of one process that are handled before others get their turn."""


class Disk:
    """A thread that is never late: what it is given is done at once, and the loop told as by any other."""

    def __init__(self, log: list[str]) -> None:
        self.log = log

    def submit(self, fn: Callable[[], T], /) -> Future[T]:
        future: Future[T] = Future()
        future.set_result(fn())
        self.log.append("commit")
        return future

    def replace(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        pass


class Busy(rg.GenServer):
    """Works until it is told that it is enough."""

    def init(self, log: list[str]) -> None:
        self.log = log
        self.pid.cast(Busy.work())

    @rg.cast
    def work(self) -> None:
        self.log.append("work")
        if "over" not in self.log[-2 * SLICE :]:
            self.pid.cast(Busy.work())


class Sink(rg.GenServer):
    def init(self, log: list[str]) -> None:
        self.log = log

    @rg.cast
    def take(self, value: int) -> None:
        self.log.append(f"handled {value}")


def test_commits_handlers_and_senders_wait_for_a_slice_of_others_and_not_for_a_turn(tmp_path: Path) -> None:
    log: list[str] = []

    async def body(system: rg.System) -> None:
        for value in range(20):
            log.append(f"send {value}")
            await rg.supervised_send("sink", Sink.take(value), timeout=5.0, durable=True)
            log.append(f"told {value}")
        log.append("over")

    children = (rg.child(Sink, name="sink", args=(log,)), rg.child(Busy, name="busy", args=(log,)))
    used = ports(threads=Disk(log))
    run_virtual(
        run_system(rg.Journal(tmp_path / "journal.db", sync="none"), body, *children, ports=used), limit=20.0
    )
    for value in range(1, 20):  # the first one finds a recipient that never handled anything
        begun = log.index(f"send {value}")
        handled = log.index(f"handled {value}")
        told = log.index(f"told {value}")
        commit = begun + log[begun:].index("commit")
        assert commit < handled < told
        assert log[commit:handled].count("work") <= 2 * SLICE
        assert log[handled:told].count("work") <= 2 * SLICE
    assert log.count("work") >= 20


class Slices:
    """A scheduler that has always something to do, as a lookout sees it."""

    def __init__(self) -> None:
        self.busy = True
        self.between: deque[Callable[[], object]] = deque()


class Commit:
    """A thread that takes its time."""

    under_way = 1

    def take(self) -> None:
        pass


def test_short_slices_do_not_wait_for_threads_each_time() -> None:
    slices, waits = Slices(), list[float]()
    now = 100.0
    lookout = Lookout(cast(Any, slices), cast(Any, Commit()), lambda: now, waits.append)
    lookout.begin()
    for _ in range(100):
        now += PERIOD / 10
        slices.between.popleft()()
    assert waits == [HAND_OVER] * 10
    slices.busy = False
    slices.between.popleft()()
    assert not slices.between
