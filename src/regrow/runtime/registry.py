"""The registry: unique names, freed on death, with metadata and indexed look-up."""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast, final

import msgspec

from regrow.core.texts import is_name
from regrow.errors import (
    AlreadyRegistered,
    BadQuery,
    BadRegistrationName,
    NameTaken,
    NoProcess,
    NotRegistered,
    OtherSystem,
)
from regrow.runtime.pid import Pid
from regrow.runtime.process import DEAD, Process

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine

Operator: TypeAlias = Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "not_in", "contains"]
Criterion: TypeAlias = tuple[str, Operator, object]
"""One condition of a query: a dotted path into the metadata, an operator, a value."""

_OPERATORS: Final[dict[str, Callable[[object, object], bool]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,  # type: ignore[dict-item]
    "le": operator.le,  # type: ignore[dict-item]
    "gt": operator.gt,  # type: ignore[dict-item]
    "ge": operator.ge,  # type: ignore[dict-item]
    "in": lambda found, wanted: found in wanted,  # type: ignore[operator]
    "not_in": lambda found, wanted: found not in wanted,  # type: ignore[operator]
    "contains": lambda found, wanted: wanted in found,  # type: ignore[operator]
}
_MISSING: Final = object()


@final
class Registration(msgspec.Struct, frozen=True):
    """A name and who holds it. `metadata` is a copy."""

    name: str
    pid: Pid[object]
    metadata: Mapping[str, object]


@final
class Registry:
    """The names of one System: `system.registry`. Each process has at most one.

    Names given by `child(name=...)` stand here too. A name is free as soon as its process has ended.
    """

    __slots__ = ("_engine", "_index", "_keys", "_metadata", "listeners")

    def __init__(self, engine: Engine, indexes: tuple[str, ...]) -> None:
        self._engine = engine
        self._metadata: dict[str, dict[str, object]] = {}
        self._keys: dict[str, dict[str, tuple[Hashable, ...]]] = {}
        self._index: dict[str, dict[Hashable, dict[str, None]]] = {field: {} for field in indexes}
        self.listeners: list[Callable[[str], object]] = []
        """Called with each name when it is taken, on the stack of who takes it. For services."""

    # -- writing -------------------------------------------------------------------------------

    def register(self, name: str, pid: Pid[object], metadata: Mapping[str, object] | None = None) -> None:
        """Give `pid` a name, with metadata that it can be found by.

        Raises:
            BadRegistrationName: The name is no non-empty str.
            NameTaken: Another process has it; `holder` says which.
            AlreadyRegistered: The process has another name.
            NoProcess: The process has ended.
            OtherSystem: It belongs to another System.
            BadQuery: An indexed field of the metadata is not hashable.
        """
        self._check(name, pid, metadata)
        self._put(name, pid, metadata)  # type: ignore[arg-type]

    def register_many(self, entries: Iterable[tuple[str, Pid[object], Mapping[str, object] | None]]) -> None:
        """Register all of them, or none: everything is checked before anything changes.

        Raises:
            RegrowError: What `register` raises, for the first entry that can't be registered.
        """
        rows = list(entries)
        names: dict[str, Pid[object]] = {}
        holders: dict[Pid[object], str] = {}
        for name, pid, metadata in rows:
            self._check(name, pid, metadata)
            if name in names:
                raise NameTaken(name, names[name])
            if pid in holders:
                raise AlreadyRegistered(pid, holders[pid], name)
            names[name] = pid
            holders[pid] = name
        for name, pid, metadata in rows:
            self._put(name, pid, metadata)  # type: ignore[arg-type]

    def unregister(self, name: str) -> None:
        """Free a name; its process lives on without one.

        Raises:
            NotRegistered: Nobody has it.
        """
        process = self._known(name)
        self.forget(process)
        process.name = None

    def replace_metadata(self, name: str, metadata: Mapping[str, object]) -> None:
        """Put new metadata in the place of the old. Raises `NotRegistered`, `BadQuery`."""
        self._known(name)
        self._check_fields(metadata)
        self._unindex(name)
        self._set_metadata(name, metadata)

    def merge_metadata(self, name: str, changes: Mapping[str, object]) -> None:
        """Change some fields and keep the rest, in one step. Raises `NotRegistered`, `BadQuery`."""
        self._known(name)
        self._check_fields(changes)
        merged = {**self._metadata.get(name, {}), **changes}
        self._unindex(name)
        self._set_metadata(name, merged)

    # -- reading -------------------------------------------------------------------------------

    def whereis(self, name: str) -> Pid[object] | None:
        """Who has the name, None if nobody."""
        return self._engine.names.get(name)

    def lookup(self, name: str) -> Registration:
        """The registration. Raises `NotRegistered`."""
        return self._row(self._known(name), name)

    def list(self) -> tuple[Registration, ...]:
        """All registrations, by name."""
        return tuple(self._row(process, name) for name, process in sorted(self._engine.names.items()))

    def __len__(self) -> int:
        return len(self._engine.names)

    def find(self, **fields: object) -> tuple[Registration, ...]:
        """All whose metadata has these values, by index: the cost is that of the rarest value.

        Raises:
            BadQuery: A field is not indexed (`System(indexes=...)`) or a value is not hashable.
        """
        if not fields:
            return self.list()
        sets: list[dict[str, None]] = []
        for field, value in fields.items():
            index = self._index.get(field)
            if index is None:
                known = ", ".join(sorted(self._index)) or "none is (System(indexes=...))"
                raise BadQuery(field, f"an indexed field: {known}")
            if not _is_hashable(value):
                raise BadQuery(value, "a hashable value")
            sets.append(index.get(value, {}))
        sets.sort(key=len)
        names = [name for name in sets[0] if all(name in other for other in sets[1:])]
        return tuple(self._row(self._engine.names[name], name) for name in sorted(names))

    def query(self, criteria: Iterable[Criterion]) -> tuple[Registration, ...]:
        """All that meet every criterion, by looking at each: `("resources.memory", "ge", 0.5)`.

        A registration without the path, or with a value that can't be compared, does not match.

        Raises:
            BadQuery: A criterion is no (path, operator, value) or the operator is unknown.
        """
        wanted = [_checked(criterion) for criterion in criteria]
        return tuple(
            self._row(process, name)
            for name, process in sorted(self._engine.names.items())
            if all(_holds(self._metadata.get(name, {}), *criterion) for criterion in wanted)
        )

    # -- for the runtime -----------------------------------------------------------------------

    def claim(self, name: str, process: Process, metadata: Mapping[str, object] | None) -> None:
        """A process that is being started takes its name before its `init`.

        Raises:
            NameTaken, BadRegistrationName: It can't have it.
        """
        check_registration_name(name)
        holder = self._engine.names.get(name)
        if holder is not None:
            raise NameTaken(name, holder)
        self._check_fields(metadata)
        self._put(name, process, metadata)

    def forget(self, process: Process) -> None:
        """`process` has ended; its `name` stays readable on the Pid."""
        name = process.name
        if name is not None and self._engine.names.get(name) is process:
            del self._engine.names[name]
            self._unindex(name)
            self._metadata.pop(name, None)

    def _check(self, name: str, pid: Pid[object], metadata: Mapping[str, object] | None) -> None:
        check_registration_name(name)
        holder = self._engine.names.get(name)
        if holder is not None:
            raise NameTaken(name, holder)
        if not isinstance(pid, Process) or pid.status == DEAD:
            raise NoProcess(pid)
        if pid.engine is not self._engine:
            raise OtherSystem(pid, self._engine.name)
        if pid.name is not None and pid.name in self._engine.names:
            raise AlreadyRegistered(pid, pid.name, name)
        self._check_fields(metadata)

    def _check_fields(self, metadata: Mapping[str, object] | None) -> None:
        for field in self._index:
            for one in _values((metadata or {}).get(field)):
                if not _is_hashable(one):
                    raise BadQuery(
                        {field: one}, "a hashable value (or a collection of them) in an indexed field"
                    )

    def _put(self, name: str, process: Process, metadata: Mapping[str, object] | None) -> None:
        self._engine.names[name] = process
        process.name = name
        if metadata:
            self._set_metadata(name, metadata)
        for listener in self.listeners:
            listener(name)

    def _set_metadata(self, name: str, metadata: Mapping[str, object]) -> None:
        self._metadata[name] = dict(metadata)
        for field, index in self._index.items():
            if field in metadata:
                # Its own record of them: a list in the metadata may change under us.
                keys = self._keys.setdefault(name, {})[field] = tuple(_values(metadata[field]))
                for value in keys:
                    index.setdefault(value, {})[name] = None

    def _unindex(self, name: str) -> None:
        for field, keys in self._keys.pop(name, {}).items():
            index = self._index[field]
            for value in keys:
                names = index.get(value)
                if names is not None:
                    names.pop(name, None)
                    if not names:
                        del index[value]

    def _known(self, name: str) -> Process:
        process = self._engine.names.get(name)
        if process is None:
            raise NotRegistered(name)
        return process

    def _row(self, process: Process, name: str) -> Registration:
        return Registration(name, process, dict(self._metadata.get(name, {})))


def check_registration_name(name: object) -> None:
    """Raise `BadRegistrationName` unless it is a string that isn't empty and can be written as UTF-8."""
    if not is_name(name):
        raise BadRegistrationName(name)


def _is_hashable(value: object) -> bool:
    """Whether it has a hash in fact: a tuple may hold a list."""
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _values(value: object) -> Iterable[Hashable]:
    """A collection is found by each of its members, anything else by itself."""
    if isinstance(value, tuple | list | set | frozenset):
        return cast("Iterable[Hashable]", value)
    return (value,)


def _checked(criterion: object) -> Criterion:
    if isinstance(criterion, tuple):
        parts = cast("tuple[object, ...]", criterion)
        if len(parts) == 3 and isinstance(parts[0], str) and parts[1] in tuple(_OPERATORS):
            return cast("Criterion", parts)
        criterion = parts
    raise BadQuery(criterion, f"(path, operator, value) with an operator of {', '.join(_OPERATORS)}")


def _fields(value: object) -> Mapping[object, object]:
    return cast("Mapping[object, object]", value) if isinstance(value, Mapping) else {}


def _holds(metadata: Mapping[str, object], path: str, name: str, value: object) -> bool:
    found: object = metadata
    for step in path.split("."):
        found = _fields(found).get(step, _MISSING)
        if found is _MISSING:
            return False
    try:
        return bool(_OPERATORS[name](found, value))
    except TypeError:  # values that can't be compared
        return False
