"""Errors of simulated faults, and of the fence around a simulated run."""

from __future__ import annotations

from regrow.errors.base import show
from regrow.errors.testing import TestKitError

__all__ = ("BadFault", "InjectedCrash")


class InjectedCrash(TestKitError):
    """What a simulated fault raises in the place of a callback: no bug, unless it is handled wrongly.

    Attributes:
        where: The callback that was about to run.
    """

    def __init__(self, where: str) -> None:
        self.where: str = where
        super().__init__(f"a simulated fault in {where}")


class BadFault(TestKitError, ValueError):
    """A fault that can't be had.

    Attributes:
        option: The option or argument.
        value: What was given.
    """

    def __init__(self, owner: str, option: str, value: object, allowed: str) -> None:
        self.option: str = option
        self.value: object = value
        super().__init__(f"{owner}({option}={show(value)}) can't be used: {option} has to be {allowed}")
