"""What a test can leave behind."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, final, get_args

import msgspec
from typing_extensions import override

__all__ = ("KINDS", "Leak", "LeakKind")

LeakKind: TypeAlias = Literal[
    "task",
    "timer",
    "asyncgen",
    "thread",
    "child_process",
    "executor",
    "socket",
    "system",
    "journal",
    "process",
    "name",
    "monitor",
    "link",
    "subscriber",
    "mailbox",
]
"""`system` and `journal`: a System that still runs, without or with open journals. From `process` on: what a
System that ran before the test, and runs after it, has more of."""

KINDS: Final[tuple[LeakKind, ...]] = get_args(LeakKind)


@final
class Leak(msgspec.Struct, frozen=True):
    """One thing that a test left behind.

    Attributes:
        kind: What it is.
        name: What it calls itself.
        stack: Where it was made, outermost first, as `file:line in function`; empty if nobody saw it.
    """

    kind: LeakKind
    name: str
    stack: tuple[str, ...] = ()

    @override
    def __str__(self) -> str:
        where = "".join(f"\n      made at {line}" for line in reversed(self.stack))
        return f"{self.kind}: {self.name}{where}"
