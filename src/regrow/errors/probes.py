"""Errors of probes: what they should have got, or should not have, and what they can't do."""

from __future__ import annotations

from collections.abc import Sequence

from regrow.errors.base import show
from regrow.errors.testing import TestKitError

__all__ = ("BadProbe", "NoReply", "NotReceived", "ProbeNotRunning", "ReceivedAfterAll")

SHOWN = 20


class BadProbe(TestKitError, ValueError):
    """A probe was asked to stand in for what it can't.

    Attributes:
        value: What was given.
    """

    def __init__(self, value: object, problem: str) -> None:
        super().__init__(f"{show(value)} can't be used: {problem}")
        self.value: object = value


class ProbeNotRunning(TestKitError):
    """A probe has no process.

    Attributes:
        probe: The probe.
    """

    def __init__(self, probe: object) -> None:
        self.probe: object = probe
        super().__init__(
            f"{probe} has no process that runs: put probe.child_spec(name=...) among the children of a"
            " System, or await probe.start(system)"
        )


class NoReply(TestKitError):
    """A probe was called, and nobody had told it what to answer.

    Attributes:
        message: The call.
    """

    def __init__(self, server: str, handler: str, message: object) -> None:
        self.message: object = message
        super().__init__(
            f"the probe of {server} has no reply to {show(message)}: give it one,"
            f" rt.Probe.of({server}, replies={{{handler!r}: ...}}), a value or a function of its arguments"
        )


class NotReceived(TestKitError, AssertionError):
    """A probe did not get what it should have.

    Attributes:
        expected: What it should have got, as texts; more than one if it was their order.
        came: How many of these it got, in their order.
        timeout: Seconds.
        received: All that it got, as texts, oldest first.
    """

    def __init__(
        self,
        probe: object,
        expected: Sequence[str],
        timeout: float,
        *,
        came: int,
        received: Sequence[str],
        trouble: str = "",
    ) -> None:
        self.expected: tuple[str, ...] = tuple(expected)
        self.came: int = came
        self.timeout: float = timeout
        self.received: tuple[str, ...] = tuple(received)
        order = f", {came} of {len(expected)} in this order" if len(expected) > 1 else ""
        text = f"{probe} did not get {', then '.join(expected)} within {timeout:g} s{order}"
        super().__init__("\n".join(filter(None, [text, trouble, _listed(received)])))


class ReceivedAfterAll(TestKitError, AssertionError):
    """A probe got what it should not have.

    Attributes:
        unwanted: What it should not have got, as text.
        after: Seconds after the beginning.
        received: All that it got, as texts, oldest first.
    """

    def __init__(
        self, probe: object, unwanted: str, after: float, *, found: str, received: Sequence[str]
    ) -> None:
        self.unwanted: str = unwanted
        self.after: float = after
        self.received: tuple[str, ...] = tuple(received)
        super().__init__(
            f"{probe} got {unwanted} after {after:g} s, and should not: {found}\n{_listed(received)}"
        )


def _listed(received: Sequence[str]) -> str:
    if not received:
        return "it got nothing"
    older = [f"  {len(received) - SHOWN} older"] if len(received) > SHOWN else []
    return "\n".join(["it got:", *older, *(f"  {one}" for one in received[-SHOWN:])])
