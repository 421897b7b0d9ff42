"""What is wrong with a timeout, or with the table of timeouts."""

from __future__ import annotations

import difflib

from regrow.errors.base import RegrowError, show

__all__ = ("BadTimeout", "BadTimeoutEntry", "BadTimeoutFactor", "UnknownTimeout")


class BadTimeout(RegrowError, ValueError):
    """A timeout is missing, not positive, not finite, longer than a day, or no number at all.

    You don't get it for a wait that was too long: that is a `TimeoutError`, e.g. `CallTimeout`.

    Attributes:
        value: What was given.
    """

    def __init__(self, value: object, text: str | None = None) -> None:
        super().__init__(
            text
            or f"timeout={show(value)} can't be used: give seconds above 0 and at most 86400, or a name from"
            " the timeout table; no wait is without a bound"
        )
        self.value = value


class UnknownTimeout(BadTimeout):
    """A timeout was given by a name that isn't in the table; there is no silent default.

    Attributes:
        known: The names that are.
        closest: The one that was most likely meant, if any.
    """

    def __init__(self, value: str, known: tuple[str, ...]) -> None:
        near = difflib.get_close_matches(value, known, n=1)
        self.closest: str | None = near[0] if near else None
        self.known = known
        meant = f"; did you mean {self.closest!r}?" if near else "."
        super().__init__(
            value,
            f"timeout={show(value)} isn't in the timeout table{meant} Known are"
            f" {', '.join(map(repr, known))}. Give one of them or seconds, or add it to the System's"
            " TimeoutTable",
        )


class BadTimeoutEntry(BadTimeout):
    """An entry of the timeout table, or an override, can't be used.

    Attributes:
        key: What the entry is for.
    """

    def __init__(self, key: object, value: object, problem: str) -> None:
        super().__init__(value, f"timeout table: {show(key)}: {show(value)} can't be used: {problem}")
        self.key = key


class BadTimeoutFactor(BadTimeout):
    """The environment's timeout factor isn't a finite number above 0, or makes an entry unusable."""

    def __init__(self, value: object, problem: str = "it has to be a finite number above 0") -> None:
        super().__init__(
            value,
            f"timeout factor {show(value)} can't be used: {problem}. Set REGROW_TIMEOUT_FACTOR to a number"
            " like 2.5, or leave it unset for 1",
        )
