"""Turns whose effects are held back until a commit hook lets them out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

import regrow as rg
from regrow.runtime.effects import Turn, hold_effects
from tests.runtime.kit import pause, play, start


class Refused(Exception):
    """A declared answer."""


class Sink(rg.GenServer):
    def init(self) -> None:
        self.seen: list[object] = []

    def handle_info(self, message: object) -> None:
        self.seen.append(message)

    @rg.call
    def all(self) -> list[object]:
        return list(self.seen)


class Account(rg.GenServer):
    def init(self, sink: rg.Ref[Sink]) -> None:
        self.sink = sink
        self.total = 0

    @rg.call(raises=(Refused,))
    def add(self, amount: int) -> int:
        if amount == 0:
            raise Refused
        self.total += amount
        self.sink.send(("added", amount))
        return self.total

    @rg.call
    async def add_later(self, amount: int) -> int:
        self.sink.send(("first", amount))
        await pause(1.0)
        self.total += amount
        self.sink.send(("second", amount))
        return self.total

    @rg.cast
    def note(self, text: str) -> None:
        self.sink.send(text)
        rg.send_after(self.sink, f"{text} again", 1.0)


class Journal:
    """A commit hook whose commits the test ends by hand."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.commits: list[asyncio.Future[None]] = []

    def __call__(self, turn: Turn) -> asyncio.Future[None]:
        self.turns.append(turn)
        future = asyncio.get_running_loop().create_future()
        self.commits.append(future)
        return future


class Bench:
    def __init__(self, system: rg.System) -> None:
        self.system = system
        self.account = system.ref("account", Account)
        self.sink = system.ref("sink", Sink)
        self.journal = Journal()
        pid = self.account.whereis()
        assert pid is not None
        hold_effects(pid, self.journal)

    async def seen(self) -> list[object]:
        await self.system.idle()
        return await self.sink.call(Sink.all(), timeout=1.0)


def on_bench(body: Callable[[Bench], Awaitable[None]], *, hand_off: bool) -> None:
    """Run `body` with a held account and its sink."""

    async def main(system: rg.System) -> None:
        await start(system, Account, name="account", args=(system.ref("sink", Sink),), restart="temporary")
        await body(Bench(system))

    play(main, rg.child(Sink, name="sink"), hand_off=hand_off)


def test_sends_and_answer_wait_for_the_commit(hand_off: bool) -> None:
    async def body(b: Bench) -> None:
        asked = asyncio.ensure_future(b.account.call(Account.add(5), timeout=9.0))
        assert await b.seen() == []
        assert not asked.done()
        assert b.journal.turns[0].effects == 1
        b.journal.commits[0].set_result(None)
        assert await b.seen() == [("added", 5)]
        assert await asked == 5

    on_bench(body, hand_off=hand_off)


def test_the_next_turn_starts_before_the_commit_and_order_is_kept(hand_off: bool) -> None:
    async def body(b: Bench) -> None:
        first = asyncio.ensure_future(b.account.call(Account.add(1), timeout=9.0))
        second = asyncio.ensure_future(b.account.call(Account.add(2), timeout=9.0))
        await b.system.idle()
        assert len(b.journal.turns) == 2
        b.journal.commits[1].set_result(None)
        assert await b.seen() == []
        b.journal.commits[0].set_result(None)
        assert await b.seen() == [("added", 1), ("added", 2)]
        assert [await first, await second] == [1, 3]

    on_bench(body, hand_off=hand_off)


def test_a_failed_commit_crashes_the_process_and_lets_nothing_out(hand_off: bool) -> None:
    async def body(b: Bench) -> None:
        first = asyncio.ensure_future(b.account.call(Account.add(1), timeout=9.0))
        second = asyncio.ensure_future(b.account.call(Account.add(2), timeout=9.0))
        await b.system.idle()
        b.journal.commits[0].set_exception(OSError("disk"))
        for asked in (first, second):
            with pytest.raises(rg.errors.ProcessExited) as caught:
                await asked
            assert isinstance(caught.value.reason, rg.Crash)
            assert caught.value.reason.exception_type is OSError
        b.journal.commits[1].set_result(None)
        assert await b.seen() == []
        assert not b.account.alive

    on_bench(body, hand_off=hand_off)


def test_async_turns_hold_what_they_sent_on_both_sides_of_an_await(hand_off: bool) -> None:
    async def body(b: Bench) -> None:
        asked = asyncio.ensure_future(b.account.call(Account.add_later(4), timeout=9.0))
        assert await b.seen() == []
        await pause(2.0)
        assert await b.seen() == []
        b.journal.commits[0].set_result(None)
        assert await asked == 4
        assert await b.seen() == [("first", 4), ("second", 4)]

    on_bench(body, hand_off=hand_off)


def test_timers_of_a_held_turn_are_set_at_its_commit(hand_off: bool) -> None:
    async def body(b: Bench) -> None:
        b.account.cast(Account.note("x"))
        await b.system.idle()
        assert b.journal.turns[0].effects == 2
        await pause(5.0)
        assert await b.seen() == []
        b.journal.commits[0].set_result(None)
        await pause(2.0)
        assert await b.seen() == ["x", "x again"]

    on_bench(body, hand_off=hand_off)


def test_a_declared_exception_is_a_turn_too(hand_off: bool) -> None:
    async def body(b: Bench) -> None:
        asked = asyncio.ensure_future(b.account.call(Account.add(0), timeout=9.0))
        await b.system.idle()
        assert isinstance(b.journal.turns[0].declared, Refused)
        assert not asked.done()
        b.journal.commits[0].set_result(None)
        with pytest.raises(Refused):
            await asked

    on_bench(body, hand_off=hand_off)


def test_committed_turns_get_out_though_the_process_has_died_since(hand_off: bool) -> None:
    async def body(b: Bench) -> None:
        asked = asyncio.ensure_future(b.account.call(Account.add(3), timeout=9.0))
        await b.system.idle()
        b.account.kill()
        await b.system.idle()
        assert not b.account.alive
        b.journal.commits[0].set_result(None)
        assert await asked == 3
        assert await b.seen() == [("added", 3)]

    on_bench(body, hand_off=hand_off)


def test_only_processes_of_servers_can_be_held(hand_off: bool) -> None:
    async def plain() -> None:
        await rg.receive()

    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.NoProcess):
            hold_effects(system.spawn(plain), Journal())

    play(body, hand_off=hand_off)
