"""Whatever is not deterministic enters through the ports."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

import regrow as rg
from regrow.core.ports import MailboxDecision
from regrow.testing import pass_time, run_virtual


class Box(rg.GenServer):
    mailbox = rg.Mailbox(capacity=1)

    def init(self, log: list[str]) -> None:
        self.log = log

    @rg.cast
    def note(self, text: str) -> None:
        self.log.append(text)

    @rg.call
    def ask(self, text: str) -> str:
        self.log.append(text)
        return text

    @rg.call
    async def hold(self, gate: asyncio.Event) -> None:
        await gate.wait()


class Roomy(Box):
    mailbox = rg.Mailbox(capacity=10)


async def cast(box: rg.Ref[Box], text: str) -> None:
    box.cast(Box.note(text))


async def kill(pid: rg.Pid[object]) -> None:
    pid.kill()


def system_of(ports: rg.Ports, *logs: list[str], hand_off: bool = True) -> rg.System:
    children = [rg.child(Box, name=f"box{i}", args=(log,)) for i, log in enumerate(logs)]
    return rg.System(children, ports=ports, hand_off=hand_off)


def test_the_mailbox_hook_delivers_drops_and_delays(hand_off: bool) -> None:
    asked: list[object] = []

    def hook(sender: object, receiver: object, message: object, lossy: bool) -> MailboxDecision:
        asked.append(message)
        decisions: dict[str, MailboxDecision] = {"gone": "drop", "late": 3.0}
        return decisions.get(message.text, "deliver")  # type: ignore[attr-defined]

    async def body() -> None:
        log: list[str] = []
        ports = rg.Ports(mailbox_hook=hook)
        spec = rg.child(Roomy, name="roomy", args=(log,))
        async with rg.System([spec], ports=ports, hand_off=hand_off) as system:
            box = system.ref("roomy", Roomy)
            for text in ("late", "gone", "now"):
                box.cast(Roomy.note(text))
                await system.idle()
            assert log == []  # what is sent later by the same sender waits behind it
            assert system.statistics().dropped == 1
            assert await box.call(Roomy.ask("late"), timeout=9.0) == "late"
            assert log == ["late", "now", "late"]

    run_virtual(body())
    assert len(asked) >= 3


def test_a_delayed_call_stands_in_line_at_a_full_mailbox() -> None:
    def hook(sender: object, receiver: object, message: object, lossy: bool) -> MailboxDecision:
        return 1.0 if isinstance(message, rg.types.CallMessage) and "late" in repr(message) else "deliver"

    async def body() -> None:
        log: list[str] = []
        async with system_of(rg.Ports(mailbox_hook=hook), log, hand_off=False) as system:
            box = system.ref("box0", Box)
            gate = asyncio.Event()
            holding = asyncio.ensure_future(box.call(Box.hold(gate), timeout=99.0))
            late = asyncio.ensure_future(box.call(Box.ask("late"), timeout=99.0))
            await system.idle()
            system.spawn(cast, box, "fills the only place")  # not by the sender that waits
            await pass_time(5.0)
            assert not late.done()
            gate.set()
            assert await late == "late"
            await holding
            assert log == ["fills the only place", "late"]

    run_virtual(body())


def test_a_delayed_call_learns_at_once_that_its_callee_is_gone() -> None:
    def hook(sender: object, receiver: object, message: object, lossy: bool) -> MailboxDecision:
        return 1.0

    async def body() -> None:
        log: list[str] = []
        async with system_of(rg.Ports(mailbox_hook=hook), log, hand_off=False) as system:
            pid = system.ref("box0", Box).whereis()
            assert pid is not None
            late = asyncio.ensure_future(pid.call(Box.ask("late"), timeout=99.0))
            await system.idle()
            system.spawn(kill, pid)  # by another than the caller, whose call would arrive before
            began = asyncio.get_running_loop().time()
            with pytest.raises(rg.errors.NoProcess):
                await late
            assert asyncio.get_running_loop().time() - began == pytest.approx(1.0)

    run_virtual(body())


def test_the_chooser_picks_who_runs_next() -> None:
    def last(ready: Sequence[object]) -> int:
        return len(ready) - 1

    async def order(ports: rg.Ports) -> list[str]:
        log: list[str] = []
        async with system_of(ports, log, log, log) as system:
            for i in range(3):
                system.ref(f"box{i}", Box).cast(Box.note(str(i)))
            await system.idle()
        return log

    assert run_virtual(order(rg.Ports())) == ["0", "1", "2"]
    assert run_virtual(order(rg.Ports(chooser=last))) == ["2", "1", "0"]


def test_the_step_hook_sees_each_step_and_may_end_it() -> None:
    seen: list[tuple[str, object]] = []

    def kill_at_the_second(pid: object, phase: str, message: object) -> None:
        assert isinstance(pid, rg.Pid)
        if pid.registered_name == "roomy":
            seen.append((phase, message))
            if message == Roomy.note("b"):
                pid.kill()

    async def body() -> None:
        log: list[str] = []
        ports = rg.Ports(step_hook=kill_at_the_second)
        spec = rg.child(Roomy, name="roomy", args=(log,), restart="temporary")
        async with rg.System([spec], ports=ports, hand_off=False) as system:
            pid = system.ref("roomy", Roomy).whereis()
            assert pid is not None
            for text in "abc":
                pid.cast(Roomy.note(text))
            await system.idle()
            assert not pid.alive
            assert log == ["a"]
            assert seen == [("init", None), ("message", Roomy.note("a")), ("message", Roomy.note("b"))]

    run_virtual(body())


def test_what_the_step_hook_raises_before_init_fails_the_start() -> None:
    def refuse(pid: object, phase: str, message: object) -> None:
        assert isinstance(pid, rg.Pid)
        if phase == "init" and pid.registered_name in {"roomy", "plain"}:
            raise LookupError(pid.registered_name)

    async def plain() -> None:
        raise AssertionError("it never begins")

    async def body() -> None:
        supervisor = rg.dynamic_supervisor(name="starter")
        async with rg.System([supervisor], ports=rg.Ports(step_hook=refuse)) as system:
            starter = system.ref("starter", rg.DynamicSupervisor)
            for spec in (rg.child(Roomy, name="roomy", args=([],)), rg.child(plain, name="plain")):
                with pytest.raises(rg.errors.InitFailed, match="LookupError"):
                    await starter.call(rg.DynamicSupervisor.start_child(spec), timeout=1.0)
                assert system.whereis(str(spec.name)) is None

    run_virtual(body())


def test_the_step_hook_sees_what_a_plain_process_receives() -> None:
    seen: list[object] = []

    def hook(pid: object, phase: str, message: object) -> None:
        if isinstance(message, str):
            seen.append((phase, message))
        if message == "bad":
            raise LookupError(message)

    got: list[object] = []

    async def plain() -> None:
        while True:
            got.append(await rg.receive())

    async def body() -> rg.ExitReason:
        async with rg.System([], ports=rg.Ports(step_hook=hook)) as system:
            pid = system.spawn(plain)
            for message in ("good", "bad", "late"):
                pid.send(message)
            return await pid.down(timeout=1.0)

    assert "LookupError" in str(run_virtual(body()))
    assert (seen, got) == ([("message", "good"), ("message", "bad")], ["good"])


def test_serial_numbers_come_from_the_ids_port() -> None:
    class Tens:
        def __init__(self) -> None:
            self.given = 0

        def next(self) -> int:
            self.given += 10
            return self.given

    async def body() -> list[int]:
        log: list[str] = []
        async with system_of(rg.Ports(ids=Tens()), log, log) as system:
            return [pid.serial for pid in system.processes()]

    assert run_virtual(body()) == [10, 20, 30]
