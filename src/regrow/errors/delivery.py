"""Errors of supervised sends and broadcasts."""

from __future__ import annotations

from typing import Literal

from regrow.errors.base import RegrowError, show
from regrow.errors.mailboxes import MailboxFull

__all__ = (
    "BadDeliveryOption",
    "BroadcastFailed",
    "DeliveryError",
    "DeliveryExpired",
    "DeliveryTimeout",
    "HandOutLost",
    "MailboxStayedFull",
    "NoJournal",
    "NotAcceptedInTime",
    "NotSent",
)


class DeliveryError(RegrowError):
    """A supervised send or a broadcast could not do what it was asked."""


class BadDeliveryOption(DeliveryError, ValueError):
    """An option of a supervised send or a broadcast can't be used; nothing was sent.

    Attributes:
        option: The option.
        value: What was given.
    """

    def __init__(self, option: str, value: object, allowed: str) -> None:
        super().__init__(f"{option}={show(value)} can't be used: {allowed}; nothing was sent")
        self.option = option
        self.value = value


class NoJournal(DeliveryError):
    """The send needs a journal and the System has none; nothing was sent."""

    def __init__(self, system: str, option: str) -> None:
        super().__init__(
            f"{option} needs a journal, and system {system!r} has none: give it one with "
            'rg.System(..., services=[rg.Journal("app.db")]), or rg.Journal.in_memory() in tests; '
            "nothing was sent"
        )
        self.option = option


class DeliveryTimeout(DeliveryError, TimeoutError):
    """The message was not handled in time.

    Attributes:
        target: The recipient.
        timeout: The seconds that there were.
        started: Whether its handler may have begun. If not, the message is withdrawn: it never will be.
    """

    def __init__(self, target: object, message: object, timeout: float, *, started: bool) -> None:
        fate = (
            "its handler may still run"
            if started
            else "its handler had not begun, and the message is withdrawn"
        )
        super().__init__(f"{show(message)} to {target} was not handled within {timeout:g} s: {fate}")
        self.target = target
        self.timeout = timeout
        self.started = started


class NotAcceptedInTime(DeliveryTimeout):
    """The journal did not take a durable message in time: a commit is under way that may yet accept it."""

    def __init__(self, target: object, message: object, timeout: float) -> None:
        DeliveryError.__init__(
            self,
            f"{show(message)} to {target} was not in the journal within {timeout:g} s: it may be accepted"
            " yet, as its commit is under way; with an idempotency_key its handler can tell a second one",
        )
        self.target = target
        self.timeout = timeout
        self.started = False


class DeliveryExpired(DeliveryError):
    """Nobody wants the message any more: `expires_in` had passed before its handler began."""

    def __init__(self, target: object, message: object, expires_in: float) -> None:
        super().__init__(
            f"{show(message)} to {target} had not begun after expires_in={expires_in:g} s; it is withdrawn"
        )
        self.target = target


class HandOutLost(DeliveryError):
    """A journal handed a message out, and it never reached its recipient; that is a failed attempt.

    Attributes:
        recipient: The recipient's name.
    """

    def __init__(self, recipient: str) -> None:
        super().__init__(
            f"the message was lost on its way to {recipient!r}: its mailbox or a mailbox hook dropped it, or"
            " the process ended; it is handed out again as long as it has attempts left"
        )
        self.recipient = recipient


class MailboxStayedFull(MailboxFull, TimeoutError):
    """The mailbox was full, and no place came free in time; the message is withdrawn."""

    def __init__(self, target: object, capacity: int, timeout: float) -> None:
        RegrowError.__init__(
            self,
            f"no place came free in the mailbox of {target} ({capacity} messages) within {timeout:g} s; "
            "send less (rg.Credit bounds a producer), or give the class another rg.Mailbox(capacity=...)",
        )
        self.target = target
        self.capacity = capacity


class NotSent(DeliveryError):
    """An `all_or_nothing` broadcast was sent to nobody, because one of its recipients could not be reached.

    Attributes:
        because: That recipient.
    """

    __cause__: BaseException | None

    def __init__(self, because: object, problem: BaseException) -> None:
        super().__init__(f"nothing was sent to anybody, because of {because}: {problem}")
        self.because = because
        self.__cause__ = problem


class BroadcastFailed(DeliveryError):
    """A broadcast that did not keep what its strategy promises.

    Attributes:
        strategy: The strategy.
        result: The `rg.BroadcastResult`, with a result per recipient.
    """

    def __init__(
        self, strategy: Literal["at_least_one", "all_or_nothing"], result: object, sent: int, total: int
    ) -> None:
        super().__init__(
            f"{strategy} broadcast to {total} recipients: {sent} of them took the message; "
            "`result.results` has what became of each"
        )
        self.strategy = strategy
        self.result = result
