"""Errors of registered names and of look-ups by metadata."""

from __future__ import annotations

from regrow.errors.base import RegrowError, show

__all__ = (
    "AlreadyRegistered",
    "BadQuery",
    "BadRegistrationName",
    "NameTaken",
    "NotRegistered",
)


class NameTaken(RegrowError):
    """The name is registered. `holder` is who has it."""

    def __init__(self, name: str, holder: object) -> None:
        self.name = name
        self.holder = holder
        super().__init__(
            f"name {name!r} is taken by {holder}; choose another, or wait until it ends (await pid.down(...))"
        )


class AlreadyRegistered(RegrowError):
    """The process has a name already."""

    def __init__(self, pid: object, name: str, wanted: str) -> None:
        super().__init__(f"{pid} is registered as {name!r} and can't be {wanted!r} too; unregister the first")


class BadRegistrationName(RegrowError, ValueError):
    """A name that can't be registered."""

    def __init__(self, name: object) -> None:
        super().__init__(f"name {show(name)}: allowed is a non-empty str that can be written as UTF-8")


class NotRegistered(RegrowError, LookupError):
    """No such registration."""

    def __init__(self, name: object) -> None:
        super().__init__(
            f"{show(name)} is not registered; register it first (child(name=...) or registry.register)"
        )


class BadQuery(RegrowError, ValueError):
    """A registry query that can't be answered."""

    def __init__(self, value: object, allowed: str) -> None:
        super().__init__(f"registry query {show(value)}: allowed is {allowed}")
