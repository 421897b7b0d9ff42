"""Errors of tests that watch events: those that didn't come, those that shouldn't have."""

from __future__ import annotations

from collections.abc import Sequence

from regrow.errors.base import show
from regrow.errors.testing import TestKitError

__all__ = ("BadEvents", "EventMissing", "EventUnwanted", "WhichSystem", "WrongOrder")

SHOWN = 20


class BadEvents(TestKitError, ValueError):
    """What to watch for can't be used.

    Attributes:
        value: What was given.
    """

    def __init__(self, value: object, problem: str) -> None:
        super().__init__(f"{show(value)} can't be used: {problem}")
        self.value: object = value


class WhichSystem(TestKitError, LookupError):
    """It isn't clear whose events are meant: events are per System, and several run here, or none.

    Attributes:
        names: The Systems that run on this loop.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names: tuple[str, ...] = tuple(names)
        running = (
            f"{len(names)} run here, {', '.join(map(repr, names))}" if names else "none runs on this loop"
        )
        super().__init__(f"whose events? {running}; say it by system=")


class EventMissing(TestKitError, AssertionError):
    """An event did not come, or not often enough.

    Attributes:
        missing: How often each came that is missing, by what it was asked for as.
        count: How often it should have come.
        timeout: Seconds after the end of the block.
        others: Events of these kinds that came and are not the ones, as texts.
    """

    def __init__(
        self, missing: dict[str, int], count: int, timeout: float, *, where: str, others: Sequence[str]
    ) -> None:
        self.missing: dict[str, int] = missing
        self.count: int = count
        self.timeout: float = timeout
        self.others: tuple[str, ...] = tuple(others)
        came = ", ".join(
            f"no {kind}" if not times else f"{times} of {count} {kind}" for kind, times in missing.items()
        )
        text = f"{came} within {timeout:g} s{where}"
        super().__init__("\n".join([text, *_listed("came, but not as asked for", others)]))


class EventUnwanted(TestKitError, AssertionError):
    """An event came that should not have, or more often than it should.

    Attributes:
        events: The events, as texts.
    """

    def __init__(self, kind: str, events: Sequence[str], *, wanted: int, where: str) -> None:
        self.events: tuple[str, ...] = tuple(events)
        should = f"it should have come {wanted} time{'s' * (wanted != 1)}" if wanted else "it should not have"
        text = f"{kind} came {len(events)} time{'s' * (len(events) != 1)}{where}, and {should}"
        super().__init__("\n".join([text, *_listed("these are", events)]))


class WrongOrder(TestKitError, AssertionError):
    """Events did not come in the order that was asked for.

    Attributes:
        expected: What was asked for.
        came: How many of these came in that order.
        events: What was seen, as texts.
    """

    def __init__(self, expected: Sequence[str], came: int, events: Sequence[str]) -> None:
        self.expected: tuple[str, ...] = tuple(expected)
        self.came: int = came
        self.events: tuple[str, ...] = tuple(events)
        text = f"not in the order {', '.join(expected)}: {came} of {len(expected)} came so"
        super().__init__("\n".join([text, *_listed("seen", events)]))


def _listed(head: str, events: Sequence[str]) -> list[str]:
    if not events:
        return []
    more = [f"  and {len(events) - SHOWN} more"] if len(events) > SHOWN else []
    return [f"{head}:", *(f"  {one}" for one in events[:SHOWN]), *more]
