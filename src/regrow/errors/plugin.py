"""What the pytest plugin fails a test with."""

from __future__ import annotations

from collections.abc import Sequence

from regrow.errors.testing import TestKitError, Waiting

__all__ = ("LeftBehind", "SleepInTest", "TestTimeout")


class LeftBehind(TestKitError, UserWarning):
    """A warning: what a test left behind, in a project where that is reported only.

    Attributes:
        found: What a guard says of it.
    """

    def __init__(self, found: str) -> None:
        self.found: str = found
        super().__init__(found)


class SleepInTest(TestKitError, AssertionError):
    """A test waits by sleeping, and its project has `block-sleep = true`.

    Attributes:
        call: What it called.
        where: File and line.
    """

    def __init__(self, call: str, where: str) -> None:
        self.call: str = call
        self.where: str = where
        super().__init__(
            f"{call} at {where}: a test that sleeps guesses how long something takes; wait for what it waits"
            " for, with wait_for, wait_idle or a probe, or allow it:"
            " @pytest.mark.regrow(sleep=True, reason='...')"
        )


class TestTimeout(TestKitError, AssertionError):
    """A test took longer than it may.

    Attributes:
        limit: How long it might.
        waiting: What its tasks and processes were doing.
        stuck: The stack of what held up the loop, innermost frame last; empty if it was free.
    """

    def __init__(self, limit: str, waiting: Sequence[Waiting], stuck: Sequence[str] = ()) -> None:
        self.limit: str = limit
        self.waiting: tuple[Waiting, ...] = tuple(waiting)
        self.stuck: tuple[str, ...] = tuple(stuck)
        lines = [f"the test took longer than {limit}"]
        for one in waiting:
            lines += [f"  {one}", *(f"    {frame}" for frame in one.stack[:-1])]
        if stuck:
            lines += ["  the loop was held up by", *(f"    {frame}" for frame in stuck)]
        super().__init__("\n".join(lines))
