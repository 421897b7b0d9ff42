"""`rg.broadcast`: one message to many, at once, under one deadline."""

from __future__ import annotations

import asyncio

import pytest

import regrow as rg
from tests.delivery.kit import Kept, Narrow, Worker, pause, play, start


class Roomy(Worker):
    mailbox = rg.Mailbox(capacity=2)


Pids = list[rg.Pid[Worker]]


class Pair(Worker):
    mailbox = rg.Mailbox(capacity=2)


async def several(
    system: rg.System, count: int, kind: type[Worker] = Worker
) -> tuple[Pids, list[list[object]]]:
    seen: list[list[object]] = [[] for _ in range(count)]
    pids: Pids = [
        await start(system, kind, args=(seen[n],), id=f"w{n}", name=f"w{n}", restart="temporary")
        for n in range(count)
    ]
    return pids, seen


def test_all_at_once_under_one_deadline(hand_off: bool) -> None:
    """A1.8: as long as the slowest, not as all together."""

    async def body(system: rg.System) -> None:
        pids, _ = await several(system, 20)
        result = await rg.broadcast(pids, Worker.slow(2.0), timeout=5.0)
        assert result.seconds == pytest.approx(2.0)
        assert [one.reply for one in result.results] == ["slow"] * 20
        late = await rg.broadcast(pids, Worker.slow(9.0), timeout=3.0)
        assert late.seconds == pytest.approx(3.0)
        assert {type(one.error) for one in late.results} == {rg.errors.DeliveryTimeout}

    play(body, hand_off=hand_off)


def test_a_result_for_each_in_the_order_given(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pids, seen = await several(system, 3)
        pids[1].kill()
        await pids[1].down(timeout=1.0)
        given: list[rg.Pid[Worker] | rg.Ref[Worker] | str] = [
            "w2",
            "nobody",
            pids[0],
            pids[1],
            system.ref("w2", Worker),
        ]
        result = await rg.broadcast(given, Worker.work("a"), timeout=5.0)
        assert result.ok
        assert [one.status for one in result.results] == ["handled", "failed", "handled", "failed", "handled"]
        assert [one.recipient for one in result.results] == ["w2", "nobody", pids[0], pids[1], "w2"]
        assert (len(result.reached), len(result.failed)) == (3, 2)
        assert seen == [["a"], [], ["a", "a"]]

    play(body, hand_off=hand_off)


@pytest.mark.parametrize("strategy", ["best_effort", "all_or_nothing"])
def test_nobody_is_everybody(hand_off: bool, strategy: rg.types.Strategy) -> None:
    """A1.7: the empty list has one meaning, said for every strategy."""

    async def body(system: rg.System) -> None:
        result = await rg.broadcast([], Worker.work("a"), timeout=5.0, strategy=strategy)
        assert (result.ok, result.results) == (True, ())

    play(body, hand_off=hand_off)


def test_at_least_one_fails_if_it_reached_none(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        await several(system, 1)
        result = await rg.broadcast(["nobody", "w0"], Worker.work("a"), timeout=5.0, strategy="at_least_one")
        assert (result.ok, len(result.reached)) == (True, 1)
        for none in ([], ["nobody", "no one"]):
            with pytest.raises(rg.errors.BroadcastFailed) as caught:
                await rg.broadcast(none, Worker.work("a"), timeout=5.0, strategy="at_least_one")
            assert isinstance(caught.value.result, rg.BroadcastResult)
            assert len(caught.value.result.results) == len(none)
        quiet = await rg.broadcast([], "a", timeout=5.0, strategy="at_least_one", on_error="ignore")
        assert not quiet.ok

    play(body, hand_off=hand_off)


def test_all_or_nothing_sends_to_nobody_if_one_is_gone(hand_off: bool) -> None:
    """A1.6."""

    async def body(system: rg.System) -> None:
        pids, seen = await several(system, 3)
        with pytest.raises(rg.errors.BroadcastFailed) as caught:
            await rg.broadcast([*pids, "nobody"], Worker.work("a"), timeout=5.0, strategy="all_or_nothing")
        result = caught.value.result
        assert isinstance(result, rg.BroadcastResult)
        assert [type(one.error) for one in result.results] == [rg.errors.NotSent] * 4
        await pause(10.0)
        assert seen == [[], [], []]
        rg.Breakers.of(system).force_open("w1")
        with pytest.raises(rg.errors.BroadcastFailed, match="all_or_nothing"):
            await rg.broadcast(pids, Worker.work("a"), timeout=5.0, strategy="all_or_nothing")
        assert seen == [[], [], []]
        result = await rg.broadcast(pids[:1], Worker.work("a"), timeout=5.0, strategy="all_or_nothing")
        assert (result.ok, seen) == (True, [["a"], [], []])

    play(body, hand_off=hand_off)


async def fill(pid: rg.Pid[Worker], seconds: float) -> None:
    """One that works for so long, and one that waits: the mailbox of a `Narrow` is full."""
    pid.cast(Worker.note_slowly(seconds))
    await pause(0.0)
    await pause(0.0)
    pid.cast(Worker.note("filler"))


def test_all_or_nothing_waits_for_a_place_with_everybody_and_holds_none(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pids, seen = await several(system, 3, Narrow)
        await fill(pids[0], 3.0)
        await fill(pids[2], 5.0)
        casting = asyncio.create_task(
            rg.broadcast(pids, Worker.note("all"), timeout=20.0, strategy="all_or_nothing")
        )
        await pause(4.0)
        assert not any("all" in one for one in seen)
        pids[1].cast(Worker.note("free"))  # a place is held with nobody meanwhile
        pids[0].cast(Worker.note("free"))
        await rg.sync(pids[0])
        result = await casting
        assert (result.ok, len(result.reached)) == (True, 3)
        assert result.seconds == pytest.approx(5.0)
        assert [one[-1] for one in seen] == ["all"] * 3

    play(body, hand_off=hand_off)


def test_all_or_nothing_gives_up_at_the_deadline(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pids, seen = await several(system, 2, Narrow)
        await fill(pids[1], 50.0)
        result = await rg.broadcast(
            pids, Worker.note("all"), timeout=5.0, strategy="all_or_nothing", on_error="ignore"
        )
        assert result.ok is False
        assert result.seconds == pytest.approx(5.0)
        assert all(isinstance(one.error, rg.errors.NotSent) for one in result.results)
        await pause(100.0)
        assert not any("all" in one for one in seen)

    play(body, hand_off=hand_off)


def test_all_or_nothing_learns_of_a_death_while_it_waits(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pids, seen = await several(system, 2, Narrow)
        await fill(pids[1], 50.0)
        casting = asyncio.create_task(
            rg.broadcast(pids, Worker.note("all"), timeout=30.0, strategy="all_or_nothing")
        )
        await pause(2.0)
        pids[1].kill()
        with pytest.raises(rg.errors.BroadcastFailed):
            await casting
        assert asyncio.get_running_loop().time() == pytest.approx(2.0)
        assert "all" not in seen[0]

    play(body, hand_off=hand_off)


def test_two_broadcasts_to_the_same_full_ones_do_not_lock_each_other_out(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pids, seen = await several(system, 3, Narrow)
        for n, pid in enumerate(pids):
            await fill(pid, 1.0 + n)
        castings = [
            asyncio.create_task(
                rg.broadcast(order, Worker.note_slowly(1.0), timeout=60.0, strategy="all_or_nothing")
            )
            for order in (pids, pids[::-1], [pids[1], pids[0], pids[2]])
        ]
        assert all([(await casting).ok for casting in castings])
        assert [one.count(("slowly", 1.0)) for one in seen] == [4, 3, 3]

    play(body, hand_off=hand_off)


def test_one_that_dies_after_acceptance_says_so_and_the_others_have_it(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pids, _ = await several(system, 3)
        casting = asyncio.create_task(
            rg.broadcast(pids, Worker.slow(5.0), timeout=30.0, strategy="all_or_nothing")
        )
        await pause(1.0)
        pids[1].kill()
        result = await casting
        assert result.ok
        assert [one.status for one in result.results] == ["handled", "failed", "handled"]
        assert isinstance(result.results[1].error, rg.errors.ProcessExited)

    play(body, hand_off=hand_off)


def test_who_stands_there_twice_needs_two_places(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pids, seen = await several(system, 1, Narrow)
        with pytest.raises(rg.errors.BroadcastFailed):
            await rg.broadcast(pids * 2, Worker.note("all"), timeout=1.0, strategy="all_or_nothing")
        assert seen == [[]]
        result = await rg.broadcast(pids * 2, Worker.note("all"), timeout=1.0)
        assert (len(result.reached), seen) == (2, [["all", "all"]])
        roomy = await start(system, Roomy, args=(seen[0],), id="roomy")
        await fill(roomy, 3.0)
        result = await rg.broadcast([roomy] * 2, Worker.note("two"), timeout=9.0, strategy="all_or_nothing")
        assert result.ok is True
        assert result.seconds == pytest.approx(3.0)

    play(body, hand_off=hand_off)


def test_two_broadcasts_that_name_somebody_twice_wait_in_peace_for_two_places(hand_off: bool) -> None:
    """Found by simulation: each took the free place, gave it back and took it again, until the deadline."""

    async def body(system: rg.System) -> None:
        pids, seen = await several(system, 1, Pair)
        await fill(pids[0], 1.0)  # one works, one waits: there is one place
        looked: list[object] = []
        system.events.subscribe("mailbox.full", looked.append)
        casting = [
            asyncio.ensure_future(
                rg.broadcast([*pids, *pids], Worker.work(who), timeout=9.0, strategy="all_or_nothing")
            )
            for who in "ab"
        ]
        results = await asyncio.gather(*casting)
        assert [result.ok for result in results] == [True, True]
        assert seen[0][-4:] == ["a", "a", "b", "b"]
        assert len(looked) < 10

    play(body, hand_off=hand_off)


def test_each_failed_one_is_dead_lettered(hand_off: bool) -> None:
    journal = Kept()

    async def body(system: rg.System) -> None:
        await several(system, 1)
        result = await rg.broadcast(
            ["w0", "nobody", "no one"], Worker.work("a"), timeout=5.0, on_error="dead_letter"
        )
        assert [one.status for one in result.results] == ["handled", "dead_lettered", "dead_lettered"]
        assert len(journal.operations) == 2

    play(body, hand_off=hand_off, services=[journal])


def test_a_bad_broadcast_is_refused(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        await several(system, 1)
        with pytest.raises(rg.errors.BadDeliveryOption, match=r"strategy='most'.*'best_effort'"):
            await rg.broadcast(["w0"], Worker.work("a"), timeout=5.0, strategy="most")  # type: ignore[call-overload]
        with pytest.raises(rg.errors.BadAddress):
            await rg.broadcast("w0", Worker.work("a"), timeout=5.0)
        with pytest.raises(rg.errors.BadAddress, match=r"None is no address .* a list of"):
            await rg.broadcast(None, Worker.work("a"), timeout=5.0)  # type: ignore[call-overload]
        with pytest.raises(rg.errors.BadAddress):
            await rg.broadcast(["w0", 3], Worker.work("a"), timeout=5.0)  # type: ignore[list-item]
        with pytest.raises(rg.errors.BadDeliveryOption, match="durable"):
            await rg.broadcast(["w0"], Worker.work("a"), timeout=5.0, durable=True)

    play(body, hand_off=hand_off)


def test_a_cancelled_broadcast_is_withdrawn(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pids, seen = await several(system, 3)
        for pid in pids:
            pid.cast(Worker.note_slowly(5.0))
        casting = asyncio.create_task(rg.broadcast(pids, Worker.note("never"), timeout=50.0))
        await pause(1.0)
        casting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await casting
        await pause(60.0)
        assert seen == [[("slowly", 5.0)]] * 3

    play(body, hand_off=hand_off)
