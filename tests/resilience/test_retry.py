"""Back-off of sends: its bounds, its jitter, its validation."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import regrow as rg
from tests.core.test_backoff import Fixed


def test_the_defaults_are_those_of_a_send() -> None:
    backoff = rg.ExponentialBackoff()
    assert (backoff.base, backoff.cap, backoff.factor, backoff.jitter) == (0.05, 5.0, 2.0, "full")


def test_without_jitter_waits_double_up_to_the_cap() -> None:
    backoff = rg.ExponentialBackoff(base=1.0, cap=5.0, jitter="none")
    assert [backoff.delay(n, Fixed(0.9)) for n in range(1, 6)] == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_full_jitter_draws_from_nothing_to_the_whole_wait() -> None:
    backoff = rg.ExponentialBackoff(base=1.0, cap=5.0)
    assert [backoff.delay(3, Fixed(drawn)) for drawn in (0.0, 0.5, 0.75)] == [0.0, 2.0, 3.0]


def test_the_same_stream_gives_the_same_waits() -> None:
    backoff = rg.ExponentialBackoff()
    first, second = (
        [backoff.delay(n, source) for n in range(1, 9)] for source in (random.Random(7), random.Random(7))
    )
    assert first == second
    assert len(set(first)) == 8


def test_attempts_without_end_do_not_overflow() -> None:
    assert rg.ExponentialBackoff(jitter="none").delay(10**6, Fixed(0.0)) == 5.0


@given(st.floats(0.001, 100), st.floats(1, 10), st.floats(1, 10), st.integers(1, 500))
def test_always_within_zero_and_cap(base: float, times: float, factor: float, attempt: int) -> None:
    backoff = rg.ExponentialBackoff(base=base, cap=base * times, factor=factor)
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
        ("jitter", {"jitter": 0.5}),
        ("jitter", {"jitter": "half"}),
    ],
)
def test_bad_options(option: str, options: dict[str, object]) -> None:
    with pytest.raises(rg.errors.BadSetting, match=rf"^ExponentialBackoff\({option}=") as caught:
        rg.ExponentialBackoff(**options)  # type: ignore[arg-type]
    assert (caught.value.option, caught.value.value) == (option, options[option])
