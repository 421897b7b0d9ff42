"""Barriers, sequences and gates: who waits, who goes on, and what is said when nobody can."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.testing.virtual.waits import waits_of
from tests.testing.servers import Counter, counter, later, now, play


def go(name: str, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """A task with a name, so that texts can be compared."""
    return asyncio.create_task(coroutine, name=name)


class Party(rg.GenServer):
    """Comes to a barrier, or to a gate, when it is told."""

    @rg.cast
    async def come(self, barrier: rt.Barrier | rt.Gate) -> None:
        await barrier.wait(timeout=5.0)

    @rg.call
    def ping(self) -> str:
        return "pong"


# -- barrier -------------------------------------------------------------------------------------


def test_all_go_on_when_the_last_has_come_and_again() -> None:
    async def main() -> None:
        barrier = rt.Barrier(3)
        log: list[str] = []

        async def party(name: str) -> int:
            place = await barrier.wait()
            log.append(name)
            return place

        for _ in range(2):
            a, b = go("a", party("a")), go("b", party("b"))
            await rt.wait_idle()
            assert barrier.waiting == ("a", "b")
            assert repr(barrier) == "<Barrier: 2 of 3 have come>"
            assert log == []
            assert await barrier.wait() == 2
            assert [await a, await b] == [0, 1]
            assert log == ["a", "b"]
            log.clear()
        assert (barrier.parties, barrier.broken, now()) == (3, False, 0.0)
        assert await rt.Barrier(1).wait() == 0

    rt.run_virtual(main())


def test_who_waits_too_long_breaks_it_for_all() -> None:
    async def main() -> None:
        barrier = rt.Barrier(3)
        a = go("a", barrier.wait(timeout=2.0))
        await rt.wait_idle()
        b = go("b", barrier.wait(timeout=60.0))
        for task in (a, b):
            with pytest.raises(rg.errors.BarrierBroken) as caught:
                await task
            assert str(caught.value) == "the barrier of 3 is broken: a waited 2 s; 2 had come: a, b"
            assert (caught.value.parties, caught.value.came) == (3, ("a", "b"))
        assert now() == 2.0
        with pytest.raises(AssertionError, match="a waited 2 s"):
            await barrier.wait()
        assert repr(barrier) == "<Barrier: broken>"
        barrier.reset()
        tasks = [go(name, barrier.wait()) for name in "cde"]
        assert [await task for task in tasks] == [0, 1, 2]

    rt.run_virtual(main())


def test_a_party_that_is_cancelled_or_ends_breaks_it() -> None:
    async def body(system: rg.System) -> None:
        barrier = rt.Barrier(3)
        a, b = go("a", barrier.wait()), go("b", barrier.wait())
        await rt.wait_idle()
        b.cancel()
        with pytest.raises(rg.errors.BarrierBroken) as caught:
            await a
        text = "the barrier of 3 is broken: b was cancelled, or ended, while it waited; 2 had come: a, b"
        assert str(caught.value) == text
        with pytest.raises(asyncio.CancelledError):
            await b
        barrier.reset()
        pid = system.whereis("party")
        assert pid is not None
        a = go("a", barrier.wait())
        system.ref("party", Party).cast(Party.come(barrier))
        await rt.wait_for(lambda: barrier.waiting == ("a", str(pid)))
        pid.kill()
        with pytest.raises(rg.errors.BarrierBroken, match="Party 'party'> was cancelled, or ended, while it"):
            await a
        assert now() == 0.0

    play(body, rg.child(Party, name="party"))


def test_a_member_that_ends_before_it_came_breaks_it() -> None:
    async def body(system: rg.System) -> None:
        pid = system.whereis("party")
        assert pid is not None
        barrier = rt.Barrier(2, members=[pid])
        later(0.5, lambda: pid.exit("enough"))
        with pytest.raises(rg.errors.BarrierBroken) as caught:
            await barrier.wait(timeout=60.0)
        assert now() == 0.5
        assert caught.value.why == f"{pid} ended: 'enough'"
        of_the_dead = rt.Barrier(2, members=[pid])
        await rt.wait_for(lambda: of_the_dead.broken)
        with pytest.raises(rg.errors.BarrierBroken, match=r"ended: no such process; 0 had come$"):
            await of_the_dead.wait()

    play(body, rg.child(Party, name="party"))


def test_it_is_released_aborted_and_reset_by_hand() -> None:
    async def main() -> None:
        barrier = rt.Barrier(3)
        a = go("a", barrier.wait())
        await rt.wait_idle()
        assert barrier.release() == 1
        assert await a == 0
        assert barrier.release() == 0
        b = go("b", barrier.wait())
        await rt.wait_idle()
        barrier.reset()
        assert not barrier.broken
        with pytest.raises(
            rg.errors.BarrierBroken, match=r"^the barrier of 3 is broken: it was reset; 1 had"
        ):
            await b
        c = go("c", barrier.wait())
        await rt.wait_idle()
        barrier.abort("the test is over")
        with pytest.raises(rg.errors.BarrierBroken) as caught:
            await c
        assert str(caught.value) == "the barrier of 3 is broken: the test is over; 1 had come: c"
        assert barrier.broken

    rt.run_virtual(main())


def test_a_cancel_after_all_have_come_breaks_nothing() -> None:
    async def main() -> None:
        barrier = rt.Barrier(2)
        a = go("a", barrier.wait())
        await rt.wait_idle()
        assert await barrier.wait() == 1
        a.cancel()
        with pytest.raises(asyncio.CancelledError):
            await a
        assert not barrier.broken

    rt.run_virtual(main())


@pytest.mark.parametrize("parties", [0, -1, 1.5, True, None])
def test_a_barrier_is_for_whole_numbers_of_parties(parties: Any) -> None:
    with pytest.raises(rg.errors.BadWait) as caught:
        rt.Barrier(parties)
    assert str(caught.value) == f"{parties!r} can't be used: parties is a whole number from 1"


def test_members_are_pids_and_no_more_than_parties() -> None:
    async def body(system: rg.System) -> None:
        pid = system.root
        with pytest.raises(rg.errors.BadWait, match="members are Pids"):
            rt.Barrier(1, members=["party"])  # type: ignore[list-item]
        with pytest.raises(rg.errors.BadWait, match="more members than the 1 parties"):
            rt.Barrier(1, members=[pid, pid])

    play(body)


# -- sequencer -----------------------------------------------------------------------------------


def test_steps_run_by_number_whoever_comes_first() -> None:
    async def main() -> None:
        seq = rt.Sequencer()
        log: list[int] = []

        async def worker(*steps: int) -> None:
            for step in steps:
                async with seq(step):
                    log.append(step)
                    await rt.never(lambda: False, for_=0.1)  # the next one has to wait for the end

        await asyncio.gather(worker(2, 5), worker(1, 4), worker(0, 3))
        assert log == [0, 1, 2, 3, 4, 5]
        assert abs(now() - 0.6) < 1e-9

    rt.run_virtual(main())


def test_a_step_ends_also_when_it_raises() -> None:
    async def main() -> None:
        seq = rt.Sequencer()

        async def fails() -> None:
            async with seq(0):
                raise KeyError("x")

        task = go("fails", fails())
        async with seq(1):
            assert task.done()
        with pytest.raises(KeyError):
            await task

    rt.run_virtual(main())


def test_a_step_that_does_not_come_is_named_and_breaks_the_rest() -> None:
    async def main() -> None:
        seq = rt.Sequencer()

        async def step(number: int, timeout: float) -> None:
            async with seq(number, timeout=timeout):
                raise AssertionError

        two, three = go("two", step(2, 0.5)), go("three", step(3, 60.0))
        with pytest.raises(rg.errors.SequenceBroken) as caught:
            await two
        assert str(caught.value) == "step 2 of the sequence can't begin: step 0 had not come after 0.5 s"
        assert (caught.value.step, now()) == (2, 0.5)
        assert isinstance(caught.value, AssertionError)
        with pytest.raises(
            rg.errors.SequenceBroken, match=r"^step 3 of the sequence can't begin: step 0 had"
        ):
            await three
        with pytest.raises(rg.errors.SequenceBroken):
            await step(0, 1.0)

    rt.run_virtual(main())


def test_a_step_that_does_not_end_is_named() -> None:
    async def main() -> None:
        seq = rt.Sequencer()

        async def holds() -> None:
            async with seq(0):
                await asyncio.Event().wait()

        task = go("holds", holds())
        with pytest.raises(rg.errors.SequenceBroken, match=r"begin: step 0 had not ended after 1 s$"):
            async with seq(1):
                pass
        task.cancel()

    rt.run_virtual(main())


def test_a_step_that_is_cancelled_while_it_waits_breaks_the_rest() -> None:
    async def main() -> None:
        seq = rt.Sequencer()

        async def step(number: int) -> None:
            async with seq(number):
                pass

        one, two = go("one", step(1)), go("two", step(2))
        await rt.wait_idle()
        one.cancel()
        with pytest.raises(rg.errors.SequenceBroken) as caught:
            await two
        assert caught.value.why == "one was cancelled, or ended, while it waited for the turn of step 1"
        with pytest.raises(asyncio.CancelledError):
            await one

    rt.run_virtual(main())


def test_each_step_comes_once_and_is_a_whole_number() -> None:
    async def main() -> None:
        seq = rt.Sequencer()
        async with seq(0):
            pass
        with pytest.raises(rg.errors.BadWait) as caught:
            async with seq(0):
                pass
        assert str(caught.value) == "0 can't be used: that step has been taken: each comes once in a sequence"
        for bad in (-1, 0.5, True, "1"):
            with pytest.raises(rg.errors.BadWait, match=r"a step is a whole number from 0$"):
                async with seq(bad):  # type: ignore[arg-type]
                    pass

    rt.run_virtual(main())


# -- gate ----------------------------------------------------------------------------------------


def test_a_gate_holds_a_handler_at_one_place() -> None:
    async def body(system: rg.System) -> None:
        gate = rt.Gate()
        party = system.ref("party", Party)
        party.cast(Party.come(gate))
        await rt.wait_for(lambda: gate.waiting)
        assert gate.waiting == (str(system.whereis("party")),)
        assert repr(gate) == "<Gate: closed, 1 wait>"
        asking = go("asking", party.call(Party.ping(), timeout=5.0))
        await rt.wait_idle()
        assert not asking.done()
        gate.open()
        assert await asking == "pong"
        assert len(gate.waiting) == 0
        assert gate.is_open
        await gate.wait()
        gate.close()
        assert not gate.is_open
        assert now() == 0.0

    play(body, rg.child(Party, name="party"))


def test_some_pass_who_came_first_first() -> None:
    async def main() -> None:
        gate = rt.Gate()
        log: list[str] = []

        async def passes(name: str) -> None:
            await gate.wait(timeout=60.0)
            log.append(name)

        tasks = [go(name, passes(name)) for name in "abcd"]
        await rt.wait_idle()
        assert gate.let_pass() == 1
        assert gate.waiting == ("b", "c", "d")
        assert gate.let_pass(2) == 2
        await rt.wait_idle()
        assert log == ["a", "b", "c"]
        assert gate.let_pass(5) == 1
        assert gate.let_pass() == 0
        await asyncio.gather(*tasks)

    rt.run_virtual(main())


def test_the_pass_of_one_that_is_cancelled_is_the_next_ones() -> None:
    async def main() -> None:
        gate = rt.Gate()
        a, b, c = (go(name, gate.wait()) for name in "abc")
        await rt.wait_idle()
        assert gate.let_pass() == 1
        a.cancel()  # it has been let pass, and hasn't gone on
        await rt.wait_idle()
        assert (a.cancelled(), b.done(), c.done()) == (True, True, False)
        assert gate.waiting == ("c",)
        c.cancel()  # it has no pass to give away
        d = go("d", gate.wait())
        await rt.wait_idle()
        assert gate.waiting == ("d",)
        gate.open()
        await d

    rt.run_virtual(main())


@pytest.mark.parametrize("count", [-1, 1.0, True, "all"])
def test_a_gate_lets_whole_numbers_pass(count: object) -> None:
    with pytest.raises(rg.errors.BadWait, match="count is a whole number from 0"):
        rt.Gate().let_pass(count)  # type: ignore[arg-type]


def test_a_gate_that_is_not_opened_fails_who_stands_there() -> None:
    async def main() -> None:
        gate = rt.Gate()
        a = go("a", gate.wait(timeout=0.5))
        with pytest.raises(rg.errors.GateStayedClosed) as caught:
            await a
        assert (
            str(caught.value) == "the gate stayed closed for 0.5 s, and a stood at it; open() lets all pass"
        )
        assert now() == 0.5
        assert gate.waiting == ()
        b = go("b", gate.wait())
        await rt.wait_idle()
        b.cancel()
        with pytest.raises(asyncio.CancelledError):
            await b
        assert gate.waiting == ()
        await rt.Gate(is_open=True).wait()

    rt.run_virtual(main())


def test_nobody_stands_anywhere_without_a_bound() -> None:
    async def main() -> None:
        for wait in (rt.Barrier(2).wait, rt.Gate().wait):
            with pytest.raises(rg.errors.BadWait, match="timeout is a number of seconds above 0"):
                await wait(timeout=float("inf"))
        with pytest.raises(rg.errors.BadWait, match="timeout is a number of seconds above 0"):
            async with rt.Sequencer()(0, timeout=0):
                pass

    rt.run_virtual(main())


def test_who_asks_what_everybody_waits_for_is_told() -> None:
    """The text of a deadlock, or of a test that took too long."""

    async def main() -> None:
        async def step(seq: rt.Sequencer) -> None:
            async with seq(2):
                pass

        tasks = [go("a", rt.Barrier(3).wait()), go("b", rt.Gate().wait()), go("c", step(rt.Sequencer()))]
        await rt.wait_idle()
        waiting = {one.who: one.awaits for one in waits_of(asyncio.get_running_loop()).waiting}
        assert waiting["task 'a'"] == "a barrier: 1 of 3 have come"
        assert waiting["task 'b'"] == "a gate that is closed"
        assert waiting["task 'c'"] == "step 0 of a sequence, to begin step 2"
        for task in tasks:
            task.cancel()

    rt.run_virtual(main())


# -- cast_and_sync -------------------------------------------------------------------------------


def test_a_cast_is_handled_when_it_returns() -> None:
    async def body(system: rg.System) -> None:
        ref = system.ref("counter", Counter)
        ref.cast(Counter.add(1))
        await rt.cast_and_sync(ref, Counter.add(2))
        pid = ref.whereis()
        assert pid is not None
        await rt.cast_and_sync(pid, Counter.add(3))
        assert await ref.call(Counter.get(), timeout=1.0) == 6

    play(body)


def test_a_cast_that_is_not_handled_fails_the_test() -> None:
    async def body(system: rg.System) -> None:
        ref = system.ref("counter", Counter)
        with pytest.raises(rg.errors.ProcessExited):
            await rt.cast_and_sync(ref, Counter.crash())
        pid = await rt.wait_for(ref.whereis)
        with pytest.raises(rg.errors.NotHandled) as caught:
            await rt.cast_and_sync(ref, Counter.hold(), timeout=2.0)
        assert now() == 2.0
        assert str(caught.value).splitlines()[:2] == [
            f"not within 2 s: {pid} has handled Counter.hold()",
            "it goes on",
        ]
        pid.kill()
        await rt.wait_restart(pid)
        with pytest.raises(rg.errors.NoProcess):
            await rt.cast_and_sync(pid, Counter.add(1))
        with pytest.raises(rg.errors.NoProcess):
            await rt.cast_and_sync(system.ref("nobody", Counter), Counter.add(1))
        with pytest.raises(rg.errors.BadWait, match=r"^'counter' can't be used: give a Pid or a Ref$"):
            await rt.cast_and_sync("counter", Counter.add(1))  # type: ignore[arg-type]

    play(body, counter())
