"""Values as short texts: bounded in length and in work, redacted, and never an error."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Final, TypeAlias, cast, final

import msgspec

__all__ = ("MAX_SHOWN", "Redact", "Show", "shower")

MAX_SHOWN: Final = 500
"""Most characters of one value."""
MAX_ITEMS: Final = 20
MAX_DEPTH: Final = 4
MAX_NODES: Final = 100

Redact: TypeAlias = Callable[[object], object]
"""A user's hook: takes a value, gives what may be shown of it."""
Show: TypeAlias = Callable[[object], str]

_PLAIN: Final = frozenset({int, float, bool, complex, type(None)})
_BRACKETS: Final[dict[type, tuple[str, str]]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
    deque: ("deque([", "])"),
}
_STRUCT_REPR: Final = msgspec.Struct.__repr__


def shower(redact: Redact | None) -> Show:
    """A function that turns any value into text.

    What it returns went through `redact`, has at most 500 characters, and took an amount of work
    that doesn't grow with the value. If `redact` raises, nothing of the value is shown; if a `repr`
    does, its type is.
    """

    def show(value: object) -> str:
        if redact is not None:
            try:
                value = redact(value)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001  # a user's hook may do anything
                return f"<{type(value).__name__}: redact raised {type(error).__name__}>"
        text = _Writer().text(value, 0)
        return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."

    return show


@final
class _Writer:
    """Writes one value; `_left` bounds how many parts of it are looked at."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MAX_NODES

    def text(self, value: object, depth: int) -> str:
        self._left -= 1
        kind = type(value)
        try:
            if kind is str or kind is bytes:
                return _cut(cast("str | bytes", value))
            if kind in _PLAIN:
                return repr(value)
            if depth > MAX_DEPTH or self._left <= 0:
                return "..."
            if kind is dict:
                return "{" + self._pairs(cast("dict[object, object]", value), depth) + "}"
            brackets = _BRACKETS.get(kind)
            if brackets is not None:
                return self._items(cast("tuple[object, ...]", value), brackets, depth)
            if isinstance(value, msgspec.Struct) and kind.__repr__ is _STRUCT_REPR:
                return self._fields(value, depth)
            return repr(value)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  # the repr of a user's object may do anything
            return f"<{kind.__name__}: repr raised {type(error).__name__}>"

    def _items(self, values: tuple[object, ...], brackets: tuple[str, str], depth: int) -> str:
        inner = self._joined((self.text(value, depth + 1) for value in values), len(values))
        if type(values) is tuple and len(values) == 1:
            inner += ","
        return brackets[0] + inner + brackets[1]

    def _pairs(self, values: Mapping[object, object], depth: int) -> str:
        pairs = (
            f"{self.text(key, depth + 1)}: {self.text(value, depth + 1)}" for key, value in values.items()
        )
        return self._joined(pairs, len(values))

    def _joined(self, texts: Iterable[str], length: int) -> str:
        shown: list[str] = []
        for text in islice(texts, MAX_ITEMS):
            shown.append(text)
            if self._left <= 0:
                break
        return ", ".join(shown) + (f", ... ({length} in all)" if length > len(shown) else "")

    def _fields(self, value: msgspec.Struct, depth: int) -> str:
        parts = [
            f"{name}={self.text(getattr(value, name), depth + 1)}"
            for name in islice(value.__struct_fields__, MAX_ITEMS)
        ]
        return f"{type(value).__name__}({', '.join(parts)})"


def _cut(value: str | bytes) -> str:
    return repr(value) if len(value) <= MAX_SHOWN else f"{value[:MAX_SHOWN]!r}... ({len(value)} long)"
