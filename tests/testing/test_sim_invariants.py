"""What has to hold always, or once within a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.testing.sim.run import run_seed
from regrow.testing.sim.simulation import Simulation


def failure_of(body: Callable[[Simulation], Awaitable[object]]) -> BaseException:
    """What a run fails with."""
    failure = run_seed(body, 1).failure
    assert failure is not None
    return failure


def test_one_that_breaks_for_one_step_is_seen() -> None:
    async def body(sim: Simulation) -> None:
        level = 0
        sim.always(lambda: level < 2, name="low level")

        async def rise() -> None:
            nonlocal level
            await rt.pass_time(2.5)
            level = 2
            await rt.pass_time(0)
            level = 0

        await asyncio.ensure_future(rise())

    error = failure_of(body)
    assert isinstance(error, rg.errors.InvariantBroken)
    assert str(error) == "always 'low level' does not hold at virtual time 2.5"
    assert (error.name, error.kind, error.at, error.until) == ("low level", "always", 2.5, None)


def test_one_that_holds_costs_nothing_and_is_asked_after_every_step() -> None:
    asked = 0

    async def body(sim: Simulation) -> None:
        def holds() -> bool:
            nonlocal asked
            asked += 1
            return True

        sim.always(holds)
        for _ in range(10):
            await rt.pass_time(0)

    outcome = run_seed(body, 1)
    assert outcome.failure is None
    assert 10 <= asked <= outcome.steps


def test_its_name_is_that_of_the_function() -> None:
    def stays_true() -> bool:
        return False

    async def body(sim: Simulation) -> None:
        sim.always(stays_true)

    name = "test_its_name_is_that_of_the_function.<locals>.stays_true"
    assert str(failure_of(body)) == f"always '{name}' does not hold at virtual time 0"


def test_what_it_raises_breaks_it() -> None:
    async def body(sim: Simulation) -> None:
        def check() -> bool:
            assert sim.time < 1.0, "late"
            return True

        sim.always(check, name="early")
        await rt.pass_time(3.0)

    error = failure_of(body)
    assert str(error) == "always 'early' does not hold at virtual time 3"
    assert isinstance(error.__cause__, AssertionError)
    assert str(error.__cause__).startswith("late")


def test_what_an_eventual_one_raises_breaks_it() -> None:
    seen: list[int] = []

    async def body(sim: Simulation) -> None:
        sim.eventually(lambda: seen[0], within=1.0, name="first")
        await rt.pass_time(3.0)

    error = failure_of(body)
    assert str(error) == "eventually 'first' does not hold at virtual time 0; it should have come true by 1"
    assert isinstance(error.__cause__, IndexError)


def test_one_that_is_removed_need_not_hold() -> None:
    async def body(sim: Simulation) -> None:
        calm = sim.always(lambda: sim.time < 1.0, name="calm")
        soon = sim.eventually(lambda: False, within=1.0, name="soon")
        assert (calm.name, calm.until, soon.until) == ("calm", None, 1.0)
        calm.remove()
        soon.remove()
        soon.remove()
        await rt.pass_time(5.0)

    assert run_seed(body, 1).failure is None


def test_one_that_comes_true_in_time_is_kept_no_longer() -> None:
    async def body(sim: Simulation) -> None:
        sim.eventually(lambda: 1.0 <= sim.time < 2.0, within=1.5)
        await rt.pass_time(1.0)
        await rt.pass_time(5.0)

    assert run_seed(body, 1).failure is None


def test_one_that_comes_true_too_late_is_broken() -> None:
    async def body(sim: Simulation) -> None:
        sim.eventually(lambda: sim.time >= 2.0, within=1.5, name="soon")
        await rt.pass_time(1.0)
        await rt.pass_time(5.0)

    assert str(failure_of(body)) == (
        "eventually 'soon' does not hold at virtual time 6; it should have come true by 1.5"
    )


def test_one_that_never_came_true_is_broken_at_the_end() -> None:
    async def body(sim: Simulation) -> None:
        sim.eventually(lambda: False, within=100.0, name="never")
        await rt.pass_time(1.0)

    assert str(failure_of(body)) == (
        "eventually 'never' does not hold at virtual time 1; it should have come true by 100"
    )


def test_in_a_deadlock_what_never_can_come_true_is_named() -> None:
    async def body(sim: Simulation) -> None:
        sim.eventually(lambda: False, within=100.0, name="never")
        await asyncio.Event().wait()

    error = failure_of(body)
    assert isinstance(error, rg.errors.InvariantBroken)
    assert isinstance(error.__cause__, rg.errors.Deadlock)


@pytest.mark.parametrize(
    ("ask", "text"),
    [
        (
            lambda sim: sim.always(3),
            "sim.always: predicate has to be a plain function without arguments, not 3",
        ),
        (
            lambda sim: sim.eventually(lambda: True, within=-1),
            "sim.eventually: within has to be a number of seconds, 0 or more, not -1",
        ),
    ],
)
def test_what_can_be_none_is_refused(ask: Callable[[Simulation], object], text: str) -> None:
    async def body(sim: Simulation) -> None:
        ask(sim)

    error = failure_of(body)
    assert isinstance(error, rg.errors.BadSimulation)
    assert str(error) == text


def test_an_async_function_is_refused_as_it_would_always_be_true() -> None:
    async def holds() -> bool:
        return False

    async def body(sim: Simulation) -> None:
        sim.always(holds)

    assert "predicate has to be a plain function without arguments, not <function" in str(failure_of(body))
