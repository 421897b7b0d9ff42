"""What a mailbox hook holds back keeps the order of each pair of processes, signals and answers included."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

import pytest

import regrow as rg
from regrow.core.ports import MailboxDecision, MailboxHook
from regrow.testing import pass_time, run_virtual


class Node(rg.GenServer):
    """Notes whatever reaches it, and does what it is told to others."""

    trap_exit = True

    def init(self, log: list[object]) -> None:
        self.log = log
        self.handle: rg.ReplyHandle | None = None

    @rg.cast
    def note(self, text: str) -> None:
        self.log.append(text)

    @rg.call
    def ask(self, text: str) -> str:
        self.log.append(text)
        return text

    @rg.call
    def later(self) -> None:
        self.handle = rg.reply_later()

    @rg.cast
    def answer(self, other: rg.Pid[Node], word: str) -> None:
        other.cast(Node.note(word))
        assert self.handle is not None
        self.handle.reply(None)

    @rg.call
    def cast_and_answer(self, other: rg.Pid[Node], word: str) -> str:
        other.cast(Node.note(word))
        return word

    @rg.call
    async def do(self, action: Callable[[Node], object]) -> object:
        result = action(self)
        return await result if asyncio.iscoroutine(result) else result

    @rg.call
    def work(self, action: Callable[[Node], object]) -> object:
        return action(self)

    def handle_info(self, message: object) -> None:
        if isinstance(message, rg.Down):
            self.log.append("down")
        elif isinstance(message, rg.Exit):
            self.log.append("exit")
        else:
            self.log.append(message)


def holding(seconds: float = 3.0, texts: frozenset[object] = frozenset({"slow"})) -> MailboxHook:
    """Holds the messages with these texts."""

    def hook(sender: object, receiver: object, message: object, lossy: bool) -> MailboxDecision:
        held = message if isinstance(message, str) else getattr(message, "text", None)
        return seconds if held in texts else "deliver"

    return hook


async def pair(
    system: rg.System, log: list[object]
) -> tuple[rg.Pid[Node], rg.Pid[Node], rg.Ref[Node], rg.Ref[Node]]:
    a, b = system.ref("a", Node), system.ref("b", Node)
    one, other = a.whereis(), b.whereis()
    assert one is not None
    assert other is not None
    return one, other, a, b


def two(log: list[object], hook: MailboxHook) -> rg.System:
    children = [rg.child(Node, name=name, args=(log,), restart="temporary") for name in ("a", "b")]
    return rg.System(children, ports=rg.Ports(mailbox_hook=hook))


Act = Callable[[rg.Pid[Node]], Callable[[Node], object]]


def say(*texts: str) -> Act:
    def act(other: rg.Pid[Node]) -> Callable[[Node], object]:
        def run(_: Node) -> None:
            for text in texts:
                other.cast(Node.note(text))

        return run

    return act


def test_what_follows_waits_and_what_others_send_does_not() -> None:
    async def body() -> None:
        log: list[object] = []
        async with two(log, holding()) as system:
            _, other, a, b = await pair(system, log)
            await a.call(Node.work(say("slow", "after")(other)), timeout=1.0)
            b.cast(Node.note("from outside"))
            await system.idle()
            assert log == ["from outside"]
            await pass_time(3.0)
            await system.idle()
            assert log == ["from outside", "slow", "after"]

    run_virtual(body())


def test_a_shorter_delay_does_not_overtake_a_longer_one() -> None:
    def hook(sender: object, receiver: object, message: object, lossy: bool) -> MailboxDecision:
        return {"slow": 3.0, "less": 1.0}.get(getattr(message, "text", ""), "deliver")

    async def body() -> None:
        log: list[object] = []
        async with two(log, hook) as system:
            _, _, _, b = await pair(system, log)
            for text in ("slow", "less", "slow", "less"):
                b.cast(Node.note(text))
            await pass_time(2.0)
            assert log == []
            await pass_time(1.0)
            await system.idle()
            assert log == ["slow", "less", "slow", "less"]

    run_virtual(body())


def _exit(other: rg.Pid[Node]) -> Callable[[Node], object]:
    def run(server: Node) -> None:
        other.cast(Node.note("slow"))
        other.exit("enough")

    return run


def _stop(other: rg.Pid[Node]) -> Callable[[Node], object]:
    def run(server: Node) -> None:
        other.cast(Node.note("slow"))
        server.stop()

    return run


def _sync(other: rg.Pid[Node]) -> Callable[[Node], object]:
    async def run(server: Node) -> None:
        other.cast(Node.note("slow"))
        await rg.sync(other, timeout=1.0)
        server.log.append("synced")

    return run


def _reserved(other: rg.Pid[Node]) -> Callable[[Node], object]:
    async def run(server: Node) -> None:
        place = await other.reserve(timeout=1.0)
        other.cast(Node.note("slow"))
        place.commit(Node.note("reserved"))

    return run


def _asked(other: rg.Pid[Node]) -> Callable[[Node], object]:
    async def run(server: Node) -> None:
        other.cast(Node.note("slow"))
        await other.call(Node.ask("asked"), timeout=9.0)

    return run


@pytest.mark.parametrize(
    ("act", "then", "waits"),
    [
        (_exit, "exit", False),
        (_sync, "synced", False),
        (_reserved, "reserved", False),
        (_asked, "asked", True),
    ],
    ids=["exit", "sync", "reserved", "call"],
)
def test_signals_and_the_like_come_after_what_was_sent_before(
    act: Callable[[rg.Pid[Node]], Callable[[Node], object]], then: str, waits: bool
) -> None:
    async def body() -> None:
        log: list[object] = []
        async with two(log, holding()) as system:
            _, other, a, _ = await pair(system, log)
            await a.call(Node.do(act(other)), timeout=9.0)
            await system.idle()
            assert asyncio.get_running_loop().time() == pytest.approx(3.0 if waits else 0.0)
            assert log == ["slow", then]

    run_virtual(body())


@pytest.mark.parametrize("tie", [rg.link, rg.monitor])
def test_exit_and_down_come_after_what_the_dead_had_sent(tie: Callable[[rg.Pid[object]], object]) -> None:
    async def body() -> None:
        log: list[object] = []
        async with two(log, holding()) as system:
            one, other, a, b = await pair(system, log)
            await b.call(Node.work(lambda server: bool(tie(one))), timeout=1.0)
            await a.call(Node.work(_stop(other)), timeout=1.0)
            await system.idle()
            assert log == ["slow", "exit" if tie is rg.link else "down"]

    run_virtual(body())


@pytest.mark.parametrize("deferred", [False, True])
def test_an_answer_comes_after_what_its_server_had_sent_the_caller(deferred: bool) -> None:
    async def body() -> None:
        log: list[object] = []
        async with two(log, holding()) as system:
            one, other, a, b = await pair(system, log)

            async def ask(server: Node) -> None:
                if deferred:
                    await one.call(Node.later(), timeout=9.0)
                else:
                    await one.call(Node.cast_and_answer(other, "slow"), timeout=9.0)

            asking = asyncio.ensure_future(b.call(Node.do(ask), timeout=9.0))
            await system.idle()
            if deferred:
                a.cast(Node.answer(other, "slow"))
            await asking
            assert asyncio.get_running_loop().time() == 0.0
            await system.idle()
            assert log == ["slow"]

    run_virtual(body())


def test_the_answer_of_a_supervised_send_does_so_too() -> None:
    async def body() -> None:
        log: list[object] = []
        async with two(log, holding()) as system:
            one, other, _, b = await pair(system, log)

            async def ask(_: Node) -> None:
                await rg.supervised_send(one, Node.cast_and_answer(other, "slow"), timeout=9.0)

            await b.call(Node.do(ask), timeout=9.0)
            assert asyncio.get_running_loop().time() == 0.0
            await system.idle()
            assert log == ["slow"]

    run_virtual(body())


def test_a_duplicate_is_of_a_plain_cast_or_send_only() -> None:
    lossy_ones: list[object] = []

    def hook(sender: object, receiver: object, message: object, lossy: bool) -> MailboxDecision:
        if lossy:
            lossy_ones.append(message)
        return "duplicate"

    async def body() -> None:
        log: list[object] = []
        async with two(log, hook) as system:
            _, other, _, b = await pair(system, log)
            b.cast(Node.note("cast"))
            b.send("info")
            assert await b.call(Node.ask("call"), timeout=1.0) == "call"
            await rg.supervised_send(other, Node.note("supervised"), timeout=1.0)
            assert log == ["cast", "cast", "info", "info", "call", "supervised"]
            assert lossy_ones == [Node.note("cast"), "info"]

    run_virtual(body())


def test_a_held_duplicate_arrives_twice_in_its_place() -> None:
    def hook(sender: object, receiver: object, message: object, lossy: bool) -> MailboxDecision:
        decisions: dict[str, MailboxDecision] = {"slow": 1.0, "twice": "duplicate"}
        return decisions.get(getattr(message, "text", ""), "deliver")

    async def body() -> None:
        log: list[object] = []
        async with two(log, hook) as system:
            _, _, _, b = await pair(system, log)
            for text in ("slow", "twice", "once"):
                b.cast(Node.note(text))
            await pass_time(1.0)
            await system.idle()
            assert log == ["slow", "twice", "twice", "once"]

    run_virtual(body())


class Peer(rg.GenServer):
    """Sends numbered messages, and notes by sender what it gets."""

    trap_exit = True

    def init(self, log: list[tuple[object, object]]) -> None:
        self.log = log

    @rg.cast
    def got(self, sender: int, number: int) -> None:
        self.log.append((sender, number))

    @rg.call
    def asked(self, sender: int, number: int) -> None:
        self.log.append((sender, number))

    @rg.call
    async def send(self, others: list[rg.Pid[Peer]], seed: int) -> dict[int, int]:
        """Send by all means, in an order of `seed`; says how many went to whom."""
        draws = Random(seed)
        sent: dict[int, int] = {}
        me = self.pid.serial
        for _ in range(20):
            other = draws.choice(others)
            number = sent[other.serial] = sent.get(other.serial, 0) + 1
            match draws.randrange(4):
                case 0:
                    other.cast(Peer.got(me, number))
                case 1:
                    other.send((me, number))
                case 2:
                    await rg.supervised_send(other, Peer.got(me, number), timeout=99.0)
                case _:
                    await other.call(Peer.asked(me, number), timeout=99.0)
        return sent

    def handle_info(self, message: object) -> None:
        if isinstance(message, rg.Exit):
            self.log.append((message.pid.serial, "end"))
        elif isinstance(message, tuple):
            self.log.append(message)

    @rg.call
    def tie(self, others: list[rg.Pid[Peer]]) -> None:
        for other in others:
            rg.link(other)


@pytest.mark.parametrize("seed", range(15))
def test_every_pair_keeps_its_order_whatever_is_held(seed: int) -> None:
    draws = Random(seed)

    def hook(sender: object, receiver: object, message: object, lossy: bool) -> MailboxDecision:
        return draws.choice([0.5, 1.0, 2.0, "deliver", "deliver"]) if sender is not None else "deliver"

    async def body() -> None:
        logs: list[list[tuple[object, object]]] = [[] for _ in range(4)]
        children = [
            rg.child(Peer, name=f"peer{i}", args=(log,), restart="temporary") for i, log in enumerate(logs)
        ]
        async with rg.System(children, ports=rg.Ports(mailbox_hook=hook)) as system:
            pids = [system.ref(f"peer{i}", Peer).whereis() for i in range(4)]
            peers = [pid for pid in pids if pid is not None]
            senders, receivers = peers[:2], peers[2:]
            for receiver in receivers:
                await receiver.call(Peer.tie(senders), timeout=1.0)
            sent = await asyncio.gather(
                *(one.call(Peer.send(receivers, seed + i), timeout=999.0) for i, one in enumerate(senders))
            )
            for one in senders:
                one.kill()  # what is on its way then comes before the news of its death
            await system.idle()
            for log, receiver in zip(logs[2:], receivers, strict=True):
                for one, to in zip(senders, sent, strict=True):
                    got = [what for who, what in log if who == one.serial]
                    assert got == [*range(1, to.get(receiver.serial, 0) + 1), "end"]

    run_virtual(body())
