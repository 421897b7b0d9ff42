"""Restart back-off: its waits, and its bounds."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrow.core.backoff import Backoff, check_backoff
from regrow.errors import BadBackoff


class Fixed:
    """A random source that always draws the same."""

    def __init__(self, value: float) -> None:
        self.value = value

    def random(self) -> float:
        return self.value


def test_waits_double_up_to_the_cap() -> None:
    backoff = Backoff(base=1.0, cap=10.0, factor=2.0, jitter=0.0)
    assert [backoff.delay(n, Fixed(0.9)) for n in range(1, 7)] == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_jitter_takes_away_its_share() -> None:
    backoff = Backoff(base=1.0, cap=10.0, jitter=0.5)
    assert backoff.delay(1, Fixed(0.0)) == 1.0
    assert backoff.delay(1, Fixed(0.5)) == 0.75
    assert Backoff(base=1.0, cap=1.0, jitter=1.0).delay(1, Fixed(0.75)) == 0.25


def test_attempts_without_end_do_not_overflow() -> None:
    assert Backoff(jitter=0.0).delay(10**6, Fixed(0.0)) == 30.0


@given(st.floats(0.001, 100), st.floats(1, 10), st.floats(1, 10), st.floats(0, 1), st.integers(-3, 500))
def test_always_within_zero_and_cap(
    base: float, times: float, factor: float, jitter: float, attempt: int
) -> None:
    backoff = Backoff(base=base, cap=base * times, factor=factor, jitter=jitter)
    assert 0.0 <= backoff.delay(attempt, random.Random(attempt)) <= backoff.cap


@pytest.mark.parametrize(
    ("option", "options"),
    [
        ("base", {"base": 0}),
        ("base", {"base": float("nan")}),
        ("base", {"base": True}),
        ("cap", {"base": 2.0, "cap": 1.0}),
        ("cap", {"cap": float("inf")}),
        ("factor", {"factor": 0.5}),
        ("factor", {"factor": "2"}),
        ("jitter", {"jitter": 1.5}),
        ("jitter", {"jitter": -0.1}),
    ],
)
def test_bad_options(option: str, options: dict[str, float]) -> None:
    with pytest.raises(BadBackoff, match=f"^{option}=") as caught:
        Backoff(**options)
    assert caught.value.option == option


def test_check_backoff() -> None:
    check_backoff(None)
    check_backoff(Backoff())
    with pytest.raises(BadBackoff, match="None or a Backoff"):
        check_backoff(0.5)
