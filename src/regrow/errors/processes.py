"""Errors of what only a process may do, or only a certain one, and of what can be one."""

from __future__ import annotations

from regrow.errors.base import RegrowError, show

__all__ = (
    "BadServer",
    "NotAProcess",
    "NotMine",
)


class NotAProcess(RegrowError):
    """Only processes link, monitor, receive, and set timers to themselves."""

    def __init__(self, operation: str) -> None:
        super().__init__(
            f"{operation} works inside a process; here is none: use `async with system.guest()` or spawn one"
        )


class NotMine(RegrowError):
    """A monitor, timer or alias that belongs to another process."""

    def __init__(self, what: object, owner: object, caller: object) -> None:
        super().__init__(f"{show(what)} belongs to {owner}, not to {caller}; only its owner may end it")


class BadServer(RegrowError, TypeError):
    """A server class that can't be started."""

    def __init__(self, value: object, allowed: str) -> None:
        super().__init__(f"{show(value)} can't be started: {allowed}")
