"""Errors of the test kit. All that say that a test failed are AssertionErrors as well."""

from __future__ import annotations

from collections.abc import Sequence

from regrow.errors.base import RegrowError

__all__ = ("Deadlock", "TestKitError")


class TestKitError(RegrowError):
    """Base of what the test kit raises."""

    __test__ = False


class Deadlock(TestKitError, AssertionError):
    """Nothing can ever happen again: nothing is ready, no timer is set, no file or thread speaks up.

    Attributes:
        at: virtual time in seconds.
        waiting: the names of the tasks that wait.
    """

    def __init__(self, at: float, waiting: Sequence[str]) -> None:
        self.at: float = at
        self.waiting: tuple[str, ...] = tuple(waiting)
        super().__init__(
            f"nothing can happen any more at virtual time {at}: nothing is ready and no timer is due;"
            f" these wait: {', '.join(waiting) or 'nobody'}"
        )
