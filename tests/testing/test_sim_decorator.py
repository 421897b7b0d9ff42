"""`@rt.simulate`, called as any function: what it runs, and what it raises."""

from __future__ import annotations

import asyncio
import inspect
import os
import re
import unittest
from collections.abc import Callable

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.testing.sim.token import read_token, write_token


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests set it themselves."""
    for variable in ("REGROW_SEEDS", "REGROW_REPLAY"):
        monkeypatch.delenv(variable, raising=False)


class Account(rg.GenServer):
    """One that is read and written by two calls: the race."""

    def init(self) -> None:
        self.balance = 0

    @rg.call
    def read(self) -> int:
        return self.balance

    @rg.call
    def write(self, balance: int) -> None:
        self.balance = balance


async def pay_twice(sim: rt.Simulation) -> None:
    """The second payment reads what the first is about to write over, if a seed has it so."""
    async with rg.System([rg.child(Account, name="account")]) as system:
        account = system.ref("account", Account)

        async def pay(turns: int) -> None:
            for _ in range(turns):
                await rt.pass_time(0)
            balance = await account.call(Account.read(), timeout=1.0)
            await rt.pass_time(0)
            await account.call(Account.write(balance + 10), timeout=1.0)

        async with asyncio.TaskGroup() as group:
            group.create_task(pay(0), name="first")
            group.create_task(pay(8), name="second")
        assert await account.call(Account.read(), timeout=1.0) == 20


def failed(test: Callable[[], object]) -> rg.errors.SimulationFailed:
    """What a simulated test raises."""
    with pytest.raises(rg.errors.SimulationFailed) as raised:
        test()
    return raised.value


def test_it_runs_the_body_for_each_seed_and_the_first_twice() -> None:
    seeds: list[int] = []

    @rt.simulate(seeds=5, start=10)
    async def test(sim: rt.Simulation) -> None:
        seeds.append(sim.seed)

    test()
    assert seeds == [10, 10, 11, 12, 13, 14]


def test_other_parameters_are_passed_on() -> None:
    @rt.simulate(seeds=1)
    async def test(one: int, sim: rt.Simulation, *, two: str = "two") -> None:
        assert (one, two) == (1, "zwei")
        assert sim.time == 0.0

    test(1, two="zwei")
    assert list(inspect.signature(test).parameters) == ["one", "two"]
    assert not inspect.iscoroutinefunction(test)
    assert test.__name__ == "test"


def test_it_works_on_methods() -> None:
    class TestSomething(unittest.TestCase):
        @rt.simulate(seeds=2)
        async def test_it(self, sim: rt.Simulation) -> None:
            self.assertEqual(sim.time, 0.0)  # noqa: PT009

    TestSomething("test_it").debug()


def test_a_failure_comes_reduced_told_and_with_its_token() -> None:
    error = failed(rt.simulate(seeds=400)(pay_twice))
    assert isinstance(error, AssertionError)
    assert isinstance(error.__cause__, AssertionError)
    assert error.runs == error.seed
    assert len(error.deviations) == 1
    lines = str(error).splitlines()
    assert lines[0].startswith(f"seed {error.seed} (after {error.runs} that passed) failed: AssertionError(")
    assert re.fullmatch(
        r"it takes 1 of the \d+ deviations that the seed drew: " + re.escape(error.deviations[0]), lines[1]
    )
    me = os.environ["PYTEST_CURRENT_TEST"].rpartition(" (")[0]
    assert lines[-1] == f"replay it:  pytest '{me}' --regrow-replay {error.token}"
    story = error.story.splitlines()
    assert story[0] == "    1       0.000 s  Supervisor starts"
    assert story[1] == "    2       0.000 s  account starts"
    assert any(" account handles Account.read() on the stack of first" in line for line in story)
    assert sum(line[6] == "*" for line in story) == 1


def test_a_token_replays_the_reduced_run(monkeypatch: pytest.MonkeyPatch) -> None:
    first = failed(rt.simulate(seeds=400)(pay_twice))
    monkeypatch.setenv("REGROW_REPLAY", first.token)
    again = failed(rt.simulate(seeds=400)(pay_twice))
    assert (again.token, again.story, again.deviations) == (first.token, first.story, first.deviations)


def test_a_token_of_a_test_that_was_mended_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = True

    @rt.simulate(seeds=20)
    async def test(sim: rt.Simulation) -> None:
        if broken:
            await rt.pass_time(1.0)
            raise LookupError("planned")

    error = failed(test)
    monkeypatch.setenv("REGROW_REPLAY", error.token)
    broken = False
    with pytest.raises(rg.errors.ReplayDiffers) as raised:
        test()
    assert raised.value.outcome is None
    assert str(raised.value) == (
        f"the run of the replay token {error.token} passed, but it is another run than the one that made the"
        " token: the code, the test or what it gets has changed since. Run all seeds again; a failure then"
        " comes with a new token"
    )


def test_a_token_is_for_its_own_test_and_options(monkeypatch: pytest.MonkeyPatch) -> None:
    @rt.simulate(seeds=1)
    async def one(sim: rt.Simulation) -> None:
        raise LookupError("planned")

    @rt.simulate(seeds=1)
    async def two(sim: rt.Simulation) -> None:
        return None

    monkeypatch.setenv("REGROW_REPLAY", failed(one).token)
    with pytest.raises(rg.errors.BadToken, match=r"another test than .*<locals>\.two made it"):
        two()
    monkeypatch.setenv("REGROW_REPLAY", "rg1.nonsense")
    with pytest.raises(rg.errors.BadToken, match="cut short or changed"):
        two()

    async def same(sim: rt.Simulation) -> None:
        raise LookupError("planned")

    monkeypatch.delenv("REGROW_REPLAY")
    token = failed(rt.simulate(seeds=1)(same)).token
    monkeypatch.setenv("REGROW_REPLAY", token)
    with pytest.raises(rg.errors.BadToken, match="the test had other faults, fence, max_steps or logs"):
        rt.simulate(seeds=1, faults=rt.Faults(kill=0.5))(same)()


def test_the_environment_says_how_many_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    seeds: list[int] = []

    @rt.simulate(seeds=100)
    async def test(sim: rt.Simulation) -> None:
        seeds.append(sim.seed)

    monkeypatch.setenv("REGROW_SEEDS", "3")
    test()
    assert seeds == [0, 0, 1, 2]
    monkeypatch.setenv("REGROW_SEEDS", "many")
    with pytest.raises(rg.errors.BadSimulation) as raised:
        test()
    assert str(raised.value) == "REGROW_SEEDS: its value has to be a whole number of at least 1, not 'many'"


def test_tokens_of_earlier_failures_are_run_first_and_need_not_be_the_same_runs() -> None:
    seeds: list[int] = []
    token = write_token("tests.whatever", "", 77, "0" * 16, {("schedule", 1): 1})

    @rt.simulate(seeds=2, tokens=(token,))
    async def test(sim: rt.Simulation) -> None:
        seeds.append(sim.seed)

    test()
    assert seeds == [77, 0, 0, 1]
    with pytest.raises(rg.errors.BadToken):
        rt.simulate(tokens=("rg1.nonsense",))


def test_a_failure_that_no_run_repeats_is_not_deterministic() -> None:
    runs = 0

    @rt.simulate(seeds=5)
    async def test(sim: rt.Simulation) -> None:
        nonlocal runs
        runs += 1
        await rt.pass_time(0)
        if runs > 3:
            await rt.pass_time(runs)
            raise LookupError("planned")

    with pytest.raises(rg.errors.NotDeterministic) as raised:
        test()
    assert isinstance(raised.value.__cause__, LookupError)


def test_skips_are_passed_on() -> None:
    @rt.simulate(seeds=5)
    async def skipped(sim: rt.Simulation) -> None:
        pytest.skip("not today")

    @rt.simulate(seeds=5)
    async def skipped_by_unittest(sim: rt.Simulation) -> None:
        raise unittest.SkipTest("not today")

    @rt.simulate(seeds=5)
    async def failing(sim: rt.Simulation) -> None:
        pytest.fail("planned")

    with pytest.raises(pytest.skip.Exception, match="not today"):
        skipped()
    with pytest.raises(unittest.SkipTest, match="not today"):
        skipped_by_unittest()
    assert isinstance(failed(failing).__cause__, pytest.fail.Exception)


def test_a_keyboard_interrupt_ends_the_test() -> None:
    @rt.simulate(seeds=5)
    async def test(sim: rt.Simulation) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        test()


async def fine(sim: rt.Simulation) -> None:
    """A test that passes."""


def plain(sim: rt.Simulation) -> None:
    """No test that can be simulated."""


async def without(simulation: rt.Simulation) -> None:
    """Neither is this."""


COUNT = "has to be a whole number of at least 1, not"


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: rt.simulate(seeds=0), f"simulate: seeds {COUNT} 0"),
        (lambda: rt.simulate(seeds=True), f"simulate: seeds {COUNT} True"),
        (lambda: rt.simulate(start=-1), "simulate: start has to be a whole number from 0, not -1"),
        (lambda: rt.simulate(max_steps=0), f"simulate: max_steps {COUNT} 0"),
        (lambda: rt.simulate(shrink_runs=-1), "simulate: shrink_runs has to be a whole number from 0"),
        (lambda: rt.simulate(faults=0.5), "simulate: faults has to be rt.Faults(...) or None"),  # type: ignore[arg-type]
        (lambda: rt.simulate(fence=1), "simulate: fence has to be rt.Fence(...) or None"),  # type: ignore[arg-type]
        (lambda: rt.simulate(logs="1"), "simulate: logs has to be True or False, not '1'"),  # type: ignore[arg-type]
        (lambda: rt.explore(fine, failures=0), f"explore: failures {COUNT} 0"),
        (lambda: rt.simulate()(plain), "simulate: test has to be an async def function"),  # type: ignore[arg-type]
        (lambda: rt.simulate()(without), "simulate: test has to be a function with a parameter named sim"),
    ],
)  # fmt: skip
def test_what_cannot_be_run_is_refused(make: Callable[[], object], text: str) -> None:
    with pytest.raises(rg.errors.BadSimulation) as raised:
        make()
    assert str(raised.value).startswith(text)


def test_exploring_counts() -> None:
    struck = rt.Faults(kill=0.2)

    async def body(sim: rt.Simulation) -> None:
        async with rg.System([rg.child(Account, name="account")], max_restarts=100) as system:
            for _ in range(10):
                await rt.pass_time(1.0)
                try:
                    await system.ref("account", Account).call(Account.read(), timeout=1.0)
                except rg.errors.CallError:
                    continue

    report = rt.explore(body, seeds=20, faults=struck)
    assert (report.seeds, report.failures) == (20, ())
    assert report.faults["kill"] > 5
    assert 10 <= report.distinct <= 20
    assert report.steps > 500
    assert report.seeds_per_second == report.seeds / report.seconds


@pytest.mark.parametrize(("failures", "seeds"), [(1, [3]), (2, [3, 4]), (100, [3, 4, 5])])
def test_exploring_stops_after_so_many_failures(failures: int, seeds: list[int]) -> None:
    async def body(sim: rt.Simulation) -> None:
        assert sim.seed < 3

    report = rt.explore(body, seeds=6, failures=failures)
    assert [one.seed for one in report.failures] == seeds
    assert report.seeds == seeds[-1] + 1


def test_what_a_token_says_is_what_the_error_says() -> None:
    error = failed(rt.simulate(seeds=400)(pay_twice))
    token = read_token(error.token)
    assert token.seed == error.seed
    assert [f"{asked} #{number}: {answer}" for (asked, number), answer in token.deviations.items()] == list(
        error.deviations
    )
