"""What holds the loop is interrupted, and other people's timers go on."""

import signal
import threading
from collections.abc import Iterator

import pytest

from regrow.comply.held import interrupted
from regrow.errors import LoopHeld


@pytest.fixture(autouse=True)
def timer() -> Iterator[None]:
    """A timer of somebody else's, due in a quarter of an hour; pytest-timeout's is put back afterwards."""
    before, left = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 900)
    yield
    signal.signal(signal.SIGALRM, before)
    signal.setitimer(signal.ITIMER_REAL, *left)


def test_what_never_ends_is_interrupted_where_it_stands() -> None:
    with (
        pytest.raises(LoopHeld, match=r"after 0\.01 s of real time at .*test_held.py:") as caught,
        interrupted(0.01),
    ):
        threading.Event().wait()
    assert caught.value.seconds == 0.01
    assert caught.value.place is not None


def test_what_ends_in_time_is_left_alone_and_another_timer_goes_on() -> None:
    theirs = signal.getsignal(signal.SIGALRM)
    with interrupted(600):
        assert signal.getsignal(signal.SIGALRM) is not theirs
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 600
    assert signal.getsignal(signal.SIGALRM) is theirs
    assert 600 < signal.getitimer(signal.ITIMER_REAL)[0] <= 900


def test_a_timer_that_is_due_earlier_is_left_to_its_work() -> None:
    theirs = signal.getsignal(signal.SIGALRM)
    with interrupted(1_000):
        assert signal.getsignal(signal.SIGALRM) is theirs


def test_ctrl_c_stays_what_it_is() -> None:
    with pytest.raises(KeyboardInterrupt), interrupted(600):
        raise KeyboardInterrupt


def test_other_threads_are_not_interrupted() -> None:
    theirs = signal.getsignal(signal.SIGALRM)
    seen: list[bool] = []

    def look() -> None:
        with interrupted(600):
            seen.append(signal.getsignal(signal.SIGALRM) is theirs)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [True]
