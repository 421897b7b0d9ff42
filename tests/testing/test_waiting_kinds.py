"""`never`, `wait_for_assertion` and `wait_for_all`: the same contract in other words."""

from __future__ import annotations

import asyncio
import gc
import sys

import pytest

import regrow as rg
import regrow.testing as rt
from tests.testing.servers import Counter, counter, later, now, play

# -- never ---------------------------------------------------------------------------------------


def test_what_never_comes_true_is_watched_for_as_long_as_was_said() -> None:
    async def main() -> None:
        assert await rt.never(lambda: False, for_=30.0) is None  # type: ignore[func-returns-value]
        assert now() == 30.0

    rt.run_virtual(main())


def test_it_fails_when_it_comes_true_and_says_when() -> None:
    async def main() -> None:
        found: list[int] = []
        later(0.75, lambda: found.append(1))

        def anything() -> list[int]:
            return found

        with pytest.raises(rg.errors.BecameTrue) as caught:
            await rt.never(anything, for_=30.0)
        assert now() == 0.75
        assert (caught.value.after, caught.value.value) == (0.75, [1])
        assert isinstance(caught.value, AssertionError)
        assert str(caught.value) == (
            "true after 0.75 s, and never should be: anything\nit returned [1]\nno System runs on this loop"
        )
        with pytest.raises(rg.errors.BecameTrue):
            await rt.never(anything, for_=1.0)  # true from the beginning
        assert now() == 0.75

    rt.run_virtual(main())


def test_the_gap_between_a_crash_and_the_restart_is_seen() -> None:
    async def body(system: rg.System) -> None:
        system.ref("counter", Counter).cast(Counter.crash())
        with pytest.raises(rg.errors.BecameTrue):
            await rt.never(lambda: system.whereis("counter") is None, for_=1.0)

    play(body)


def test_what_is_true_only_at_the_very_end_is_seen() -> None:
    async def main() -> None:
        with pytest.raises(rg.errors.BecameTrue):
            await rt.never(lambda: now() >= 1.0, for_=1.0)

    rt.run_virtual(main())


def test_a_predicate_that_can_not_say_no_fails_the_test() -> None:
    async def asks() -> bool:
        raise KeyError("x")

    async def main() -> None:
        found: dict[str, int] = {}
        with pytest.raises(KeyError, match="x"):
            await rt.never(lambda: found["x"], for_=1.0)
        with pytest.raises(KeyError, match="x"):
            await rt.never(asks, for_=1.0)
        assert now() == 0.0
        with pytest.raises(rg.errors.BadWait, match=r"^0 can't be used: for_ is a number of seconds above 0"):
            await rt.never(lambda: False, for_=0)

    rt.run_virtual(main())


def test_async_predicates_are_watched_too() -> None:
    async def body(system: rg.System) -> None:
        ref = system.ref("counter", Counter)
        later(0.5, lambda: ref.cast(Counter.add(1)))
        with pytest.raises(rg.errors.BecameTrue) as caught:
            await rt.never(lambda: ref.call(Counter.get(), timeout=1.0), for_=5.0)
        assert (caught.value.after, caught.value.value) == (0.5, 1)

    play(body)


# -- wait_for_assertion --------------------------------------------------------------------------


def test_assertions_are_made_again_until_they_hold() -> None:
    async def body(system: rg.System) -> None:
        ref = system.ref("counter", Counter)
        later(0.5, lambda: ref.cast(Counter.add(3)))

        async def check() -> str:
            assert await ref.call(Counter.get(), timeout=1.0) == 3
            return "checked"

        assert await rt.wait_for_assertion(check) == "checked"
        assert now() == 0.5

        def holds() -> int:
            assert system.whereis("counter") is not None
            return 0

        assert await rt.wait_for_assertion(holds) == 0  # falsy, and fine: it returned
        assert now() == 0.5

    play(body)


def test_an_assertion_that_does_not_hold_is_shown() -> None:
    found: list[int] = []

    def check() -> None:
        assert found == [1], "nothing found"

    async def main() -> None:
        with pytest.raises(rg.errors.WaitFailed) as caught:
            await rt.wait_for_assertion(check, timeout=2.0)
        assert now() == 2.0
        first, second, *_ = str(caught.value).splitlines()
        assert first == "not within 2 s: check"
        assert second.startswith("it raised AssertionError('nothing found")
        assert caught.value.__cause__ is caught.value.error

    rt.run_virtual(main())


# -- wait_for_all --------------------------------------------------------------------------------


def test_all_are_waited_for_at_once_and_answered_in_order() -> None:
    async def main() -> None:
        found: dict[str, int] = {}
        later(0.8, lambda: found.update(a=1))
        later(0.2, lambda: found.update(b=2))
        later(0.5, lambda: found.update(c=3))
        assert await rt.wait_for_all("abc", found.get) == [1, 2, 3]
        assert now() == 0.8

    rt.run_virtual(main())


def test_what_was_true_of_one_stays_its_answer() -> None:
    async def main() -> None:
        found = {"a"}
        later(0.2, found.clear)
        later(0.5, lambda: found.add("b"))
        assert await rt.wait_for_all(["a", "b"], lambda name: name in found and name) == ["a", "b"]

    rt.run_virtual(main())


def test_those_who_did_not_come_are_named_and_there_is_one_deadline() -> None:
    async def body(system: rg.System) -> None:
        names = ["counter", "x", "y"]
        with pytest.raises(rg.errors.NotAllTrue) as caught:
            await rt.wait_for_all(names, system.whereis, timeout=2.0)
        assert now() == 2.0
        assert caught.value.late == ("x", "y")
        assert isinstance(caught.value, rg.errors.WaitFailed)
        assert str(caught.value).splitlines()[:4] == [
            "not within 2 s: Access.whereis",
            "for 2 of 3:",
            "  'x': it returned None",
            "  'y': it returned None",
        ]

    play(body)


def test_one_that_hangs_does_not_hold_the_others_up() -> None:
    async def body(system: rg.System) -> None:
        free, held = system.ref("free", Counter), system.ref("held", Counter)
        held.cast(Counter.hold())
        later(0.5, lambda: free.cast(Counter.add(1)))
        with pytest.raises(rg.errors.NotAllTrue) as caught:
            await rt.wait_for_all([held, free], lambda ref: ref.call(Counter.get(), timeout=60.0))
        assert caught.value.late == (held,)
        assert "  <Ref 'held' Counter>: it has not answered yet" in str(caught.value)
        assert now() == 1.0

    play(body, counter("free"), counter("held"))


def test_what_is_no_exception_ends_the_wait_for_all_of_them() -> None:
    class Stop(BaseException):
        pass

    async def main() -> None:
        def stops(n: int) -> bool:
            if n == 2:
                raise Stop
            return False

        before = asyncio.all_tasks()
        with pytest.raises(Stop):
            await rt.wait_for_all([1, 2, 3], stops)
        assert asyncio.all_tasks() == before
        assert now() == 0.0
        waiting = asyncio.create_task(rt.wait_for_all([1, 3], stops))
        await rt.wait_idle()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert asyncio.all_tasks() == before

    rt.run_virtual(main())


def test_an_empty_list_tests_nothing_and_is_refused() -> None:
    async def main() -> None:
        with pytest.raises(rg.errors.BadWait) as caught:
            await rt.wait_for_all([], lambda _: True)
        assert str(caught.value) == (
            "[] can't be used: there is nothing to wait for in an empty list, so nothing would be tested"
        )
        with pytest.raises(rg.errors.BadWait, match="give a function of one item"):
            await rt.wait_for_all([1], 1)  # type: ignore[call-overload]

    rt.run_virtual(main())


def test_waiting_for_many_makes_no_task_that_a_strict_system_would_refuse() -> None:
    async def body(system: rg.System) -> None:
        ref = system.ref("counter", Counter)
        assert await rt.wait_for_all([1], lambda _: system.whereis("counter"))
        assert await rt.wait_for_all([3], lambda n: ref.call(Counter.increment(n), timeout=1.0)) == [3]
        assert await rt.wait_for(lambda: ref.call(Counter.get(), timeout=1.0)) == 3
        await rt.wait_idle()
        await rt.wait_tree_ready(system)

    play(body, strict=True)


def test_a_wait_that_is_collected_together_with_its_loop_ends_quietly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unraisable: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: unraisable.append(args.exc_value))
    ended: list[str] = []

    async def never_answered() -> bool:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append("collected")
        return True

    async def body() -> None:
        await rt.wait_for(never_answered)

    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # of a task that is destroyed while it waits
    task = loop.create_task(body())
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    del loop, task
    gc.collect()
    assert ended == ["collected"]
    assert unraisable == []
