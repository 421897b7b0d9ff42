"""Errors of references: what belongs to another System, keys that can't be routed."""

from __future__ import annotations

from regrow.errors.base import RegrowError, show

__all__ = ("BadPartitionKey", "OtherSystem")


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
