"""What is wrong with the settings or the services of a system."""

from __future__ import annotations

from regrow.errors.base import RegrowError, show

__all__ = ("BadPort", "BadService", "BadSetting", "BadSubscription")


class BadSetting(RegrowError, ValueError):
    """A field of `Settings`, or an argument of a System, its `run`, a `Mailbox` or a trace, can't be used.

    Attributes:
        option: The field or argument.
        value: What was given.
    """

    def __init__(self, option: str, value: object, allowed: str, *, owner: str = "Settings") -> None:
        super().__init__(f"{owner}({option}={show(value)}) can't be used: {option} has to be {allowed}")
        self.option = option
        self.value = value


class BadPort(RegrowError, TypeError):
    """A port isn't what the engine can call.

    Attributes:
        option: The port.
        value: What was given.
    """

    def __init__(self, option: str, value: object, allowed: str) -> None:
        super().__init__(f"Ports({option}={show(value)}) can't be used: {option} has to be {allowed}")
        self.option = option
        self.value = value


class BadSubscription(RegrowError, TypeError):
    """Not something that events can be given to.

    Attributes:
        value: What was given.
    """

    def __init__(self, value: object, allowed: str) -> None:
        super().__init__(f"can't subscribe with {show(value)}; allowed is {allowed}")
        self.value = value


class BadService(RegrowError):
    """Something in `services` isn't a service, or two have the same name.

    Attributes:
        value: What was given.
    """

    def __init__(self, value: object, problem: str) -> None:
        super().__init__(
            f"services: {show(value)} can't be used: {problem}. A service is a child spec with a name, or"
            " has a service_name and a child_spec()"
        )
        self.value = value
