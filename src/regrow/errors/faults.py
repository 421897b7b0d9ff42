"""Errors of simulated faults, and of the fence around a simulated run."""

from __future__ import annotations

from regrow.errors.base import show
from regrow.errors.testing import TestKitError

__all__ = ("BadFault", "FenceBroken", "InjectedCrash")


class InjectedCrash(TestKitError):
    """What a simulated fault raises in the place of a callback: no bug, unless it is handled wrongly.

    Attributes:
        where: The callback that was about to run.
    """

    def __init__(self, where: str) -> None:
        self.where: str = where
        super().__init__(f"a simulated fault in {where}")


class FenceBroken(TestKitError, AssertionError):
    """A simulated run reached for the real world, where nothing comes from the seed.

    Attributes:
        what: What it used.
        where: File, line and function of who did; empty if that can't be told.
        instead: What to write instead.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        instead: str = "give the code a stand-in, or test it outside the simulation",
    ) -> None:
        self.what: str = what
        self.where: str = where
        self.instead: str = instead
        place = f" at {where}" if where else ""
        super().__init__(f"a simulated run used {what}{place}, which no seed decides: {instead}")


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
