"""The one source of call timeouts: by server class, operation, pattern and name.

A timeout is written as seconds or as a name. **Seconds are taken as they are**: neither an override
nor the environment's factor touches them. A name means that entry of the table, and an unknown one
is an error: nothing falls back to a default in silence. ``"default"`` is the one name that asks the
table about the call at hand; the first of these that there is decides:

1. ``(server class, handler)``, the class itself before its bases;
2. the operation (the handler's name);
3. the pattern ``(kind, "*")``, for an operation or a name written ``"kind:detail"``;
4. the server class, itself before its bases;
5. ``"default"``.

An override made at run time for any of 1 to 4 goes before every entry of 1 to 4, and one for
``"default"`` before that entry alone. The factor scales the table's entries and nothing else: an
override is a number that somebody chose for the system as it runs.

A call that timed out may still be handled if its handler had begun: what is dropped is the reply.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeAlias, cast, final

from typing_extensions import override

from regrow.core.options import DAY, is_seconds
from regrow.errors.timeouts import BadTimeout, BadTimeoutEntry, BadTimeoutFactor, UnknownTimeout

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

__all__ = (
    "DEFAULT",
    "FACTOR_VARIABLE",
    "MAX_TIMEOUT",
    "STANDARD",
    "Key",
    "Timeout",
    "TimeoutTable",
    "Timeouts",
    "check_factor",
    "check_timeout",
    "read_factor",
)

Timeout: TypeAlias = float | str
"""Seconds, or a name from the timeout table."""
Key: TypeAlias = str | type | tuple[type, str] | tuple[str, str]
"""A name or operation; a server class; one handler of a class; a pattern ``(kind, "*")``."""

MAX_TIMEOUT: Final = DAY
"""The longest timeout: 24 hours, in seconds."""
FACTOR_VARIABLE: Final = "REGROW_TIMEOUT_FACTOR"
MAX_FOUND: Final = 1024
DEFAULT: Final = "default"
NAMES: Final = frozenset((DEFAULT, "long", "critical"))
"""Names that are never taken for an operation, whatever a handler is called."""
STANDARD: Final[Mapping[Key, float]] = {
    DEFAULT: 5.0,
    "long": 30.0,
    "critical": 60.0,
    "health_check": 1.0,
    "sync_operation": 5.0,
    "batch_operation": 30.0,
    "async_operation": 60.0,
    ("cache_lookup", "*"): 1.0,
    ("data_processing", "*"): 30.0,
    ("network_call", "*"): 60.0,
}
"""The entries of every table unless it says otherwise, in seconds."""


def check_timeout(value: object) -> float:
    """The timeout as a float, if it is seconds above 0 and at most a day.

    Raises:
        BadTimeout: If it is missing, not positive, nan, infinite, longer, or not a number.
    """
    if is_seconds(value):
        return float(value)  # type: ignore[arg-type]  # a number, as was checked
    raise BadTimeout(value)


def check_factor(value: object) -> float:
    """The factor as a float, if it is a finite number above 0.

    Raises:
        BadTimeoutFactor: If it isn't.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < math.inf:
        return float(value)
    raise BadTimeoutFactor(value)


def read_factor(environment: Mapping[str, str]) -> float:
    """The factor that `REGROW_TIMEOUT_FACTOR` says; 1.0 where it is unset or empty.

    Raises:
        BadTimeoutFactor: If it isn't a finite number above 0.
    """
    text = environment.get(FACTOR_VARIABLE, "").strip()
    if not text:
        return 1.0
    try:
        return check_factor(float(text))
    except ValueError:  # BadTimeoutFactor is one too: what was written is what has to be shown
        raise BadTimeoutFactor(text) from None


@final
class TimeoutTable:
    """Timeouts in seconds, frozen; a System reads it through its own `Timeouts`.

    Args:
        entries: Seconds by name or operation, by server class, by ``(server class, handler)`` or by
            pattern ``(kind, "*")``. They are added to the standard ones, or replace them.

    Raises:
        BadTimeoutEntry: If a key is none of these, or its seconds aren't a timeout.
    """

    __slots__ = ("_entries",)

    def __init__(self, entries: Mapping[Key, float] | None = None) -> None:
        merged = dict(STANDARD)
        for key, seconds in (entries or {}).items():
            check_key(key, seconds)
            merged[key] = float(seconds)
        self._entries = merged

    @property
    def entries(self) -> dict[Key, float]:
        """A copy of all entries, the standard ones included."""
        return dict(self._entries)

    @property
    def names(self) -> tuple[str, ...]:
        """The names that a timeout can be given by, sorted."""
        return tuple(sorted(key for key in self._entries if isinstance(key, str)))

    @override
    def __eq__(self, other: object) -> bool:
        return self._entries == other._entries if isinstance(other, TimeoutTable) else NotImplemented

    @override
    def __hash__(self) -> int:
        return hash(frozenset(self._entries.items()))

    @override
    def __repr__(self) -> str:
        own = {key: value for key, value in self._entries.items() if STANDARD.get(key) != value}
        return f"TimeoutTable({own!r})" if own else "TimeoutTable()"


@final
class Timeouts:
    """A table as one System uses it: scaled by the environment, with overrides made at run time.

    Args:
        table: The entries.
        factor: What the entries are multiplied by, e.g. 3.0 on a slow machine. Default 1.0.

    Raises:
        BadTimeoutFactor: If the factor isn't a finite number above 0, or an entry scaled by it
            isn't a timeout any more.
    """

    __slots__ = ("_found", "_overrides", "_scaled", "factor", "table")

    def __init__(self, table: TimeoutTable | None = None, *, factor: float = 1.0) -> None:
        self.table: TimeoutTable = table if table is not None else TimeoutTable()
        self.factor: float = check_factor(factor)
        self._scaled = {key: value * self.factor for key, value in self.table.entries.items()}
        self._overrides: dict[Key, float] = {}
        self._found: dict[tuple[str, type | None, str | None], float] = {}
        for key, value in self._scaled.items():
            if not is_seconds(value):
                raise BadTimeoutFactor(factor, f"it makes the entry {key!r} {value:g} s")

    def resolve(self, timeout: Timeout, *, server: type | None = None, operation: str | None = None) -> float:
        """The seconds that `timeout` means for a call.

        Args:
            timeout: Seconds, taken as they are, or a name from the table.
            server: The class of the server that is called, if known: read for ``"default"``.
            operation: The handler's name, if there is one: read for ``"default"``.

        Raises:
            BadTimeout: If the seconds aren't above 0 and at most a day.
            UnknownTimeout: If the name isn't in the table; the text names those that are.
        """
        if not isinstance(timeout, str):
            return check_timeout(timeout)
        asked = (timeout, server, operation)
        seconds = self._found.get(asked)
        if seconds is None:
            if len(self._found) >= MAX_FOUND:  # "kind:detail" may be another one each time
                self._found.clear()
            seconds = self._found[asked] = self._find(timeout, server, operation)
        return seconds

    def set(self, key: Key, seconds: float) -> None:
        """Override an entry from now on; the seconds are taken as they are, without the factor.

        Args:
            key: As in the table. A name has to be there already, the other keys may be new.
            seconds: Above 0 and at most a day.

        Raises:
            BadTimeoutEntry: If the key can't be one, or the seconds aren't a timeout.
            UnknownTimeout: If it is a name that the table doesn't have.
        """
        check_key(key, seconds)
        if isinstance(key, str) and key not in self._scaled:
            raise UnknownTimeout(key, self.table.names)
        self._overrides[key] = float(seconds)
        self._found.clear()

    def clear(self, key: Key | None = None) -> None:
        """Take back the override of `key`, or all of them; does nothing where there is none."""
        if key is None:
            self._overrides.clear()
        else:
            self._overrides.pop(key, None)
        self._found.clear()

    @contextmanager
    def override(self, key: Key, seconds: float) -> Generator[None]:
        """Override an entry for the length of a `with` block; what was there before comes back.

        Raises:
            BadTimeoutEntry: If the key can't be one, or the seconds aren't a timeout.
            UnknownTimeout: If it is a name that the table doesn't have.
        """
        before = self._overrides.get(key)
        self.set(key, seconds)
        try:
            yield
        finally:
            if before is None:
                self.clear(key)
            else:
                self.set(key, before)

    @property
    def overrides(self) -> dict[Key, float]:
        """A copy of the overrides that hold now, in seconds."""
        return dict(self._overrides)

    def _find(self, name: str, server: type | None, operation: str | None) -> float:
        keys = _keys_of_call(server, operation) if name == DEFAULT else _keys_of_name(name)
        for entries in (self._overrides, self._scaled):
            for key in keys:
                if key in entries:
                    return entries[key]
        if name != DEFAULT:
            raise UnknownTimeout(name, self.table.names)
        return self._overrides.get(DEFAULT, self._scaled[DEFAULT])


def _keys_of_name(name: str) -> list[Key]:
    kind, colon, _ = name.partition(":")
    return [name, (kind, "*")] if colon else [name]


def _keys_of_call(server: type | None, operation: str | None) -> list[Key]:
    classes = [kind for kind in server.__mro__ if kind is not object] if server is not None else []
    keys: list[Key] = []
    if operation is not None:
        keys += [(kind, operation) for kind in classes]
        if operation not in NAMES:
            keys += _keys_of_name(operation)
    return keys + classes


def check_key(key: object, seconds: object) -> None:
    """Raise BadTimeoutEntry unless the two can be an entry of a table."""
    if not _is_key(key):
        raise BadTimeoutEntry(
            key,
            seconds,
            'a key is a name, a server class, (server class, "handler") or a pattern ("kind", "*")',
        )
    if not is_seconds(seconds):
        raise BadTimeoutEntry(key, seconds, "it has to be seconds above 0 and at most 86400")
    if isinstance(key, tuple):
        server, operation = cast(tuple[object, str], key)
        if isinstance(server, type) and not hasattr(server, operation):
            problem = f"{server.__qualname__} has no handler {operation!r}"
            raise BadTimeoutEntry((server, operation), seconds, problem)


def _is_key(key: object) -> bool:
    match key:
        case str():
            return bool(key)
        case type():
            return key is not object
        case (type(), str(handler)):
            return bool(handler)
        case (str(kind), "*"):
            return bool(kind) and ":" not in kind
        case _:
            return False
