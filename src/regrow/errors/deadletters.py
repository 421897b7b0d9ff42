"""What can be wrong with what is asked of the dead letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regrow.errors.base import RegrowError, show

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = (
    "BadDeadLetterFilter",
    "BadDeadLetterOption",
    "BadEdit",
    "DeadLetterError",
    "DeadLetterQuarantined",
    "NoSuchDeadLetter",
    "NoSuchRedrive",
    "RecipientUnknown",
    "RedriveOver",
)


class DeadLetterError(RegrowError):
    """The dead letters can't do what was asked; nothing was changed."""


class NoSuchDeadLetter(DeadLetterError, LookupError):
    """No dead letter has this number, or this message (any more).

    Attributes:
        id: The number, or the id of the message.
    """

    def __init__(self, id: object) -> None:
        super().__init__(
            f"there is no dead letter {show(id)}: it was redriven, purged or is expired, or never was one;"
            " list() shows those there are"
        )
        self.id = id


class BadDeadLetterFilter(DeadLetterError, ValueError):
    """A condition on dead letters can't be used.

    Attributes:
        field: The condition.
        value: What was given.
    """

    def __init__(self, field: str, value: object, allowed: str) -> None:
        super().__init__(f"dead letters can't be chosen by {field}={show(value)}: {allowed}")
        self.field = field
        self.value = value


class BadDeadLetterOption(DeadLetterError, ValueError):
    """An option of an operation on dead letters can't be used.

    Attributes:
        option: The option.
        value: What was given.
    """

    def __init__(self, option: str, value: object, allowed: str) -> None:
        super().__init__(f"{option}={show(value)} can't be used: {option} has to be {allowed}")
        self.option = option
        self.value = value


class BadEdit(DeadLetterError, ValueError):
    """What would take the place of a dead letter's message isn't one that its handler takes.

    Attributes:
        id: The dead letter's number.
    """

    def __init__(self, id: int, problem: str) -> None:
        super().__init__(f"dead letter {id} can't be edited so: {problem}. It is as it was")
        self.id = id


class DeadLetterQuarantined(DeadLetterError):
    """A quarantined dead letter isn't tried again.

    Attributes:
        id: Its number.
        fingerprint: Its cause, in hexadecimal.
    """

    def __init__(self, id: int, fingerprint: str) -> None:
        super().__init__(
            f"dead letter {id} is in quarantine with all of its cause: release({fingerprint!r}) first,"
            " once the cause is mended"
        )
        self.id = id
        self.fingerprint = fingerprint


class RecipientUnknown(DeadLetterError):
    """The recipient of a dead letter had no name, so that nobody can stand in for it.

    Attributes:
        id: The dead letter's number.
    """

    def __init__(self, id: int) -> None:
        super().__init__(
            f"dead letter {id} was for a process without a name, which has ended: say to whom, with target="
        )
        self.id = id


class NoSuchRedrive(DeadLetterError, LookupError):
    """No redrive has this number.

    Attributes:
        id: The number.
    """

    def __init__(self, id: object, known: Iterable[int]) -> None:
        there = ", ".join(map(str, known)) or "none"
        super().__init__(f"there is no redrive {show(id)}; there are: {there}")
        self.id = id


class RedriveOver(DeadLetterError):
    """A redrive isn't in a state in which it can do that.

    Attributes:
        id: Its number.
        status: What it is.
    """

    def __init__(self, id: int, status: str, wanted: str) -> None:
        super().__init__(f"redrive {id} is {status}: it can't be {wanted}")
        self.id = id
        self.status = status
