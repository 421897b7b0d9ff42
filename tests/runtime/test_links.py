"""Links and exit signals: every reason, trapped or not, and the order of what comes."""

from __future__ import annotations

import asyncio

import pytest

import regrow as rg
from tests.runtime.kit import play


async def waiting() -> None:
    await rg.receive(str)


async def trapping(got: list[object]) -> None:
    rg.trap_exit(True)
    while True:
        got.append(await rg.receive())


async def linked(other: rg.Pid[object]) -> None:
    rg.link(other)
    await rg.receive(str)


async def linked_and_trapping(other: rg.Pid[object], got: list[object]) -> None:
    rg.trap_exit(True)
    rg.link(other)
    while True:
        got.append(await rg.receive())


async def ends_with(reason: object) -> None:
    await rg.receive(str)
    if reason == "return":
        return
    if reason == "raise":
        raise ValueError("boom")
    rg.exit_process(reason)


REASONS: list[object] = [
    "return",
    rg.NORMAL,
    rg.SHUTDOWN,
    rg.Shutdown("x"),
    "raise",
    rg.KILLED,
    "odd",
    7,
    None,
]


def expected(reason: object, got: object) -> bool:
    if reason == "raise":
        return isinstance(got, rg.Crash)
    return got == (rg.NORMAL if reason == "return" else reason)


# -- links -------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", REASONS, ids=repr)
def test_the_end_of_one_reaches_the_other(reason: object, hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        got: list[object] = []
        one = system.spawn(ends_with, reason)
        plain = system.spawn(linked, one)
        trap = system.spawn(linked_and_trapping, one, got)
        await system.idle()
        waits = asyncio.ensure_future(plain.down(timeout=1.0))
        one.send("go")
        await system.idle()
        (exit_,) = got
        assert isinstance(exit_, rg.Exit)
        assert exit_.pid is one
        assert expected(reason, exit_.reason)
        assert trap.alive
        harmless = reason in ("return", rg.NORMAL)
        assert plain.alive is harmless
        if harmless:
            plain.send("end")
        assert expected("return" if harmless else reason, await waits)

    play(body, hand_off=hand_off)


def test_links_go_both_ways_and_through(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        first = system.spawn(waiting)
        second = system.spawn(linked, first)
        third = system.spawn(linked, second)
        await system.idle()
        waits = [asyncio.ensure_future(pid.down(timeout=1.0)) for pid in (first, second, third)]
        await system.idle()
        second.exit("odd")
        assert await asyncio.gather(*waits) == ["odd"] * 3

    play(body, hand_off=hand_off)


@pytest.mark.parametrize("trap", [True, False])
def test_a_link_to_the_dead_gives_noproc(trap: bool, hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        got: list[object] = []
        dead = system.spawn(waiting)
        dead.kill()
        await dead.down(timeout=1.0)
        pid = system.spawn(linked_and_trapping, dead, got) if trap else system.spawn(linked, dead)
        if not trap:
            assert await pid.down(timeout=1.0) is rg.NOPROC
            return
        await system.idle()
        assert pid.alive
        assert got == [rg.Exit(dead, rg.NOPROC)]

    play(body, hand_off=hand_off)


def test_link_and_unlink(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async with system.guest() as me:
            one, two = system.spawn(waiting), system.spawn(waiting)
            rg.link(one)
            rg.link(one)  # twice is once
            rg.link(me)  # to oneself is nothing
            rg.link(two)
            rg.unlink(one)
            rg.unlink(one)
            one.kill()
            await one.down(timeout=1.0)
            rg.trap_exit(True)
            two.kill()
            assert await rg.receive(timeout=1.0) == rg.Exit(two, rg.KILLED)
            with pytest.raises(rg.errors.ReceiveTimeout):
                await rg.receive(timeout=1.0)
            async with rg.System(name="other", hand_off=hand_off) as other:
                with pytest.raises(rg.errors.OtherSystem):
                    rg.link(other.root)
        with pytest.raises(rg.errors.NotAProcess):
            rg.link(system.root)

    play(body, hand_off=hand_off)


def test_spawn_link(hand_off: bool) -> None:
    async def parent(children: list[rg.Pid[object]]) -> None:
        children.append(rg.spawn(waiting, link=True))
        children.append(rg.spawn(waiting))
        await rg.receive(str)
        raise RuntimeError("boom")

    async def body(system: rg.System) -> None:
        children: list[rg.Pid[object]] = []
        pid = system.spawn(parent, children)
        await system.idle()
        pid.send("go")
        await system.idle()
        assert [child.alive for child in children] == [False, True]

    play(body, hand_off=hand_off)


def test_trap_exit_says_what_it_was(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async with system.guest():
            assert [rg.trap_exit(on) for on in (True, True, False, True)] == [False, True, True, False]

    play(body, hand_off=hand_off)


# -- exit signals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reason", [rg.NORMAL, rg.SHUTDOWN, rg.Shutdown(1), rg.KILLED, rg.NOPROC, "odd", None], ids=repr
)
def test_an_exit_signal(reason: object, hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        got: list[object] = []
        plain, trap = system.spawn(waiting), system.spawn(trapping, got)
        await system.idle()
        waits = asyncio.ensure_future(plain.down(timeout=1.0))
        await system.idle()
        async with system.guest() as me:
            plain.exit(reason)
            trap.exit(reason)
            await system.idle()
            assert got == [rg.Exit(me, reason)]
            assert trap.alive
            assert plain.alive is (reason is rg.NORMAL)
        if reason is rg.NORMAL:
            plain.kill()
        assert await waits == (rg.KILLED if reason is rg.NORMAL else reason)

    play(body, hand_off=hand_off)


@pytest.mark.parametrize("reason", [rg.NORMAL, "odd"])
@pytest.mark.parametrize("trap", [True, False])
def test_an_exit_signal_to_oneself(reason: object, trap: bool, hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        got: list[object] = []

        async def suicidal() -> None:
            rg.trap_exit(trap)
            rg.current().exit(reason)
            got.append(await rg.receive(timeout=1.0))

        pid = system.spawn(suicidal)
        assert await pid.down(timeout=5.0) == (rg.NORMAL if trap else reason)
        assert got == ([rg.Exit(pid, reason)] if trap else [])

    play(body, hand_off=hand_off)


def test_kill_cannot_be_trapped(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        got: list[object] = []
        pid = system.spawn(trapping, got)
        watcher = system.spawn(linked_and_trapping, pid, got)
        await system.idle()
        pid.kill()
        await system.idle()
        assert not pid.alive
        assert got == [rg.Exit(pid, rg.KILLED)]
        assert watcher.alive

    play(body, hand_off=hand_off)


def test_the_first_signal_is_the_one_that_ends_it(hand_off: bool) -> None:
    """As in OTP: exit(Pid, a), exit(Pid, kill) from one process gives the DOWN reason a."""

    async def body(system: rg.System) -> None:
        async with system.guest():
            pid = system.spawn(waiting)
            await system.idle()
            rg.monitor(pid)
            pid.exit("a")
            pid.exit("b")
            pid.kill()
            assert (await rg.receive(rg.Down, timeout=1.0)).reason == "a"

    play(body, hand_off=hand_off)


class Server(rg.GenServer):
    def init(self, ends: list[object]) -> None:
        self.ends = ends

    @rg.call
    def trap(self, on: bool) -> bool:
        return rg.trap_exit(on)

    @rg.call
    def link(self, other: rg.Pid[object]) -> None:
        rg.link(other)

    @rg.call
    async def ask(self, other: rg.Ref[Server]) -> None:
        try:
            await other.call(Server.crash(), timeout=1.0)
        except rg.errors.RegrowError as error:
            self.ends.append(error)
            raise

    @rg.call
    def crash(self) -> None:
        raise ValueError("boom")

    def handle_info(self, message: object) -> None:
        self.ends.append(message)

    def terminate(self, reason: rg.ExitReason) -> None:
        self.ends.append(("terminate", reason))


def server(name: str, ends: list[object]) -> rg.ChildSpec:
    return rg.child(Server, name=name, args=(ends,), restart="temporary")


@pytest.mark.parametrize("trap", [True, False])
def test_a_server_that_is_linked(trap: bool, hand_off: bool) -> None:
    ends: list[object] = []

    async def body(system: rg.System) -> None:
        ref = system.ref("s", Server)
        pid = ref.whereis()
        assert pid is not None
        other = system.spawn(waiting)
        await ref.call(Server.trap(trap), timeout=1.0)
        await ref.call(Server.link(other), timeout=1.0)
        waits = asyncio.ensure_future(pid.down(timeout=1.0))
        await system.idle()
        other.exit("odd")
        await system.idle()
        assert pid.alive is trap
        if trap:
            assert ends == [rg.Exit(other, "odd")]
            pid.kill()
        assert await waits == (rg.KILLED if trap else "odd")
        assert not any(isinstance(end, tuple) for end in ends)  # terminate ran in neither case

    play(body, server("s", ends), hand_off=hand_off)


# -- order -------------------------------------------------------------------------------------


def test_exit_comes_before_down_before_the_failure_of_a_call(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        order: list[str] = []
        async with system.guest():
            rg.trap_exit(True)
            pid = system.ref("s", Server).whereis()
            assert pid is not None
            rg.link(pid)
            rg.monitor(pid)
            with pytest.raises(rg.errors.ProcessExited):
                await pid.call(Server.crash(), timeout=1.0)
            # Both are there by now, in this order.
            order.extend([type(await rg.receive(timeout=0.001)).__name__ for _ in range(2)])
        assert order == ["Exit", "Down"]

    play(body, server("s", []), hand_off=hand_off)


def test_a_linked_caller_dies_and_never_sees_the_failure(hand_off: bool) -> None:
    ends: list[object] = []

    async def body(system: rg.System) -> None:
        caller, callee = system.ref("a", Server), system.ref("b", Server)
        pid, other = caller.whereis(), callee.whereis()
        assert pid is not None
        assert other is not None
        await caller.call(Server.link(other), timeout=1.0)
        with pytest.raises(rg.errors.ProcessExited) as caught:
            await caller.call(Server.ask(callee), timeout=1.0)
        assert caught.value.target is pid
        assert isinstance(caught.value.reason, rg.Crash)
        assert caught.value.reason.message == "boom"
        await system.idle()
        assert not pid.alive
        assert [end for end in ends if not isinstance(end, tuple)] == []

    play(body, server("a", ends), server("b", []), hand_off=hand_off)


def test_what_one_process_sends_another_keeps_its_order(hand_off: bool) -> None:
    async def sender(other: rg.Pid[object]) -> None:
        rg.link(other)
        for number in range(3):
            other.send(number)
        other.exit("signal")
        other.send(3)
        rg.exit_process("end")

    async def body(system: rg.System) -> None:
        got: list[object] = []

        async def receiver() -> None:
            rg.trap_exit(True)
            await rg.receive(str)
            rg.monitor(senders[0])
            while True:
                message = await rg.receive()
                got.append(message.reason if isinstance(message, rg.Exit | rg.Down) else message)

        senders: list[rg.Pid[object]] = []
        pid = system.spawn(receiver)
        await system.idle()
        senders.append(system.spawn(sender, pid))
        pid.send("begin")
        await system.idle()
        ends = [0, 1, 2, "signal", 3, "end"]
        assert got in ([*ends, rg.NOPROC], [*ends, "end"])
        assert not senders[0].alive

    play(body, hand_off=hand_off)


def test_a_message_before_the_end_is_still_there(hand_off: bool) -> None:
    async def last_words(to: rg.Pid[object]) -> None:
        to.send("last words")
        raise RuntimeError("boom")

    async def body(system: rg.System) -> None:
        async with system.guest() as me:
            pid = system.spawn(last_words, me)
            rg.monitor(pid)
            assert await rg.receive(timeout=1.0) == "last words"
            assert (await rg.receive(rg.Down, timeout=1.0)).pid is pid

    play(body, hand_off=hand_off)
