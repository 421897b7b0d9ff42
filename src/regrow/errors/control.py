"""What can go wrong between the command and a journal's owner."""

from __future__ import annotations

from regrow.errors.base import RegrowError, show

__all__ = ("BadFrame", "ControlClosed", "ControlError", "FrameBroken", "FrameTooLong", "OwnerRefused")


class ControlError(RegrowError):
    """The control socket of a journal can't be used."""


class BadFrame(ControlError):
    """What came over the socket is none of the declared commands or answers.

    Attributes:
        problem: What is wrong with it.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(f"this is no frame of the control protocol: {problem}")
        self.problem = problem


class FrameTooLong(BadFrame):
    """A frame is longer than the protocol allows.

    Attributes:
        size: Its bytes.
    """

    def __init__(self, size: int, allowed: int) -> None:
        super().__init__(f"it has {size:,} bytes, allowed are {allowed:,}")
        self.size = size


class FrameBroken(BadFrame):
    """The other side went away in the middle of a frame."""

    def __init__(self) -> None:
        super().__init__("it breaks off")


class ControlClosed(ControlError):
    """The other side went away in the middle of it.

    Attributes:
        path: The socket.
    """

    def __init__(self, path: object) -> None:
        super().__init__(
            f"the owner behind {path} went away before it had answered: look what is done, then ask again"
        )
        self.path = path


class OwnerRefused(ControlError):
    """The owner answered a command with an error.

    Attributes:
        kind: Name of the error's class.
        missing: Whether it is that there is no such thing.
    """

    def __init__(self, kind: str, text: str, *, missing: bool) -> None:
        super().__init__(text or show(kind))
        self.kind = kind
        self.missing = missing
