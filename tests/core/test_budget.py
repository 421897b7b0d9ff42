"""The restart budget against a naive list of attempts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrow.core.budget import RestartBudget
from regrow.errors import BadIntensity

STEPS = st.lists(st.floats(0, 20) | st.sampled_from([0.0, 2.5, 5.0]), max_size=60)


class Naive:
    """Keeps every attempt for ever and counts those in the window."""

    def __init__(self, max_restarts: int, max_seconds: float) -> None:
        self.max_restarts, self.max_seconds = max_restarts, max_seconds
        self.attempts: list[float] = []

    def counted(self, now: float) -> list[float]:
        return [at for at in self.attempts if now - at <= self.max_seconds]

    def attempt(self, now: float) -> bool:
        self.attempts.append(now)
        return len(self.counted(now)) <= self.max_restarts


@given(st.integers(0, 6), st.floats(0.001, 30) | st.just(5.0), STEPS, st.floats(0, 1e6))
def test_same_answers_as_the_naive_list(
    max_restarts: int, max_seconds: float, steps: list[float], start: float
) -> None:
    budget, naive, now = RestartBudget(max_restarts, max_seconds), Naive(max_restarts, max_seconds), start
    for step in steps:
        now += step
        before = len(naive.counted(now))
        assert budget.left(now) == max(0, max_restarts - before)
        assert budget.used(now) == min(before, max_restarts + 1)
        assert budget.attempt(now) is naive.attempt(now)
        counted = naive.counted(now)[-(max_restarts + 1) :]
        assert budget.oldest == counted[0]
        assert budget.used(now) == len(counted)


def test_exceeded_at_one_more_than_max_restarts() -> None:
    budget = RestartBudget(3, 5.0)
    assert [budget.attempt(at) for at in (0.0, 0.0, 0.0, 0.0)] == [True, True, True, False]


def test_nothing_allowed() -> None:
    budget = RestartBudget(0, 5.0)
    assert budget.left(0.0) == 0
    assert budget.attempt(0.0) is False


def test_an_attempt_exactly_as_old_as_the_window_still_counts() -> None:
    budget = RestartBudget(1, 5.0)
    assert budget.attempt(100.0)
    assert budget.left(105.0) == 0
    assert not budget.attempt(105.0)

    budget = RestartBudget(1, 5.0)
    assert budget.attempt(100.0)
    assert budget.left(105.00001) == 1
    assert budget.attempt(105.00001)


def test_questions_change_nothing() -> None:
    budget = RestartBudget(2, 1.0)
    assert budget.oldest is None
    budget.attempt(0.0)
    assert budget.left(50.0) == 2
    assert budget.left(0.5) == 1
    assert budget.oldest == 0.0


def test_memory_is_bounded_by_the_budget() -> None:
    budget = RestartBudget(2, 1e9)
    for at in range(1000):
        budget.attempt(float(at))
    assert budget.used(1000.0) == 3
    assert budget.oldest == 997.0


def test_repr() -> None:
    budget = RestartBudget(3, 5)
    budget.attempt(1.0)
    assert repr(budget) == "RestartBudget(3 in 5 s, 1 counted)"


@pytest.mark.parametrize("value", [-1, 1.5, True, None, "3", float("nan")])
def test_bad_max_restarts(value: int) -> None:
    with pytest.raises(BadIntensity, match=r"max_restarts=.*0 .no restart at all. or more") as caught:
        RestartBudget(value, 5.0)
    assert caught.value.option == "max_restarts"


@pytest.mark.parametrize("value", [0, 0.0, -1.0, float("inf"), float("nan"), True, None, "5"])
def test_bad_max_seconds(value: float) -> None:
    with pytest.raises(BadIntensity, match=r"max_seconds=.*finite number of seconds above 0"):
        RestartBudget(3, value)
