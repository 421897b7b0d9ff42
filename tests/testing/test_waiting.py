"""`wait_for` and its kin: one contract, driven by events, with a text that says what there was instead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import assert_type

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.runtime.steps import steps_of
from tests.runtime.loops import LOOPS, Factory, run_on
from tests.testing.servers import Counter, count, counter, later, now, play

# -- one contract: the value, or a failure -------------------------------------------------------


def test_it_returns_the_true_value_at_once_if_it_is_there() -> None:
    async def body(system: rg.System) -> None:
        pid = await rt.wait_for(lambda: system.whereis("counter"))
        assert_type(pid, rg.Pid[object])
        assert pid is system.whereis("counter")
        ref = system.ref("counter", Counter)
        assert_type(await rt.wait_for(lambda: ref.call(Counter.increment(2), timeout=1.0)), int)
        assert_type(await rt.wait_for_all(["counter"], system.whereis), list[rg.Pid[object]])
        assert await rt.wait_for(lambda: [1]) == [1]
        assert now() == 0.0

    play(body)


def test_a_falsy_value_is_no_answer_and_a_late_one_is() -> None:
    async def main() -> None:
        found: list[int] = []
        later(0.5, lambda: found.append(7))
        assert await rt.wait_for(lambda: found) == [7]
        assert now() == 0.5

    rt.run_virtual(main())


def test_timeouts_and_the_like_are_given_by_keyword_only() -> None:
    async def main() -> None:
        with pytest.raises(TypeError):
            await rt.wait_for(lambda: True, 1.0)  # type: ignore[call-overload]

    rt.run_virtual(main())


@pytest.mark.parametrize("timeout", [0, -1.0, float("inf"), float("nan"), True, None, "default", 86401])
def test_every_wait_has_a_bound(timeout: object) -> None:
    async def main() -> None:
        with pytest.raises(rg.errors.BadWait) as caught:
            await rt.wait_for(lambda: True, timeout=timeout)  # type: ignore[call-overload]
        shown = repr(timeout)
        assert str(caught.value) == (
            f"{shown} can't be used: timeout is a number of seconds above 0 and at most 86400"
        )

    rt.run_virtual(main())


def test_an_answer_that_is_true_whatever_comes_of_it_is_refused() -> None:
    async def main() -> None:
        task = asyncio.create_task(rt.pass_time(5.0), name="never asked")

        async def handed_on() -> object:
            return task

        async def steps() -> AsyncIterator[bool]:
            yield False

        told = "true whatever comes of it; ask about that, as in lambda: task.done()"
        for predicate in (lambda: task, handed_on, steps):
            with pytest.raises(rg.errors.BadWait, match=told):
                await rt.wait_for(predicate)
            with pytest.raises(rg.errors.BadWait, match=told):
                await rt.wait_for_assertion(predicate)
            with pytest.raises(rg.errors.BadWait, match=told):
                await rt.never(predicate, for_=1.0)
        with pytest.raises(rg.errors.BadWait, match=told):
            await rt.wait_for_all([1, 2], lambda _: task)
        assert asyncio.get_running_loop().time() == 0.0
        await task

    rt.run_virtual(main())


def test_what_is_no_function_is_refused() -> None:
    async def main() -> None:
        with pytest.raises(rg.errors.BadWait, match=r"^True can't be used: give a function of no arguments"):
            await rt.wait_for(True)  # type: ignore[call-overload]

    rt.run_virtual(main())


# -- what it fails with --------------------------------------------------------------------------


def test_a_failure_says_the_last_value_and_what_there_is() -> None:
    async def body(system: rg.System) -> None:
        ref = system.ref("counter", Counter)
        ref.cast(Counter.hold())
        ref.cast(Counter.add(1))
        ref.cast(Counter.add(2))
        with pytest.raises(rg.errors.WaitFailed) as caught:
            await rt.wait_for(lambda: count(system), timeout=2.5, message="the counter moves")
        assert now() == 2.5
        error = caught.value
        assert (error.value, error.error, error.timeout) == (0, None, 2.5)
        assert isinstance(error, AssertionError)
        assert isinstance(error, rg.errors.TestKitError)
        pid = system.whereis("counter")
        assert str(error) == (
            "not within 2.5 s: the counter moves\n"
            "it returned 0\n"
            "regrow: running\n"
            f"└── {system.root} (id 'root', one_for_one, 3 of 3 restarts left)\n"
            f"    └── {pid} (busy, 2 waiting)\n"
            "in mailboxes:\n"
            f"  {pid}: 2 of 10000, first Counter.add(n=1)"
        )

    play(body)


def test_without_a_message_the_predicate_is_named() -> None:
    def is_there() -> bool:
        return False

    async def main() -> None:
        with pytest.raises(rg.errors.WaitFailed) as caught:
            await rt.wait_for(is_there, timeout=0.5)
        assert str(caught.value) == (
            "not within 0.5 s: is_there\nit returned False\nno System runs on this loop"
        )
        with pytest.raises(rg.errors.WaitFailed) as caught:
            await rt.wait_for(lambda: now() < 0, timeout=0.5)
        assert caught.value.awaited == "await rt.wait_for(lambda: now() < 0, timeout=0.5)"

    rt.run_virtual(main())


def test_the_mailboxes_that_are_shown_are_few_and_the_longest() -> None:
    async def body(system: rg.System) -> None:
        for number in range(12):
            ref = system.ref(f"c{number}", Counter)
            ref.cast(Counter.hold())
            for _ in range(number + 1):
                ref.cast(Counter.add(1))
        with pytest.raises(rg.errors.WaitFailed) as caught:
            await rt.wait_for(lambda: False)
        lines = str(caught.value).splitlines()
        shown = lines[lines.index("in mailboxes:") + 1 :]
        assert [line.split(": ")[1].split(" of ")[0] for line in shown[:-1]] == [
            str(n) for n in range(12, 2, -1)
        ]
        assert shown[-1] == "  and 2 more"

    play(body, *(counter(f"c{number}") for number in range(12)))


def test_an_exception_of_the_predicate_does_not_end_the_wait() -> None:
    async def main() -> None:
        found: dict[str, int] = {}
        later(0.25, lambda: found.update(x=3))
        assert await rt.wait_for(lambda: found["x"]) == 3

    rt.run_virtual(main())


def test_an_exception_that_stays_is_shown_and_is_the_cause() -> None:
    async def main() -> None:
        found: dict[str, int] = {}
        with pytest.raises(rg.errors.WaitFailed) as caught:
            await rt.wait_for(lambda: found["x"], message="x")
        assert str(caught.value).splitlines()[:2] == ["not within 1 s: x", "it raised KeyError('x')"]
        assert isinstance(caught.value.__cause__, KeyError)
        assert caught.value.error is caught.value.__cause__

    rt.run_virtual(main())


def test_what_is_no_exception_goes_through_at_once() -> None:
    class Stop(BaseException):
        pass

    async def body(system: rg.System) -> None:
        def stops() -> bool:
            if count(system):
                raise Stop
            return False

        system.ref("counter", Counter).cast(Counter.add(1))
        with pytest.raises(Stop):
            await rt.wait_for(stops)
        assert now() == 0.0
        assert await system.ref("counter", Counter).call(Counter.get(), timeout=1.0) == 1  # nobody was hurt

    play(body)


# -- when it asks --------------------------------------------------------------------------------


def test_it_returns_at_the_moment_of_the_event_of_a_process() -> None:
    async def body(system: rg.System) -> None:
        rg.send_after(system.ref("counter", Counter), "wake up", 3.0)
        system.ref("counter", Counter).cast(Counter.add(1))
        assert await rt.wait_for(lambda: count(system) == 1)
        assert now() == 0.0
        later(3.0, lambda: system.ref("counter", Counter).cast(Counter.add(1)))
        assert await rt.wait_for(lambda: count(system) == 2, timeout=60.0)
        assert now() == 3.0

    play(body)


def test_what_is_true_between_two_messages_of_one_turn_is_seen() -> None:
    async def body(system: rg.System) -> None:
        ref = system.ref("counter", Counter)
        for _ in range(5):
            ref.cast(Counter.add(1))
        await rt.wait_for(lambda: count(system) == 3)
        assert await ref.call(Counter.get(), timeout=1.0) == 5

    play(body)


def test_foreign_code_is_noticed_when_it_has_acted() -> None:
    async def main() -> None:
        async def foreign() -> None:
            await asyncio.wait_for(asyncio.Event().wait(), 2.5)

        task = asyncio.create_task(foreign())
        await rt.wait_for(task.done, timeout=60.0)
        assert now() == 2.5
        assert isinstance(task.exception(), TimeoutError)

    rt.run_virtual(main())


@pytest.mark.parametrize(("seconds", "off"), [(0.5, 0.01), (600.0, 0.6)])
def test_what_only_time_makes_true_is_looked_at_every_10_ms_or_a_thousand_times(
    seconds: float, off: float
) -> None:
    async def main() -> None:
        asked = 0

        def is_late() -> bool:
            nonlocal asked
            asked += 1
            return now() > seconds / 2

        await rt.wait_for(is_late, timeout=seconds)
        assert seconds / 2 < now() <= seconds / 2 + off
        assert asked < 2500  # twice for each look: when the clock has moved, and by the timer that moved it

    rt.run_virtual(main())


@pytest.mark.parametrize("loop_factory", LOOPS)
def test_it_works_on_any_loop(loop_factory: Factory) -> None:
    async def main() -> None:
        async with rg.System([counter()]) as system:
            system.ref("counter", Counter).cast(Counter.add(1))
            await rt.wait_for(lambda: count(system) == 1)
        found: list[int] = []
        later(0.003, lambda: found.append(1))
        assert await rt.wait_for(lambda: found, timeout=5.0) == [1]
        with pytest.raises(rg.errors.WaitFailed):
            await rt.wait_for(lambda: False, timeout=0.003)
        assert steps_of(asyncio.get_running_loop()).looks == []

    run_on(loop_factory, main())


variable: ContextVar[str] = ContextVar("variable")


def test_the_predicate_sees_the_context_of_its_test_whoever_made_the_step() -> None:
    async def body(system: rg.System) -> None:
        variable.set("the test's")
        system.ref("counter", Counter).cast(Counter.add(1))
        seen = await rt.wait_for(lambda: variable.get() if count(system) else None)
        assert seen == "the test's"
        system.ref("counter", Counter).cast(Counter.add(1))
        with pytest.raises(rg.errors.WaitFailed) as caught:
            await rt.wait_for(lambda: rg.current() if count(system) == 2 else None)
        assert isinstance(caught.value.error, rg.errors.NotAProcess)

    play(body)


def test_a_cancelled_wait_leaves_nothing_behind() -> None:
    async def body(system: rg.System) -> None:
        loop = asyncio.get_running_loop()
        waiting = asyncio.create_task(rt.wait_for(lambda: False))
        await rt.wait_idle()
        assert len(steps_of(loop).looks) == 1
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert steps_of(loop).looks == []

    play(body)


def test_a_handler_may_wait_too() -> None:
    class Waits(rg.GenServer):
        @rg.call
        async def until(self, n: int) -> int:
            return await rt.wait_for(lambda: count(self.system) == n and n)

    async def body(system: rg.System) -> None:
        later(0.5, lambda: system.ref("counter", Counter).cast(Counter.add(4)))
        assert await system.ref("w", Waits).call(Waits.until(4), timeout=1.0) == 4
        assert now() == 0.5

    play(body, counter(), rg.child(Waits, name="w"))


# -- async predicates ----------------------------------------------------------------------------


def test_an_async_predicate_may_call_and_is_asked_again_when_something_has_happened() -> None:
    async def body(system: rg.System) -> None:
        ref = system.ref("counter", Counter)
        later(2.0, lambda: ref.cast(Counter.add(5)))

        async def counted() -> int:
            return await ref.call(Counter.get(), timeout=1.0)

        assert await rt.wait_for(counted, timeout=60.0) == 5
        assert now() == 2.0
        later(2.0, lambda: ref.cast(Counter.add(5)))
        assert await rt.wait_for(lambda: ref.call(Counter.increment(0), timeout=1.0), timeout=60.0) == 5

    play(body)


def test_two_that_ask_do_not_keep_each_other_asking() -> None:
    async def body(system: rg.System) -> None:
        ref = system.ref("counter", Counter)
        asked = 0

        async def much() -> bool:
            nonlocal asked
            asked += 1
            ref.cast(Counter.add(1))  # a step of the question's own
            return await ref.call(Counter.get(), timeout=1.0) < 0

        with pytest.raises(rg.errors.NotAllTrue):
            await rt.wait_for_all([1, 2], lambda _: much(), timeout=1.0)
        assert now() == 1.0
        assert asked < 500

    play(body)


def test_a_question_that_hangs_fails_at_the_deadline() -> None:
    async def main() -> None:
        async def hangs() -> bool:
            await asyncio.Event().wait()
            return True

        with pytest.raises(rg.errors.WaitFailed) as caught:
            await rt.wait_for(hangs, timeout=2.0)
        assert now() == 2.0
        assert str(caught.value).splitlines()[:2] == ["not within 2 s: hangs", "it has not answered yet"]

    rt.run_virtual(main())


def test_an_exception_of_an_async_predicate_is_kept_too() -> None:
    async def body(system: rg.System) -> None:
        ref = system.ref("nobody", Counter)
        with pytest.raises(rg.errors.WaitFailed) as caught:
            await rt.wait_for(lambda: ref.call(Counter.get(), timeout=0.5), message="an answer")
        assert isinstance(caught.value.__cause__, rg.errors.NoProcess)
        assert now() == 1.0
        with pytest.raises(rg.errors.WaitFailed) as caught:
            # Its own TimeoutError is not the end of the wait.
            await rt.wait_for(lambda: asyncio.wait_for(asyncio.Event().wait(), 0.3), message="an event")
        assert isinstance(caught.value.__cause__, TimeoutError)
        assert now() == 2.0

    play(body)
