"""Errors of barriers, sequencers and gates: who came, who didn't, and why nobody goes on."""

from __future__ import annotations

from collections.abc import Sequence

from regrow.errors.testing import TestKitError

__all__ = ("BarrierBroken", "GateStayedClosed", "SequenceBroken")


class BarrierBroken(TestKitError, AssertionError):
    """Not all parties of a barrier can come together any more.

    Attributes:
        parties: How many it is for.
        came: Who stood at it when it broke.
        why: What happened.
    """

    def __init__(self, parties: int, came: Sequence[str], why: str) -> None:
        self.parties: int = parties
        self.came: tuple[str, ...] = tuple(came)
        self.why: str = why
        who = f": {', '.join(came)}" if came else ""
        super().__init__(f"the barrier of {parties} is broken: {why}; {len(came)} had come{who}")


class SequenceBroken(TestKitError, AssertionError):
    """A step of a sequence can't have its turn.

    Attributes:
        step: Which one.
        why: What happened.
    """

    def __init__(self, step: object, why: str) -> None:
        self.step: object = step
        self.why: str = why
        super().__init__(f"step {step} of the sequence can't begin: {why}")


class GateStayedClosed(TestKitError, AssertionError):
    """A gate was not opened in time.

    Attributes:
        who: Who stood at it.
        timeout: Seconds.
    """

    def __init__(self, who: str, timeout: float) -> None:
        self.who: str = who
        self.timeout: float = timeout
        super().__init__(
            f"the gate stayed closed for {timeout:g} s, and {who} stood at it; open() lets all pass"
        )
