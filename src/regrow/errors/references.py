"""Errors of references: other systems, keys that can't be routed, waits that were too long."""

from __future__ import annotations

from typing import Final, Literal

from regrow.errors.base import RegrowError, show

__all__ = ("BadAddress", "BadPartitionKey", "OtherSystem", "PidNotPicklable", "WaitTimeout")

_AWAITED: Final = {
    "down": "was still there",
    "result": "was not done",
    "sync": "had not handled what was sent before",
    "drained": "still owed deliveries",
}


class BadAddress(RegrowError, TypeError):
    """Neither a process nor what leads to one.

    Attributes:
        value: What was given.
    """

    def __init__(self, value: object, allowed: str) -> None:
        super().__init__(f"{show(value)} is no address for this: allowed is {allowed}")
        self.value = value


class PidNotPicklable(RegrowError, TypeError):
    """A Pid is one incarnation in one system: outside it means nothing."""

    def __init__(self, pid: object) -> None:
        super().__init__(f"{pid!r} can't be pickled or copied out of its system; store a name and use a Ref")


class OtherSystem(RegrowError):
    """A process of another System: systems share neither links nor monitors, names nor groups.

    Attributes:
        pid: The process.
        system_name: The system that was asked.
    """

    def __init__(self, pid: object, system_name: str) -> None:
        super().__init__(
            f"{pid} is no process of system {system_name!r}: links, monitors, names and groups end at"
            " a system's edge; send messages across it, or run both in one System"
        )
        self.pid = pid
        self.system_name = system_name


class BadPartitionKey(RegrowError, TypeError):
    """A key that would not go to the same partition in every run.

    Attributes:
        value: What was given.
    """

    def __init__(self, value: object) -> None:
        super().__init__(
            f"{show(value)} is no partition key: allowed are str, bytes, int, float, bool, None and"
            " tuples of these, whose text is the same in every run"
        )
        self.value = value


class WaitTimeout(RegrowError, TimeoutError):
    """A wait for a process, or for a journal, took too long; it goes on.

    Attributes:
        target: Who was waited for.
        timeout: Seconds.
    """

    def __init__(
        self, target: object, awaited: Literal["down", "result", "sync", "drained"], timeout: float
    ) -> None:
        super().__init__(
            f"{target} {_AWAITED[awaited]} after {timeout:g} s; it goes on: wait longer, or end it"
        )
        self.target = target
        self.timeout = timeout
