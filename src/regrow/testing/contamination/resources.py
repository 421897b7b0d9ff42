"""Something global that can be read, compared and put back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, TypeAlias, cast, final, get_args

import msgspec
from typing_extensions import override

from regrow.errors.base import SHOWN, show

__all__ = (
    "ABSENT",
    "KINDS",
    "Change",
    "ContaminationKind",
    "Entries",
    "Entry",
    "Resource",
    "difference",
    "is_same",
)

ContaminationKind: TypeAlias = Literal[
    "env",
    "cwd",
    "path",
    "modules",
    "interpreter",
    "signals",
    "umask",
    "locale",
    "loop_policy",
    "logging",
    "warnings",
    "random",
    "builtins",
    "globals",
]
"""`path` is `sys.path` and what else finds modules; `modules` is `sys.modules`; `globals` are the module
globals and class attributes of the package under test."""

KINDS: Final[tuple[ContaminationKind, ...]] = get_args(ContaminationKind)
SCALARS: Final = (int, float, complex, str, bytes, bool)
PLAIN: Final = (*SCALARS, tuple, list)
"""What is the same if it is equal, whichever object it is."""


@final
class Absent:
    """What stands for a value that isn't there."""

    __slots__ = ()

    @override
    def __repr__(self) -> str:
        return "nothing"


ABSENT: Final = Absent()


@final
class Change(msgspec.Struct, frozen=True):
    """One thing that a test changed.

    Attributes:
        kind: What it is.
        name: Which one.
        before: What it was, as text.
        after: What the test made of it, as text.
        problem: Why it couldn't be put back; empty if it could.
    """

    kind: ContaminationKind
    name: str
    before: str
    after: str
    problem: str = ""

    @override
    def __str__(self) -> str:
        left = f"; it could not be put back: {self.problem}" if self.problem else ""
        return f"{self.kind}: {self.name} was {self.before}, is {self.after}{left}"


class Resource:
    """One kind of global state, as names with values."""

    __slots__ = ("kind",)

    def __init__(self, kind: ContaminationKind) -> None:
        self.kind: Final = kind

    def read(self) -> Mapping[str, object]:
        """The values now; those that can change are copies."""
        raise NotImplementedError

    def is_untouched(self) -> bool:
        """A quick look: True if nothing was changed since the first `read`, False if that isn't known."""
        return False

    def is_same(self, name: str, before: object, after: object) -> bool:
        """Whether two values of one name mean that nothing was changed; `ABSENT` for one that isn't there."""
        del name
        return before == after

    def write(self, name: str, before: object, after: object) -> None:
        """Put a value back; `ABSENT` if there was none."""
        raise NotImplementedError

    def texts(self, name: str, before: object, after: object) -> tuple[str, str]:
        """Two values as people are shown them."""
        del name
        return difference(before, after)


Entry: TypeAlias = "tuple[Callable[[], object], Callable[..., object]]"
"""A function that reads a value, and one that writes it."""


@final
class Entries(Resource):
    """A fixed list of names, each with a function that reads and one that writes."""

    __slots__ = ("_entries",)

    def __init__(self, kind: ContaminationKind, entries: Mapping[str, Entry]) -> None:
        super().__init__(kind)
        self._entries = entries

    @override
    def read(self) -> Mapping[str, object]:
        return {name: read() for name, (read, _) in self._entries.items()}

    @override
    def is_same(self, name: str, before: object, after: object) -> bool:
        return before is after or (isinstance(before, PLAIN) and before == after)

    @override
    def write(self, name: str, before: object, after: object) -> None:
        self._entries[name][1](before)


def difference(before: object, after: object) -> tuple[str, str]:
    """Two values as texts; of long lists only the items in which they differ."""
    was, became = show(before), show(after)
    if len(was) < SHOWN and len(became) < SHOWN:
        return was, became
    if not isinstance(before, list | tuple) or not isinstance(after, list | tuple):
        return was, became
    old, new = cast("Sequence[object]", before), cast("Sequence[object]", after)
    lost, gained = _without(old, new), _without(new, old)
    if not lost and not gained:
        return "in one order", "in another"
    if not lost:
        return f"without {show(gained)}", "with it"
    return f"with {show(lost)}", f"with {show(gained)} instead" if gained else "without it"


def _without(items: Sequence[object], others: Sequence[object]) -> list[object]:
    return [item for item in items if item not in others]


def is_same(before: object, after: object) -> bool:
    """Whether two values are one object, or the same number or text."""
    if before is after:
        return True
    return type(before) is type(after) and isinstance(before, SCALARS) and before == after
