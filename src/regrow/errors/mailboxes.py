"""Errors of mailboxes: no place, nothing to take, and how it was asked for."""

from __future__ import annotations

from regrow.errors.base import RegrowError, show

__all__ = (
    "AlreadyReceiving",
    "BadPattern",
    "BadReservation",
    "MailboxFull",
    "PlaceTimeout",
    "ReceiveTimeout",
)


class MailboxFull(RegrowError):
    """The mailbox has no place. Calls and supervised sends wait for one; casts and sends raise this."""

    def __init__(self, target: object, capacity: int) -> None:
        self.target = target
        self.capacity = capacity
        super().__init__(
            f"mailbox of {target} is full ({capacity} messages); call (it waits for a place), send less, "
            "or give the class another rg.Mailbox(capacity=..., overflow=...)"
        )


class PlaceTimeout(RegrowError, TimeoutError):
    """`reserve` found no free place in the mailbox in time."""

    def __init__(self, target: object, timeout: float) -> None:
        self.target = target
        self.timeout = timeout
        super().__init__(
            f"no place came free in the mailbox of {target} within {timeout:g} s; "
            "try again later, or give the class another rg.Mailbox(capacity=...)"
        )


class BadReservation(RegrowError):
    """A reservation that was used, released, expired, or whose process has ended."""

    def __init__(self, target: object, state: str) -> None:
        super().__init__(f"the reserved place at {target} is {state}; reserve a new one")


class ReceiveTimeout(RegrowError, TimeoutError):
    """No matching message came in time; what did not match stays in the mailbox."""

    def __init__(self, pattern: object, timeout: float, skipped: int) -> None:
        self.timeout = timeout
        super().__init__(
            f"no message matching {show(pattern)} within {timeout:g} s ({skipped} others wait in the mailbox)"
        )


class BadPattern(RegrowError, TypeError):
    """`receive(match=...)` got something it can't match by."""

    def __init__(self, pattern: object) -> None:
        super().__init__(
            f"match={show(pattern)}: allowed are a type, a tuple of types, or a function of the message"
        )


class AlreadyReceiving(RegrowError):
    """Two tasks of one process wait in `rg.receive()` at the same time."""

    def __init__(self, pid: object) -> None:
        super().__init__(f"{pid} waits in rg.receive() already; receive in one task of a process at a time")
