"""`rg.debug.trace`: what one process gets, sends, and makes of it."""

from __future__ import annotations

import logging
from typing import Any

import pytest

import regrow as rg
from regrow.debug import Trace, trace
from tests.runtime.kit import play


class Counter(rg.GenServer):
    def init(self) -> None:
        self.n = 0

    @rg.call
    def add(self, by: int) -> int:
        self.n += by
        return self.n

    @rg.call(raises=(KeyError,))
    def refuse(self) -> int:
        raise KeyError("no")

    @rg.call
    async def ask(self, name: str) -> int:
        return await self.system.ref(name, Counter).call(Counter.add(1), timeout=1.0)

    @rg.cast
    def boom(self) -> None:
        raise ValueError("boom")

    def handle_info(self, message: object) -> None:
        self.n += 1


A, B = rg.child(Counter, name="a"), rg.child(Counter, name="b")


def told(taken: Trace) -> list[tuple[str, str, str]]:
    return [(entry.kind, entry.text, entry.detail) for entry in taken.entries]


def test_calls_casts_infos_and_what_came_of_them(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        a = system.ref("a", Counter)
        pid = a.whereis()
        with trace(a) as taken:
            assert await a.call(Counter.add(2), timeout=1.0) == 2
            with pytest.raises(KeyError):
                await a.call(Counter.refuse(), timeout=1.0)
            a.send("hello")
            await system.idle()
        assert told(taken) == [
            ("in", "Counter.add(by=2)", ""),
            ("handling", "Counter.add", "Counter.add(by=2)"),
            ("returned", "Counter.add", "2"),
            ("in", "Counter.refuse()", ""),
            ("handling", "Counter.refuse", "Counter.refuse()"),
            ("declared", "Counter.refuse", "KeyError('no')"),
            ("in", "'hello'", ""),
            ("handling", "Counter.handle_info", "'hello'"),
            ("returned", "Counter.handle_info", "None"),
        ]
        assert {entry.pid for entry in taken.entries} == {pid}
        await a.call(Counter.add(2), timeout=1.0)
        assert len(taken.entries) == 9  # closed

    play(body, A, hand_off=hand_off)


def test_what_it_sends_and_asks(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        a, b = system.ref("a", Counter), system.ref("b", Counter)
        with trace(a) as taken:
            assert await a.call(Counter.ask("b"), timeout=1.0) == 1
            await system.idle()
        ways = [(entry.kind, entry.other, entry.text, entry.detail) for entry in taken.entries]
        assert ways[2:4] == [
            ("out", b.whereis(), "Counter.add(by=1)", ""),
            ("answered", b.whereis(), "Counter.add(by=1)", "1"),
        ]
        assert ways[4] == ("returned", None, "Counter.ask", "1")

    play(body, A, B, hand_off=hand_off)


def test_a_ref_follows_restarts_and_a_pid_does_not(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        a = system.ref("a", Counter)
        pid = a.whereis()
        assert pid is not None
        with trace(a) as by_name, trace(pid) as by_pid:
            a.cast(Counter.boom())
            await system.idle()
            assert await a.call(Counter.add(1), timeout=1.0) == 1
        assert told(by_pid) == [
            ("in", "Counter.boom()", ""),
            ("handling", "Counter.boom", "Counter.boom()"),
            ("raised", "Counter.boom", "ValueError('boom')"),
            ("exited", "ValueError: boom", ""),
        ]
        assert told(by_name)[4:] == [
            ("started", "Counter", ""),
            ("in", "Counter.add(by=1)", ""),
            ("handling", "Counter.add", "Counter.add(by=1)"),
            ("returned", "Counter.add", "1"),
        ]
        with pytest.raises(rg.errors.NoProcess):
            trace(pid)

    play(body, A, hand_off=hand_off)


def test_a_plain_process_and_its_signals(hand_off: bool) -> None:
    async def plain() -> None:
        rg.trap_exit(True)
        rg.monitor("nobody")
        await rg.receive(str)
        system_b.send("out")

    system_b: rg.Ref[Counter]

    async def body(system: rg.System) -> None:
        nonlocal system_b
        system_b = system.ref("b", Counter)
        pid = system.spawn(plain)
        with trace(pid) as taken:
            await system.idle()
            pid.exit("sign")
            pid.send("go")
            await system.idle()
        kinds = [(entry.kind, entry.text) for entry in taken.entries]
        assert [kind for kind, _ in kinds] == ["in", "in", "in", "out", "exited"]
        assert kinds[0][1].startswith("Down(")
        assert kinds[1][1].startswith("Exit(")
        assert kinds[2:] == [("in", "'go'"), ("out", "'out'"), ("exited", "normal")]

    play(body, B, hand_off=hand_off)


def test_messages_that_wait_when_it_begins_and_ends_are_handled(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        a = system.ref("a", Counter)
        pid = a.whereis()
        assert pid is not None
        await a.call(Counter.add(0), timeout=1.0)
        system.suspend(pid)
        waiting = [system.spawn(asking, a, results) for results in [[], []]]  # type: ignore[var-annotated]
        await system.idle()
        taken = trace(a)
        more = system.spawn(asking, a, found)
        await system.idle()
        taken.close()
        taken.close()
        system.resume(pid)
        for one in (*waiting, more):
            assert await one.down(timeout=1.0) in (rg.NORMAL, rg.NOPROC)
        assert found == [3]

    found: list[int] = []
    play(body, A, hand_off=hand_off)


async def asking(a: rg.Ref[Counter], results: list[int]) -> None:
    results.append(await a.call(Counter.add(1), timeout=1.0))


def test_only_the_newest_are_kept_and_all_are_redacted(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        a = system.ref("a", Counter)
        with trace(a, keep=2) as taken:
            a.send("4111")
            await system.idle()
        assert told(taken) == [
            ("handling", "Counter.handle_info", "'***'"),
            ("returned", "Counter.handle_info", "None"),
        ]
        assert taken.lost == 1
        assert taken.format().splitlines()[0].endswith("handling: Counter.handle_info: '***'")

    play(body, A, hand_off=hand_off, redact=lambda value: "***" if value == "4111" else value)


def test_it_can_be_logged(hand_off: bool, caplog: pytest.LogCaptureFixture) -> None:
    async def body(system: rg.System) -> None:
        with trace(system.ref("a", Counter), log=True):
            await system.ref("a", Counter).call(Counter.add(1), timeout=1.0)
            await system.idle()

    with caplog.at_level(logging.INFO, "regrow.trace"):
        play(body, A, hand_off=hand_off)
    assert [record.name for record in caplog.records] == ["regrow.trace"] * 3
    assert caplog.records[0].message.endswith("in <- outside: Counter.add(by=1)")
    assert caplog.records[0].__dict__["regrow_name"] == "a"


@pytest.mark.parametrize(("target", "keep"), [("a", 1), (None, 1), (0, 0)])
def test_nonsense_is_refused(target: Any, keep: int) -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises((rg.errors.BadAddress, rg.errors.BadSetting)):
            trace(target, keep=keep)

    play(body, A, hand_off=True)
