"""Receipts: told exactly once what became of a message. What supervised sends will stand on."""

from __future__ import annotations

import asyncio

import pytest

import regrow as rg
from regrow.runtime.items import Receipt
from regrow.runtime.process import Process
from tests.runtime.kit import play


class Fate:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.receipt = Receipt(lambda: self.told.append("handled"), self.told.append)


def track(pid: rg.Pid[object] | None, message: object, *, info: bool = False) -> Fate:
    assert isinstance(pid, Process)
    fate = Fate()
    pid.engine.sends.tracked(pid, message, fate.receipt, info=info)
    return fate


class Server(rg.GenServer):
    mailbox = rg.Mailbox(capacity=2)

    def init(self, gate: asyncio.Event | None = None) -> None:
        self.gate = gate

    @rg.cast
    def work(self) -> None: ...

    @rg.cast
    async def slow(self) -> None:
        assert self.gate is not None
        await self.gate.wait()

    @rg.cast
    def crash(self) -> None:
        raise ValueError("boom")

    @rg.cast
    async def slow_crash(self) -> None:
        raise ValueError("boom")

    @rg.cast
    def stop_with(self, reason: object) -> None:
        self.stop(reason)

    @rg.cast
    async def slow_stop(self, reason: object) -> None:
        self.stop(reason)

    @rg.cast
    def die(self) -> None:
        self.pid.kill()

    def handle_info(self, message: object) -> None:
        if message == "crash":
            raise ValueError("boom")
        if message == "stop":
            self.stop()


class Oldest(Server):
    mailbox = rg.Mailbox(capacity=1, overflow="drop_oldest")


class Newest(Server):
    mailbox = rg.Mailbox(capacity=1, overflow="drop_newest")


def one(server: type[Server] = Server, gate: asyncio.Event | None = None) -> rg.ChildSpec:
    return rg.child(server, name="s", args=(gate,), restart="temporary")


def crashed(told: list[object]) -> bool:
    return len(told) == 1 and isinstance(told[0], rg.Crash)


@pytest.mark.parametrize(("message", "info"), [(Server.work(), False), ("hello", True)])
def test_handled_when_the_handler_has_returned(message: object, info: bool, hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        fate = track(system.whereis("s"), message, info=info)
        assert fate.told == []  # never on the sender's stack
        await system.idle()
        assert fate.told == ["handled"]

    play(body, one(), hand_off=hand_off)


def test_an_async_handler_has_handled_it_at_its_end(hand_off: bool) -> None:
    gate = asyncio.Event()

    async def body(system: rg.System) -> None:
        first = track(system.whereis("s"), Server.slow())
        second = track(system.whereis("s"), Server.work())
        await system.idle()
        assert (first.told, second.told) == ([], [])
        gate.set()
        await system.idle()
        assert (first.told, second.told) == (["handled"], ["handled"])

    play(body, one(Server, gate), hand_off=hand_off)


@pytest.mark.parametrize("reason", [rg.NORMAL, rg.SHUTDOWN, "odd"], ids=repr)
@pytest.mark.parametrize("make", [Server.stop_with, Server.slow_stop])
def test_handled_also_when_the_server_then_stops(make: object, reason: object, hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = system.whereis("s")
        assert pid is not None
        fate = track(pid, make(reason))  # type: ignore[operator]
        behind = track(pid, Server.work())
        await system.idle()
        assert not pid.alive
        assert fate.told == ["handled"]
        assert behind.told == [reason]  # nobody came to it

    play(body, one(), hand_off=hand_off)


def test_an_info_that_stops_the_server_is_handled(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        fate = track(system.whereis("s"), "stop", info=True)
        await system.idle()
        assert fate.told == ["handled"]

    play(body, one(), hand_off=hand_off)


@pytest.mark.parametrize(
    ("message", "info"), [(Server.crash(), False), (Server.slow_crash(), False), ("crash", True)]
)
def test_lost_when_the_handler_raises(message: object, info: bool, hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        fate = track(system.whereis("s"), message, info=info)
        behind = track(system.whereis("s"), Server.work())
        await system.idle()
        assert crashed(fate.told)
        assert behind.told == fate.told

    play(body, one(), hand_off=hand_off)


def test_lost_when_killed_before_or_while_it_is_handled(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = system.whereis("s")
        assert pid is not None
        running = track(pid, Server.slow())
        waiting = track(pid, Server.work())
        await system.idle()
        pid.kill()
        await system.idle()
        assert (running.told, waiting.told) == ([rg.KILLED], [rg.KILLED])

    play(body, one(Server, asyncio.Event()), hand_off=hand_off)


def test_a_handler_that_kills_its_own_process_has_not_handled_it(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        fate = track(system.whereis("s"), Server.die())
        await system.idle()
        assert fate.told == [rg.KILLED]

    play(body, one(), hand_off=hand_off)


def test_lost_when_the_target_is_dead(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = system.whereis("s")
        assert pid is not None
        pid.kill()
        await system.idle()
        fate = track(pid, Server.work())
        await system.idle()
        assert fate.told == [rg.NOPROC]

    play(body, one(), hand_off=hand_off)


def test_a_message_for_another_class_is_refused_and_never_told(hand_off: bool) -> None:
    class Other(rg.GenServer):
        @rg.cast
        def work(self) -> None: ...

    async def body(system: rg.System) -> None:
        pid = system.whereis("s")
        assert isinstance(pid, Process)
        fate = Fate()
        with pytest.raises(rg.errors.WrongServer):
            pid.engine.sends.tracked(pid, Other.work(), fate.receipt)
        await system.idle()
        assert fate.told == []

    play(body, one(), hand_off=hand_off)


# -- full mailboxes ------------------------------------------------------------------------------


@pytest.mark.parametrize("server", [Server, Oldest, Newest])
def test_a_full_mailbox_raises_whatever_its_policy(server: type[Server], hand_off: bool) -> None:
    """Who asks for the fate of a message is told at once that it has none."""

    async def body(system: rg.System) -> None:
        pid = system.whereis("s")
        assert isinstance(pid, Process)
        capacity = server.mailbox.capacity
        assert capacity is not None
        kept = [track(pid, Server.work()) for _ in range(capacity)]
        fate = Fate()
        with pytest.raises(rg.errors.MailboxFull):
            pid.engine.sends.tracked(pid, Server.work(), fate.receipt)
        await system.idle()
        assert [one.told for one in kept] == [["handled"]] * capacity
        assert fate.told == []

    play(body, one(server), hand_off=hand_off)


@pytest.mark.parametrize("server", [Oldest, Newest])
def test_a_tracked_message_is_never_pushed_out(server: type[Server], hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = system.whereis("s")
        assert pid is not None
        kept = track(pid, Server.work())
        pid.cast(Server.work())  # type: ignore[arg-type]
        await system.idle()
        assert kept.told == ["handled"]
        assert system.statistics().dropped == 1

    play(body, one(server), hand_off=hand_off)


def test_a_message_held_up_by_a_hook_is_lost_at_a_full_mailbox(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = system.whereis("s")
        assert pid is not None
        system.suspend(pid)
        fates = [track(pid, Server.work()) for _ in range(3)]
        loop = asyncio.get_running_loop()
        passed = loop.create_future()
        loop.call_later(2.0, passed.set_result, None)
        await passed
        system.resume(pid)
        await system.idle()
        assert [fate.told for fate in fates] == [["handled"], ["handled"], ["drop_newest"]]

    ports = rg.Ports(mailbox_hook=lambda sender, receiver, message, lossy: 1.0)
    play(body, one(), hand_off=hand_off, ports=ports)


def test_a_hook_that_drops_tells(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        fate = track(system.whereis("s"), Server.work())
        await system.idle()
        assert fate.told == ["hook"]

    ports = rg.Ports(mailbox_hook=lambda sender, receiver, message, lossy: "drop")
    play(body, one(), hand_off=hand_off, ports=ports)


# -- plain processes -----------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["next", "return", "raise", "exit", "killed"])
def test_a_plain_process_has_handled_it_when_it_asks_for_the_next(how: str, hand_off: bool) -> None:
    gate = asyncio.Event()

    async def plain() -> None:
        await rg.receive(str)
        await gate.wait()
        if how == "raise":
            raise ValueError("boom")
        if how == "exit":
            rg.exit_process("odd")
        if how == "next":
            await rg.receive(int)

    async def body(system: rg.System) -> None:
        pid = system.spawn(plain)
        fate = track(pid, "hello", info=True)
        await system.idle()
        assert fate.told == []  # taken, not yet handled
        if how == "killed":
            pid.kill()
        gate.set()
        await system.idle()
        if how == "raise":
            assert crashed(fate.told)
        else:
            wanted = {"next": "handled", "return": "handled", "exit": "odd", "killed": rg.KILLED}[how]
            assert fate.told == [wanted]

    play(body, hand_off=hand_off)


def test_a_message_that_a_plain_process_skips_is_lost_at_its_end(hand_off: bool) -> None:
    async def plain() -> None:
        await rg.receive(int)

    async def body(system: rg.System) -> None:
        pid = system.spawn(plain)
        skipped, taken = track(pid, "no match", info=True), track(pid, 1, info=True)
        await system.idle()
        assert not pid.alive
        assert (skipped.told, taken.told) == ([rg.NORMAL], ["handled"])

    play(body, hand_off=hand_off)
