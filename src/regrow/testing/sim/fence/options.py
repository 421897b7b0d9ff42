"""What the fence of a run lets through."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, cast

import msgspec

from regrow.errors.faults import BadFault

__all__ = ("Fence", "Opening", "Routed")

Routed: TypeAlias = Literal["clocks", "randomness"]
"""What a run has of its own, so that code may be given that."""
Opening: TypeAlias = Literal["clocks", "randomness", "sockets", "threads", "subprocesses"]
"""What the fence keeps out of a run."""

OPENINGS: Final = ("clocks", "randomness", "sockets", "threads", "subprocesses")
ROUTED: Final = ("clocks", "randomness")


class Fence(msgspec.Struct, frozen=True, kw_only=True):
    """What the code under test may use in a simulated run; by default nothing that no seed decides.

    The standard library, installed packages and Regrow itself get the run's own clocks and random numbers
    anyway; sockets, threads and subprocesses are refused to them, too.

    Attributes:
        virtual: What the code under test gets of the run's own in the place of the real: "clocks" (`time`,
            `datetime`: the run's virtual time and its wall clock), "randomness" (`random`, `secrets`,
            `uuid`, `os.urandom`: numbers that come from the seed). Default nothing.
        allow: What it gets for real, though no seed decides about it: "clocks", "randomness", "sockets",
            "threads", "subprocesses". Default nothing.
        reason: Why something is allowed; required then.

    Raises:
        BadFault: One of them is unknown, or something is allowed without a reason.
    """

    virtual: tuple[Routed, ...] = ()
    allow: tuple[Opening, ...] = ()
    reason: str = ""

    def __post_init__(self) -> None:
        """Checks the names."""
        _check("virtual", self.virtual, ROUTED)
        _check("allow", self.allow, OPENINGS)
        if self.allow and not is_reason(self.reason):
            raise BadFault("Fence", "reason", self.reason, "said where something is allowed")


def is_reason(value: object) -> bool:
    """Whether it says something."""
    return isinstance(value, str) and bool(value.strip())


def _check(option: str, given: object, known: tuple[str, ...]) -> None:
    chosen = cast("tuple[object, ...]", given) if isinstance(given, tuple) else (given,)
    if not isinstance(given, tuple) or not all(one in known for one in chosen):
        raise BadFault("Fence", option, chosen, f"a tuple of some of {', '.join(map(repr, known))}")
