"""Held turns whose server ends, whose answers come late, and that are taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

import regrow as rg
from regrow.runtime.effects import Turn, hold_effects
from regrow.runtime.items import Request
from regrow.testing import pass_time, run_virtual


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


class Clerk(rg.GenServer):
    def init(self, sink: rg.Ref[Sink]) -> None:
        self.sink = sink
        self.handle: rg.ReplyHandle | None = None

    @rg.call
    def later(self) -> None:
        self.handle = rg.reply_later()

    @rg.call(raises=(Refused,))
    def answer(self, what: str, *, refuse: bool = False, crash: bool = False) -> str:
        assert self.handle is not None
        if what:
            self.handle.reply(what)
        else:
            self.handle.fail(LookupError("nothing"))
        if crash:
            raise RuntimeError("crash")
        if refuse:
            raise Refused
        return what

    @rg.call(raises=(Refused,))
    def refuse(self) -> None:
        self.sink.send("refused")
        rg.send_after(self.sink, "refused later", 1.0)
        raise Refused

    @rg.call
    def leave(self, reply: bool) -> str:
        self.sink.send("left")
        self.stop(reply=reply)
        return "left"

    @rg.cast
    def go(self) -> None:
        self.sink.send("gone")
        self.stop()

    @rg.cast
    def crash(self) -> None:
        self.sink.send("never")
        raise RuntimeError("crash")

    def handle_info(self, message: object) -> None:
        self.sink.send(("got", message))

    def terminate(self, reason: rg.ExitReason) -> None:
        self.sink.send(("terminated", str(reason)))


class Bench:
    """A clerk whose turns are committed when the test says so."""

    def __init__(self, system: rg.System) -> None:
        self.system = system
        self.clerk = system.ref("clerk", Clerk)
        self.sink = system.ref("sink", Sink)
        self.turns: list[Turn] = []
        self.commits: list[asyncio.Future[None]] = []
        self.admitted = True
        pid = self.clerk.whereis()
        assert pid is not None
        self.pid = pid
        hold_effects(pid, self.commit, self.admit)

    def commit(self, turn: Turn) -> asyncio.Future[None]:
        if turn.declared is not None:
            turn.take_back()
        self.turns.append(turn)
        self.commits.append(asyncio.get_running_loop().create_future())
        return self.commits[-1]

    def admit(self, request: Request) -> bool:
        return self.admitted

    def let_go(self) -> None:
        for future in self.commits:
            if not future.done():
                future.set_result(None)

    def ask(self, message: rg.types.CallMessage[Clerk, object]) -> asyncio.Task[object]:
        return asyncio.ensure_future(self.clerk.call(message, timeout=9.0))

    async def seen(self) -> list[object]:
        await self.system.idle()
        return await self.sink.call(Sink.all(), timeout=1.0)


def on_bench(body: Callable[[Bench], Awaitable[None]]) -> None:
    async def main() -> None:
        async with rg.System([rg.child(Sink, name="sink")], name="ends") as system:
            sink = system.ref("sink", Sink)
            spec = rg.child(Clerk, name="clerk", args=(sink,), restart="temporary")
            await system.root.call(rg.Supervisor.start_child(spec), timeout=1.0)
            await body(Bench(system))

    run_virtual(main())


def test_a_late_answer_waits_for_the_turn_that_gives_it() -> None:
    async def body(b: Bench) -> None:
        asked = b.ask(Clerk.later())
        await b.system.idle()
        answering = b.ask(Clerk.answer("now"))
        await b.system.idle()
        b.commits[0].set_result(None)
        await b.system.idle()
        assert [asked.done(), answering.done()] == [False, False]
        assert len(b.turns[1].requests) == 2
        b.commits[1].set_result(None)
        assert [await asked, await answering] == ["now", "now"]

    on_bench(body)


def test_a_late_refusal_waits_too() -> None:
    async def body(b: Bench) -> None:
        asked = b.ask(Clerk.later())
        await b.system.idle()
        answering = b.ask(Clerk.answer(""))
        await b.system.idle()
        assert not asked.done()
        b.let_go()
        with pytest.raises(LookupError):
            await asked
        assert await answering == ""

    on_bench(body)


@pytest.mark.parametrize(("refuse", "told"), [(True, rg.errors.ReplyLost), (False, rg.errors.ProcessExited)])
def test_a_late_answer_of_a_turn_that_is_void_is_lost_and_told(refuse: bool, told: type[Exception]) -> None:
    async def body(b: Bench) -> None:
        asked = b.ask(Clerk.later())
        await b.system.idle()
        b.let_go()
        answering = b.ask(Clerk.answer("now", refuse=refuse, crash=not refuse))
        await b.system.idle()
        b.let_go()
        with pytest.raises(told):
            await asked
        with pytest.raises(Refused if refuse else rg.errors.ProcessExited):
            await answering

    on_bench(body)


def test_what_a_turn_takes_back_never_comes() -> None:
    async def body(b: Bench) -> None:
        asked = b.ask(Clerk.refuse())
        await b.system.idle()
        assert b.turns[0].effects == 0
        b.let_go()
        with pytest.raises(Refused):
            await asked
        await pass_time(2.0)
        assert await b.seen() == []

    on_bench(body)


def test_a_server_that_stops_ends_when_its_turn_is_committed() -> None:
    async def body(b: Bench) -> None:
        b.clerk.cast(Clerk.go())
        await b.system.idle()
        assert b.pid.alive
        b.let_go()
        assert await b.seen() == ["gone", ("terminated", "NORMAL")]
        assert not b.pid.alive

    on_bench(body)


@pytest.mark.parametrize("reply", [True, False])
def test_the_answer_of_a_server_that_stops_comes_with_its_commit(reply: bool) -> None:
    async def body(b: Bench) -> None:
        asked = b.ask(Clerk.leave(reply))
        await b.system.idle()
        assert not asked.done()
        b.let_go()
        if reply:
            assert await asked == "left"
        else:
            with pytest.raises(rg.errors.ProcessExited) as caught:
                await asked
            assert caught.value.reason is rg.NORMAL
        assert await b.seen() == ["left", ("terminated", "NORMAL")]

    on_bench(body)


def test_a_crash_waits_for_the_turns_before_it() -> None:
    async def body(b: Bench) -> None:
        b.clerk.send("first")
        b.clerk.cast(Clerk.crash())
        await b.system.idle()
        assert b.pid.alive
        b.clerk.send("too late")
        b.let_go()
        assert await b.seen() == [("got", "first"), ("terminated", "Crash(RuntimeError: crash)")]
        assert not b.pid.alive

    on_bench(body)


def test_a_kill_does_not_wait() -> None:
    async def body(b: Bench) -> None:
        b.clerk.cast(Clerk.go())
        await b.system.idle()
        b.clerk.kill()
        await b.system.idle()
        assert not b.pid.alive
        b.let_go()
        assert await b.seen() == ["gone"]

    on_bench(body)


def test_a_failed_commit_ends_a_server_that_was_about_to_stop() -> None:
    async def body(b: Bench) -> None:
        b.clerk.cast(Clerk.go())
        await b.system.idle()
        b.commits[0].set_exception(OSError("disk"))
        assert await b.seen() == [("terminated", "Crash(OSError: disk)")]
        assert not b.pid.alive

    on_bench(body)


def test_an_info_none_is_a_turn_like_any_other() -> None:
    async def body(b: Bench) -> None:
        b.clerk.send(None)
        assert await b.seen() == []
        b.let_go()
        assert await b.seen() == [("got", None)]

    on_bench(body)
