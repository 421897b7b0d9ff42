"""`rg.Credit`: a producer that never is more than a window ahead; and sends from other threads."""

from __future__ import annotations

import asyncio

import pytest

import regrow as rg
from regrow.testing import run_virtual
from tests.delivery.kit import Worker, pause, play, start, worker


def test_a_producer_is_never_more_than_the_window_ahead(hand_off: bool) -> None:
    seen: list[object] = []

    async def body(system: rg.System) -> None:
        sent: list[float] = []
        now = asyncio.get_running_loop().time
        async with rg.Credit(system.ref("worker", Worker), window=2) as credit:
            for _ in range(6):
                await credit.send(Worker.note_slowly(1.0), timeout=10.0)
                sent.append(now())
            assert credit.left == 0
        assert sent == pytest.approx([0.0, 0.0, 1.0, 2.0, 3.0, 4.0])
        assert now() == pytest.approx(6.0)
        assert (credit.handled, credit.failed, credit.left) == (6, 0, 2)

    play(body, worker(seen), hand_off=hand_off)
    assert len(seen) == 6


def test_who_waits_longest_goes_first_and_a_cancelled_one_leaves_the_line(hand_off: bool) -> None:
    seen: list[object] = []

    async def body(system: rg.System) -> None:
        credit = rg.Credit(system.ref("worker", Worker), window=1)
        await credit.send(Worker.note_slowly(1.0), timeout=10.0)
        sends = [asyncio.create_task(credit.send(Worker.note(n), timeout=10.0)) for n in range(4)]
        await pause(0.5)
        sends[1].cancel()
        await asyncio.wait(sends)
        await credit.drain(timeout=5.0)

    play(body, worker(seen), hand_off=hand_off)
    assert seen == [("slowly", 1.0), 0, 2, 3]


def test_no_credit_in_time_is_an_error_and_nothing_is_sent(hand_off: bool) -> None:
    seen: list[object] = []

    async def body(system: rg.System) -> None:
        credit: rg.Credit[Worker] = rg.Credit("worker", window=1)
        await credit.send(Worker.note_slowly(5.0), timeout=10.0)
        with pytest.raises(rg.errors.DeliveryTimeout):
            await credit.send(Worker.note("never"), timeout=2.0)
        with pytest.raises(rg.errors.WaitTimeout):
            await credit.drain(timeout=1.0)
        await credit.drain(timeout=9.0)

    play(body, worker(seen), hand_off=hand_off)
    assert seen == [("slowly", 5.0)]


def test_a_failure_is_raised_at_the_next_send_or_at_the_end(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        credit: rg.Credit[Worker] = rg.Credit("nobody", window=1)
        await credit.send(Worker.note(1), timeout=1.0)
        with pytest.raises(rg.errors.NoProcess):
            await credit.send(Worker.note(2), timeout=1.0)
        with pytest.raises(rg.errors.NoProcess):
            async with credit:
                await credit.send(Worker.note(3), timeout=1.0)
        quiet: rg.Credit[Worker] = rg.Credit("nobody", on_error="ignore")
        await quiet.send(Worker.note(1), timeout=1.0)
        await quiet.drain(timeout=1.0)
        assert (credit.failed, quiet.failed) == (2, 1)

    play(body, hand_off=hand_off)


@pytest.mark.parametrize("how", ["stop", "kill"])
@pytest.mark.parametrize("retries", [0, 5])
def test_when_the_system_ends_nobody_waits_for_credit_any_more(
    hand_off: bool, how: str, retries: int
) -> None:
    async def main() -> None:
        seen: list[object] = []
        async with rg.System([worker(seen)], hand_off=hand_off) as system:
            credit = rg.Credit(system.ref("worker", Worker), window=2, retries=retries)
            await credit.send(Worker.note_slowly(1_000.0), timeout=5_000.0)
            await credit.send(Worker.note("never"), timeout=5_000.0)
            sends = [asyncio.create_task(credit.send(Worker.note(n), timeout=5_000.0)) for n in range(3)]
            draining = asyncio.create_task(credit.drain(timeout=5_000.0))
            await pause(1.0)
            assert not any(task.done() for task in (*sends, draining))
            if how == "kill":
                system.kill()
                await system.wait()
            else:
                await system.stop()
            ended = await asyncio.wait_for(
                asyncio.gather(*sends, draining, return_exceptions=True), timeout=100.0
            )
        assert any(isinstance(one, rg.errors.ProcessExited) for one in ended)
        assert (credit.left, credit.handled) == (2, 0)
        assert seen == []
        with pytest.raises(rg.errors.NotStarted):
            await credit.send(Worker.note("too late"), timeout=5.0)

    run_virtual(main(), limit=20.0)


def test_a_bad_credit_is_refused(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        for window in (0, -1, 1.5, "3"):
            with pytest.raises(rg.errors.BadDeliveryOption, match="window"):
                rg.Credit("worker", window=window)  # type: ignore[arg-type]
        with pytest.raises(rg.errors.BadDeliveryOption, match="given back"):
            rg.Credit("worker", ack="accepted")
        with pytest.raises(rg.errors.BadDeliveryOption, match="given back"):
            rg.Credit("worker", durable=True)

    play(body, hand_off=hand_off)


# -- from other threads ------------------------------------------------------------------------


class Thinker(Worker):
    @rg.call(blocking=True)
    def think(self, to: rg.Ref[Worker]) -> tuple[str, object]:
        by_ref = rg.supervised_send_from_thread(to, Worker.work("ref"), timeout=5.0)
        by_name = rg.supervised_send_from_thread("worker", Worker.work("name"), timeout=5.0)
        return by_ref.status, by_name.reply

    @rg.call(blocking=True, raises=(rg.errors.NoProcess, rg.errors.CallCycle))
    def fail(self, to: str | rg.Pid[Worker]) -> None:
        rg.supervised_send_from_thread(to, Worker.note("x"), timeout=5.0)


def test_a_thread_sends_and_waits(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pid = await start(system, Thinker, args=([],))
        ref = system.ref("worker", Worker)
        assert await pid.call(Thinker.think(ref), timeout=5.0) == ("handled", ("done", "name"))
        with pytest.raises(rg.errors.NoProcess):
            await pid.call(Thinker.fail("nobody"), timeout=5.0)
        with pytest.raises(rg.errors.CallCycle):
            await pid.call(Thinker.fail(pid), timeout=5.0)
        with pytest.raises(rg.errors.LoopThread):
            rg.supervised_send_from_thread(ref, Worker.work(1), timeout=1.0)
        outside = asyncio.to_thread(rg.supervised_send_from_thread, ref, Worker.work(1), timeout=1.0)
        assert (await outside).reply == ("done", 1)
        with pytest.raises(rg.errors.BadAddress, match=r"system\.ref"):
            await asyncio.to_thread(rg.supervised_send_from_thread, "worker", Worker.work(1), timeout=1.0)

    play(body, worker([]), hand_off=hand_off, threads=True)
