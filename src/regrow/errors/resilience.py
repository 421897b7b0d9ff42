"""What a circuit breaker refuses."""

from __future__ import annotations

from regrow.errors.base import RegrowError, show

__all__ = ("CircuitOpen", "NotGuardable")


class CircuitOpen(RegrowError):
    """The circuit breaker lets no call through now; nothing was called or sent.

    Attributes:
        name: The breaker's name; in sends the recipient's.
        since: How long it has been open, or half-open, in seconds.
        retry_in: Seconds until it lets a probe through; 0 while its probes are under way, None if
            it was opened by hand and stays so until it is reset.
    """

    def __init__(self, name: str, *, since: float, retry_in: float | None, why: str) -> None:
        self.name = name
        self.since = since
        self.retry_in = retry_in
        super().__init__(f"circuit {name!r} has been {why} for {since:.3g} s; {_advice(retry_in)}")


def _advice(retry_in: float | None) -> str:
    if retry_in is None:
        return "it stays so until reset()"
    if not retry_in:
        return "its probes are under way: try again when they have an answer"
    return f"it lets a probe through in {retry_in:.3g} s: try again then"


class NotGuardable(RegrowError, TypeError):
    """A `CircuitBreaker` decorates functions, `def` or `async def`, and this is none.

    Attributes:
        value: What was given.
    """

    def __init__(self, name: str, value: object) -> None:
        super().__init__(
            f"CircuitBreaker({name!r}) can't guard {show(value)}: it has to be a def or async def function"
            " that yields nothing; put anything else into a `with` block of it"
        )
        self.value = value
