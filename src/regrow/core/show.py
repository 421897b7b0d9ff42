"""Values as short texts: bounded in length and in work, redacted, and never an error."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Collection
from dataclasses import Field
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
    dict: ("{", "}"),
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
    deque: ("deque([", "])"),
    Counter: ("Counter({", "})"),
    OrderedDict: ("OrderedDict({", "})"),
    defaultdict: ("defaultdict({", "})"),
}
_EMPTY: Final[dict[type, str]] = {set: "set()", frozenset: "frozenset()"}
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
        kind: type[object] = type(value)
        try:
            if kind is str or kind is bytes:
                return _cut(cast("str | bytes", value))
            if kind in _PLAIN:
                return repr(value)
            if depth > MAX_DEPTH or self._left <= 0:
                return "..."
            if kind in _BRACKETS:
                return self._collection(kind, cast("Collection[object]", value), depth)
            names = _field_names(kind)
            return repr(value) if names is None else self._fields(value, names, depth)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  # the repr of a user's object may do anything
            return f"<{kind.__name__}: repr raised {type(error).__name__}>"

    def _collection(self, kind: type[object], values: Collection[object], depth: int) -> str:
        if not values and kind in _EMPTY:
            return _EMPTY[kind]
        opening, closing = _BRACKETS[kind]
        shown: list[str] = []
        pairs = cast("dict[object, object]", values) if issubclass(kind, dict) else None
        for value in values:
            if len(shown) == MAX_ITEMS or self._left <= 0:
                break
            text = self.text(value, depth + 1)
            shown.append(text if pairs is None else f"{text}: {self.text(pairs[value], depth + 1)}")
        comma = "," if len(shown) == 1 and kind is tuple else ""
        return opening + _joined(shown, len(values)) + comma + closing

    def _fields(self, value: object, names: tuple[str, ...], depth: int) -> str:
        parts = [f"{name}={self.text(getattr(value, name), depth + 1)}" for name in names[:MAX_ITEMS]]
        return f"{type(value).__name__}({_joined(parts, len(names))})"


def _field_names(kind: type[object]) -> tuple[str, ...] | None:
    """The fields of a Struct or dataclass that is shown by them; None for whatever has a repr of its own."""
    if issubclass(kind, msgspec.Struct):
        return kind.__struct_fields__ if kind.__repr__ is _STRUCT_REPR else None
    fields: dict[str, Field[object]] | None = getattr(kind, "__dataclass_fields__", None)
    # What a dataclass generates wraps the bare function; its own `repr` would write out everything.
    if fields is None or not hasattr(kind.__repr__, "__wrapped__"):
        return None
    return tuple(name for name, field in fields.items() if field.repr)


def _joined(shown: list[str], length: int) -> str:
    return ", ".join(shown) + (f", ... ({length} in all)" if length > len(shown) else "")


def _cut(value: str | bytes) -> str:
    return repr(value) if len(value) <= MAX_SHOWN else f"{value[:MAX_SHOWN]!r}... ({len(value)} long)"
