"""Deadlines: pure arithmetic on a clock that is passed in."""

from hypothesis import given
from hypothesis import strategies as st

from regrow.core.deadlines import Deadline, earlier

TIMES = st.floats(-1e9, 1e9)
DEADLINES = st.none() | st.builds(Deadline, TIMES, st.text())


def test_remaining_and_expired() -> None:
    deadline = Deadline.after(5.0, now=100.0, owner="counter")
    assert deadline == Deadline(105.0, "counter")
    assert deadline.remaining(101.0) == 4.0
    assert deadline.remaining(105.0) == deadline.remaining(200.0) == 0.0
    assert not deadline.expired(104.999)
    assert deadline.expired(105.0)


def test_text_says_whose_it_is() -> None:
    assert str(Deadline(1.0, "counter")) == "the deadline of counter"


@given(DEADLINES, DEADLINES, TIMES)
def test_the_earlier_one_binds(first: Deadline | None, second: Deadline | None, now: float) -> None:
    both = [deadline for deadline in (first, second) if deadline is not None]
    binding = earlier(first, second)
    if binding is None:
        assert both == []
        return
    assert binding in both
    assert binding.at == min(deadline.at for deadline in both)
    assert binding.expired(now) == any(deadline.expired(now) for deadline in both)
    assert binding.expired(now) == (binding.remaining(now) == 0.0)


def test_the_first_of_two_for_the_same_moment() -> None:
    first, second = Deadline(1.0, "a"), Deadline(1.0, "b")
    assert earlier(first, second) is first
