"""The breaker's state machine, step by step."""

import math

import pytest

import regrow as rg
from regrow.resilience.breaker import Breaker, Cause
from regrow.resilience.window import BUCKETS, Window

SETTINGS = rg.BreakerSettings(
    failure_rate=0.5,
    minimum_calls=4,
    window_seconds=10.0,
    slow_seconds=1.0,
    slow_rate=0.75,
    open_seconds=5.0,
    probes=1,
    success_threshold=2,
)


class Told:
    """A listener that keeps what it is told, without the calls that were counted."""

    def __init__(self) -> None:
        self.causes: list[Cause] = []

    def __call__(self, breaker: Breaker, cause: Cause, now: float) -> None:
        if cause != "counted":
            self.causes.append(cause)


def call(breaker: Breaker, now: float, *, ok: bool = True, seconds: float = 0.0) -> None:
    permit = breaker.permit or breaker.acquire(now)
    assert permit
    breaker.record(permit, now, ok, seconds)


def opened(settings: rg.BreakerSettings = SETTINGS, told: Told | None = None) -> Breaker:
    """A breaker that has opened at 0."""
    breaker = Breaker(settings, 0.0, told)
    for _ in range(settings.minimum_calls):
        call(breaker, 0.0, ok=False)
    assert breaker.state == "open"
    return breaker


# -- closed --------------------------------------------------------------------------------------


def test_it_opens_at_the_failure_rate() -> None:
    told = Told()
    breaker = Breaker(SETTINGS, 0.0, told)
    for ok in (True, True, True, False, False):
        call(breaker, 0.0, ok=ok)
    assert breaker.state == "closed"
    call(breaker, 0.0, ok=False)
    assert (breaker.state, breaker.counts, told.causes) == ("open", (6, 3, 0), ["failures"])
    assert breaker.acquire(0.0) == 0


def test_it_does_not_open_below_the_minimum() -> None:
    breaker = Breaker(SETTINGS, 0.0)
    for _ in range(3):
        call(breaker, 0.0, ok=False)
    assert breaker.state == "closed"
    call(breaker, 0.0, ok=False)
    assert breaker.state == "open"


def test_a_good_call_opens_nothing() -> None:
    breaker = Breaker(SETTINGS, 0.0)
    for _ in range(3):
        call(breaker, 0.0, ok=False)
    call(breaker, 0.0)
    assert (breaker.state, breaker.window(0.0)) == ("closed", (4, 3, 0))


def test_failures_fall_out_of_the_window() -> None:
    breaker = Breaker(SETTINGS, 0.0)
    for now in (0.0, 0.5, 1.0):
        call(breaker, now, ok=False)
    call(breaker, 10.0, ok=False)  # of the first second nothing is left
    assert (breaker.state, breaker.window(10.0)) == ("closed", (2, 2, 0))
    assert breaker.window(25.0) == (0, 0, 0)


def test_good_calls_of_long_ago_hide_no_failures() -> None:
    breaker = Breaker(SETTINGS, 0.0)
    for _ in range(1000):
        call(breaker, 0.0)
    for _ in range(4):
        call(breaker, 60.0, ok=False)
    assert breaker.state == "open"


def test_slow_calls_open_it_at_their_own_rate() -> None:
    told = Told()
    breaker = Breaker(SETTINGS, 0.0, told)
    call(breaker, 0.0)
    for _ in range(3):
        assert breaker.state == "closed"
        call(breaker, 0.0, seconds=1.0)
    assert (breaker.state, breaker.counts, told.causes) == ("open", (4, 0, 3), ["slow_calls"])


def test_how_long_a_call_takes_is_no_matter_unless_asked_for() -> None:
    breaker = Breaker(rg.BreakerSettings(minimum_calls=1), 0.0)
    call(breaker, 0.0, seconds=1e9)
    assert (breaker.state, breaker.window(0.0)) == ("closed", (1, 0, 0))


def test_cancelled_calls_count_as_neither() -> None:
    breaker = Breaker(SETTINGS, 0.0)
    for _ in range(100):
        breaker.release(breaker.acquire(0.0), 0.0)
    assert (breaker.state, breaker.window(0.0)) == ("closed", (0, 0, 0))


def test_its_memory_does_not_grow_with_the_calls() -> None:
    window = Window(10.0, 0.0)
    for step in range(5000):
        window.count(step / 10, failed=step % 10 == 0, slow=False)
    assert window.counts(499.9) == (100, 10, 0)
    assert window.kept < BUCKETS


def test_a_clock_that_goes_back_counts_into_the_latest_bucket() -> None:
    breaker = Breaker(SETTINGS, 100.0)
    call(breaker, 100.0, ok=False)
    call(breaker, 50.0, ok=False)
    assert breaker.window(100.0) == (2, 2, 0)


# -- open ----------------------------------------------------------------------------------------


def test_open_it_refuses_until_its_time_is_over() -> None:
    breaker = opened()
    assert [breaker.acquire(now) for now in (0.0, 4.9)] == [0, 0]
    assert (breaker.refused, breaker.retry_at, breaker.state) == (2, 5.0, "open")
    assert breaker.acquire(5.0)
    assert breaker.state == "half_open"


def test_what_a_call_tells_that_began_before_the_change_is_passed_over() -> None:
    breaker = Breaker(SETTINGS, 0.0)
    late = [breaker.acquire(0.0) for _ in range(6)]
    for permit in late[:4]:
        breaker.record(permit, 0.0, False, 0.0)
    breaker.record(late[4], 1.0, True, 0.0)
    assert breaker.state == "open"
    probe = breaker.acquire(5.0)
    breaker.record(late[5], 5.0, False, 0.0)  # no probe of the half-open one
    assert breaker.state == "half_open"
    breaker.record(probe, 5.0, True, 0.0)
    call(breaker, 5.0)
    assert breaker.state == "closed"
    breaker.record(late[5], 5.0, False, 0.0)
    assert breaker.window(5.0) == (0, 0, 0)


def test_a_refused_call_that_reports_is_not_counted() -> None:
    breaker = opened()
    breaker.record(breaker.acquire(0.0), 0.0, False, 0.0)
    breaker.release(0, 0.0)
    assert (breaker.state, breaker.since) == ("open", 0.0)


# -- half-open -----------------------------------------------------------------------------------


def test_it_closes_after_so_many_good_probes() -> None:
    told = Told()
    breaker = opened(told=told)
    call(breaker, 5.0)
    assert breaker.state == "half_open"
    call(breaker, 5.0)
    assert breaker.state == "closed"
    assert told.causes == ["failures", "due", "place", "probes"]
    assert breaker.window(5.0) == (0, 0, 0)


def test_one_failed_probe_opens_it_again_for_the_whole_time() -> None:
    told = Told()
    breaker = opened(told=told)
    call(breaker, 5.0)
    call(breaker, 6.0, ok=False)
    assert (breaker.state, breaker.retry_at, told.causes[-1]) == ("open", 11.0, "probe")
    call(breaker, 11.0)
    assert breaker.state == "half_open"  # the good probe of before is forgotten


def test_a_slow_probe_is_a_failed_one() -> None:
    breaker = opened()
    call(breaker, 5.0, seconds=1.0)
    assert breaker.state == "open"


def test_so_many_probes_at_a_time() -> None:
    breaker = opened(rg.BreakerSettings(minimum_calls=1, probes=2, success_threshold=3))
    first, second = breaker.acquire(5.0), breaker.acquire(6.0)
    assert first
    assert second
    assert first != second
    assert breaker.acquire(6.0) == 0
    assert breaker.retry_at == 10.0  # when the first counts as lost
    breaker.record(first, 6.0, True, 0.0)
    assert breaker.retry_at <= 6.0
    assert breaker.acquire(6.0)


def test_other_probes_of_a_round_that_failed_are_passed_over() -> None:
    breaker = opened(rg.BreakerSettings(minimum_calls=1, probes=2, success_threshold=1))
    bad, good = breaker.acquire(5.0), breaker.acquire(5.0)
    breaker.record(bad, 6.0, False, 1.0)
    breaker.record(good, 7.0, True, 2.0)
    assert (breaker.state, breaker.since) == ("open", 6.0)


def test_a_cancelled_probe_frees_its_place_and_says_so() -> None:
    told = Told()
    breaker = opened(told=told)
    probe = breaker.acquire(5.0)
    assert breaker.acquire(5.0) == 0
    breaker.release(probe, 5.0)
    assert told.causes[-1] == "place"
    assert breaker.acquire(5.0)


def test_a_probe_that_never_reports_frees_its_place() -> None:
    breaker = opened()
    lost = breaker.acquire(5.0)
    assert breaker.acquire(9.9) == 0
    assert breaker.acquire(10.0)
    breaker.record(lost, 10.0, False, 5.0)  # too late: it is nobody's probe any more
    assert breaker.state == "half_open"


@pytest.mark.parametrize("begun", [7.612268, 8.09993, 17.93773])
def test_at_the_time_that_it_says_it_gives_a_permit(begun: float) -> None:
    settings = rg.BreakerSettings(minimum_calls=4, open_seconds=5.2, probes=1)
    breaker = opened(settings)
    assert breaker.acquire(begun)
    assert breaker.acquire(breaker.retry_at), "whoever waits until then waits for ever"


# -- by hand -------------------------------------------------------------------------------------


def test_forced_open_it_stays_so_until_it_is_reset() -> None:
    told = Told()
    breaker = Breaker(SETTINGS, 0.0, told)
    breaker.force_open(1.0)
    assert breaker.acquire(1e9) == 0
    assert (breaker.state, breaker.forced, breaker.retry_at) == ("open", True, math.inf)
    breaker.reset(2.0)
    assert (breaker.state, breaker.forced, told.causes) == ("closed", False, ["forced", "reset"])
    assert breaker.acquire(2.0)


def test_reset_forgets_what_was_counted() -> None:
    breaker = Breaker(SETTINGS, 0.0)
    for _ in range(3):
        call(breaker, 0.0, ok=False)
    breaker.reset(0.0)
    call(breaker, 0.0, ok=False)
    assert breaker.window(0.0) == (1, 1, 0)


def test_other_settings_take_effect_at_once() -> None:
    breaker = Breaker(SETTINGS, 0.0)
    call(breaker, 0.0, ok=False)
    breaker.configure(rg.BreakerSettings(minimum_calls=2, open_seconds=50.0), 0.0)
    call(breaker, 0.0, ok=False)
    assert (breaker.state, breaker.retry_at) == ("open", 50.0)
    breaker.configure(rg.BreakerSettings(open_seconds=1.0, success_threshold=1), 0.0)
    assert breaker.retry_at == 1.0
    call(breaker, 1.0)
    assert breaker.state == "closed"


def test_what_is_slow_changes_with_the_settings() -> None:
    breaker = Breaker(rg.BreakerSettings(minimum_calls=1), 0.0)
    call(breaker, 0.0, seconds=1.0)
    breaker.configure(rg.BreakerSettings(minimum_calls=1, slow_seconds=1.0), 0.0)
    call(breaker, 0.0, seconds=1.0)
    assert (breaker.state, breaker.counts) == ("open", (2, 0, 1))


def test_other_settings_do_not_end_what_was_opened_by_hand() -> None:
    breaker = Breaker(SETTINGS, 0.0)
    breaker.force_open(0.0)
    breaker.configure(rg.BreakerSettings(open_seconds=1.0), 0.0)
    assert breaker.acquire(100.0) == 0


@pytest.mark.parametrize("seconds", [5.0, 40.0])
def test_another_window_keeps_what_was_counted_in_it(seconds: float) -> None:
    breaker = Breaker(SETTINGS, 0.0)
    for now in (0.5, 6.5, 8.5, 9.5):
        call(breaker, now, ok=now > 8)
    breaker.configure(rg.BreakerSettings(window_seconds=seconds), 9.6)
    assert breaker.window(9.6) == ((3, 1, 0) if seconds == 5.0 else (4, 2, 0))
    assert breaker.window(9.6 + seconds) == (0, 0, 0)


def test_callers_that_disagree_about_the_window_lose_no_counts() -> None:
    breaker = Breaker(SETTINGS, 0.0)
    for step in range(8):
        call(breaker, float(step))
    for _ in range(50):
        for seconds in (7.0, 10.0):
            breaker.configure(rg.BreakerSettings(window_seconds=seconds), 8.0)
    assert breaker.window(8.0).calls >= 6


# -- the error -----------------------------------------------------------------------------------


def test_the_error_says_name_since_when_and_until_when() -> None:
    error = opened().refusal("db", 1.25)
    assert str(error) == (
        "circuit 'db' has been open (4 of 4 calls failed) for 1.25 s; it lets a probe through in 3.75 s:"
        " try again then"
    )
    assert (error.name, error.since, error.retry_in) == ("db", 1.25, 3.75)


def test_the_error_of_each_cause() -> None:
    slow = Breaker(rg.BreakerSettings(minimum_calls=1, slow_seconds=0.5), 0.0)
    call(slow, 0.0, seconds=0.5)
    assert "(1 of 1 calls took 0.5 s or longer)" in str(slow.refusal("x", 0.0))
    breaker = opened()
    breaker.acquire(5.0)
    half_open = breaker.refusal("x", 6.0)
    assert "half-open for 1 s; its probes are under way" in str(half_open)
    assert half_open.retry_in == 0.0
    breaker.reset(6.0)
    breaker.force_open(6.0)
    forced = breaker.refusal("x", 7.0)
    assert "held open by force_open() for 1 s; it stays so until reset()" in str(forced)
    assert forced.retry_in is None
    breaker = opened()
    call(breaker, 5.0, ok=False)
    assert "open (a probe failed) for 1 s" in str(breaker.refusal("x", 6.0))
