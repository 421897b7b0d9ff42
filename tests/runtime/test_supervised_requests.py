"""Requests that carry casts and a delivery: what supervised sends stand on."""

from __future__ import annotations

import asyncio
import uuid
from random import Random

import pytest

import regrow as rg
from regrow.core.deliveries import uuid7
from regrow.runtime.items import Receipt, Request
from regrow.runtime.process import Process
from tests.runtime.kit import pause, play, start

KNOWN = rg.CurrentDelivery(id="a1", idempotency_key="k1", attempt=2, metadata={"by": "test"})


class Server(rg.GenServer):
    mailbox = rg.Mailbox(capacity=1)

    def init(self) -> None:
        self.seen: list[object] = []

    @rg.cast
    def work(self) -> None:
        self.seen.append(rg.current_delivery())

    @rg.cast
    async def slow(self, seconds: float) -> None:
        await pause(seconds)
        self.seen.append(rg.current_delivery())

    @rg.cast(blocking=True)
    def blocking(self) -> None:
        self.seen.append(rg.current_delivery())

    @rg.cast
    def stop_with(self, *, reply: bool) -> None:
        self.stop(rg.SHUTDOWN, reply=reply)

    @rg.cast
    def crash(self) -> None:
        raise ValueError("boom")

    @rg.cast
    def put_off(self) -> None:
        rg.reply_later()

    @rg.cast
    async def leave_a_task(self) -> None:
        async def later() -> None:
            await pause(5.0)
            self.seen.append(rg.current_delivery())

        self.task = asyncio.create_task(later())

    @rg.call
    def all(self) -> list[object]:
        return self.seen


def request(pid: rg.Pid[Server], message: object) -> Request:
    assert isinstance(pid, Process)
    loop = asyncio.get_running_loop()
    made = Request(message, loop.create_future(), pid, None, float("inf"), 1.0, delivery=KNOWN)
    pid.engine.sends.request(pid, made)
    return made


@pytest.mark.parametrize("message", [Server.work(), Server.slow(1.0), Server.blocking()], ids=str)
def test_a_cast_is_answered_when_it_is_handled_and_knows_its_delivery(
    hand_off: bool, message: rg.types.CastMessage[Server]
) -> None:
    async def body(system: rg.System) -> object:
        pid = await start(system, Server)
        sent = request(pid, message)
        assert not sent.taken
        await sent.future
        assert sent.taken
        return await pid.call(Server.all(), timeout=1.0)

    assert play(body, hand_off=hand_off) == [KNOWN]


def test_what_is_no_supervised_message_has_no_delivery(hand_off: bool) -> None:
    async def body(system: rg.System) -> object:
        pid = await start(system, Server)
        assert rg.current_delivery() is None
        pid.cast(Server.work())
        await rg.sync(pid)
        pid.cast(Server.slow(0.1))
        await rg.sync(pid)
        return await pid.call(Server.all(), timeout=1.0)

    assert play(body, hand_off=hand_off) == [None, None]


def test_a_task_left_behind_does_not_see_the_delivery_of_a_later_message(hand_off: bool) -> None:
    async def body(system: rg.System) -> object:
        pid = await start(system, Server)
        await request(pid, Server.leave_a_task()).future
        await request(pid, Server.slow(10.0)).future
        return await pid.call(Server.all(), timeout=1.0)

    assert play(body, hand_off=hand_off) == [None, KNOWN]


def test_a_cast_that_crashes_its_server_tells_the_sender(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = await start(system, Server, restart="temporary")
        with pytest.raises(rg.errors.ProcessExited):
            await request(pid, Server.crash()).future
        with pytest.raises(rg.errors.NoProcess):
            await request(pid, Server.work()).future

    play(body, hand_off=hand_off)


def test_a_cast_that_stops_its_server_is_answered_or_marked_as_handled(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = await start(system, Server, restart="temporary")
        await request(pid, Server.stop_with(reply=True)).future
        other = await start(system, Server, restart="temporary", id="other")
        waiting = request(other, Server.stop_with(reply=False))
        with pytest.raises(rg.errors.ProcessExited):
            await waiting.future
        assert waiting.handled

    play(body, hand_off=hand_off)


def test_a_cast_can_not_put_off_its_answer(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = await start(system, Server, restart="temporary")
        with pytest.raises(rg.errors.ProcessExited, match="NoReplyExpected"):
            await request(pid, Server.put_off()).future

    play(body, hand_off=hand_off)


def test_it_waits_for_a_place_and_can_be_withdrawn(hand_off: bool) -> None:
    async def body(system: rg.System) -> object:
        pid = await start(system, Server)
        first = request(pid, Server.slow(1.0))
        await pause(0.5)
        second, third = request(pid, Server.work()), request(pid, Server.work())
        assert not second.taken
        second.future.cancel()
        await third.future
        assert first.future.done()
        assert not second.taken
        assert system.statistics().expired == 1
        return len(await pid.call(Server.all(), timeout=1.0))

    assert play(body, hand_off=hand_off) == 2


def test_a_plain_process_knows_the_delivery_from_receive_to_receive(hand_off: bool) -> None:
    seen: list[object] = []
    told: list[object] = []

    async def plain() -> None:
        for _ in range(2):
            message = await rg.receive()
            seen.append((message, rg.current_delivery()))

    async def body(system: rg.System) -> None:
        pid = system.spawn(plain)
        assert isinstance(pid, Process)
        receipt = Receipt(lambda: told.append("handled"), told.append, KNOWN)
        withdrawn = Receipt(lambda: told.append("no"), told.append)
        pid.engine.sends.tracked(pid, "zero", withdrawn, info=True)
        withdrawn.withdrawn = True
        pid.engine.sends.tracked(pid, "one", receipt, info=True)
        pid.send("two")
        await pid.down(timeout=1.0)

    play(body, hand_off=hand_off)
    assert seen == [("one", KNOWN), ("two", None)]
    assert told == ["handled"]


def test_a_withdrawn_info_is_never_handled_by_a_server(hand_off: bool) -> None:
    told: list[object] = []

    async def body(system: rg.System) -> int:
        pid = await start(system, Server)
        receipt = Receipt(lambda: told.append("handled"), told.append)
        process: object = pid
        assert isinstance(process, Process)
        process.engine.sends.tracked(process, Server.work(), receipt)
        receipt.withdrawn = True
        await rg.sync(pid)
        assert await pid.call(Server.all(), timeout=1.0) == []
        return system.statistics().expired

    assert play(body, hand_off=hand_off) == 1
    assert told == []


def test_ids_are_uuids_of_version_7_in_the_order_of_time() -> None:
    stream = Random(1)
    made = [uuid.UUID(bytes=uuid7(1_700_000_000_000_000 + 1_000 * n // 3, stream)) for n in range(100)]
    assert made == sorted(made)
    assert len(set(made)) == 100
    assert {(one.version, one.variant) for one in made} == {(7, uuid.RFC_4122)}
    assert made[0].int >> 80 == 1_700_000_000_000
    assert made[-1].int >> 64 == 1_700_000_000_033 << 16 | 7 << 12  # 33 ms and no fraction
