"""A broadcast and the loop: idle recipients handle it at once, and thousands of them hold up nobody."""

from __future__ import annotations

import asyncio

import pytest

import regrow as rg
import regrow.testing as rt
from tests.delivery.kit import Worker, pause, play, start
from tests.runtime.kit import Clock


class Slow(Clock):
    """Each look at it takes a millisecond."""

    def __call__(self) -> float:
        self.now += 0.001
        return self.now


class Turns:
    """Counts the turns of the loop from now on."""

    def __init__(self) -> None:
        self.count = 0
        self.over = False
        self._next()

    def _next(self) -> None:
        if not self.over:
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self.count += 1
        self._next()

    def stop(self) -> int:
        self.over = True
        return self.count


async def crowd(system: rg.System, count: int) -> tuple[list[rg.Pid[Worker]], list[object]]:
    seen: list[object] = []
    pids = [
        await start(system, Worker, args=(seen,), id=f"w{n}", name=f"w{n}", restart="transient")
        for n in range(count)
    ]
    return pids, seen


@pytest.mark.parametrize("strategy", ["best_effort", "all_or_nothing"])
def test_others_get_their_turns_while_it_goes_out_and_comes_back(
    hand_off: bool, strategy: rg.types.Strategy
) -> None:
    async def body(system: rg.System) -> None:
        pids, seen = await crowd(system, 100)
        turns = Turns()
        result = await rg.broadcast(pids, Worker.work("a"), timeout=5.0, strategy=strategy)
        assert turns.stop() >= 10
        assert [one.status for one in result.results] == ["handled"] * 100
        assert [one.recipient for one in result.results] == pids
        assert seen == ["a"] * 100

    play(body, hand_off=hand_off, ports=rg.Ports(monotonic=Slow()))


def test_the_deadline_may_come_while_it_still_goes_out(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pids, seen = await crowd(system, 50)
        for pid in pids:
            pid.cast(Worker.note_slowly(9.0))
        await pause(1.0)
        result = await rg.broadcast(pids, Worker.note("late"), timeout=1e-9)
        assert {type(one.error) for one in result.results} == {rg.errors.DeliveryTimeout}
        assert len(result.results) == 50
        await pause(20.0)
        assert "late" not in seen

    play(body, hand_off=hand_off, ports=rg.Ports(monotonic=Slow()))


def test_who_is_idle_handles_it_at_once(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pids, seen = await crowd(system, 3)
        system.events.subscribe("delivery", lambda event: told.append(event.name))
        told: list[str] = []
        turns = Turns()
        before = system.statistics()
        result = await rg.broadcast(pids, Worker.work("a"), timeout=5.0)
        assert (turns.stop() == 0) is hand_off
        assert [(one.status, one.attempts, one.pid) for one in result.results] == [
            ("handled", 1, pid) for pid in pids
        ]
        assert [one.reply for one in result.results] == [("done", "a")] * 3
        assert len({one.id for one in result.results}) == 3
        after = system.statistics()
        assert (after.sent - before.sent, after.delivered - before.delivered) == (3, 3)
        await pause(1.0)
        assert sorted(told) == ["delivery.handled"] * 3 + ["delivery.started"] * 3
        assert seen == ["a"] * 3

    play(body, hand_off=hand_off)


def test_all_have_it_before_one_of_all_or_nothing_begins(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pids, seen = await crowd(system, 3)
        casting = asyncio.create_task(
            rg.broadcast(pids, Worker.work("a"), timeout=5.0, strategy="all_or_nothing")
        )

        def waiting() -> list[int] | None:
            """How many wait in each mailbox, as soon as any does."""
            lengths = [one.mailbox_length for one in system.listing.processes() if one.pid in pids]
            assert seen == []
            return lengths if any(lengths) else None

        assert await rt.wait_for(waiting) == [1, 1, 1]
        assert (await casting).ok
        assert seen == ["a"] * 3

    play(body, hand_off=hand_off)


def test_what_can_not_be_sent_to_one_is_raised_before_anybody_has_it(hand_off: bool) -> None:
    class Other(rg.GenServer):
        @rg.call
        async def gossip(self, pids: list[object]) -> str:
            with pytest.raises(rg.errors.CallToSelf):
                await rg.broadcast([*targets, self.pid], "news", timeout=1.0)
            return "told"

    targets: list[rg.Pid[Worker]] = []

    async def body(system: rg.System) -> None:
        pids, seen = await crowd(system, 2)
        targets.extend(pids)
        other = await start(system, Other)
        with pytest.raises(rg.errors.WrongServer):
            await rg.broadcast([*pids, other], Worker.work("a"), timeout=1.0)  # type: ignore[misc]
        assert await other.call(Other.gossip([]), timeout=5.0) == "told"
        await pause(1.0)
        assert seen == []

    play(body, hand_off=hand_off)


def test_one_that_crashes_stops_or_answers_later_goes_on_like_any_send(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pids, seen = await crowd(system, 4)
        for message, status in [("refuse", "rejected"), ("stop", "handled")]:
            result = await rg.broadcast(["w0"], Worker.work(message), timeout=5.0)
            assert [one.status for one in result.results] == [status]
        crashed = await rg.broadcast([pids[1], "w2"], Worker.work("crash"), timeout=60.0, retries=1)
        assert [one.status for one in crashed.results] == ["failed", "failed"]
        assert [one.attempts for one in crashed.results] == [1, 2]
        assert all(isinstance(one.error, rg.errors.ProcessExited) for one in crashed.results)
        later = await rg.broadcast(["w3"], Worker.later(2.0), timeout=5.0)
        assert later.results[0].reply == "later"
        assert later.results[0].seconds == pytest.approx(2.0)
        assert seen == ["refuse", "stop", "crash", "crash", "crash"]

    play(body, hand_off=hand_off, max_restarts=10)


def test_a_breaker_is_asked_and_told(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        await crowd(system, 2)
        breakers = rg.Breakers.of(system)
        breakers.force_open("w1")
        result = await rg.broadcast(["w0", "w1"], Worker.work("a"), timeout=5.0)
        assert [one.status for one in result.results] == ["handled", "failed"]
        assert isinstance(result.results[1].error, rg.errors.CircuitOpen)
        past = await rg.broadcast(["w0", "w1"], Worker.work("a"), timeout=5.0, breaker=False)
        assert [one.status for one in past.results] == ["handled", "handled"]

    play(body, hand_off=hand_off)


def test_the_handler_knows_its_delivery(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pids, _ = await crowd(system, 2)
        result = await rg.broadcast(pids, Worker.who(), timeout=5.0, metadata={"by": "me"})
        known = [one.reply for one in result.results]
        assert [one is not None and one.metadata for one in known] == [{"by": "me"}] * 2
        assert [one is not None and one.id for one in known] == [one.id for one in result.results]

    play(body, hand_off=hand_off)
