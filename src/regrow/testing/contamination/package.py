"""The module globals, class attributes and singletons of the package under test."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import EnumMeta
from operator import is_
from types import ModuleType
from typing import Final, TypeAlias, cast, final

from typing_extensions import override

from regrow.testing.contamination.resources import ABSENT, ContaminationKind, Resource, difference, is_same

__all__ = ("Mark", "Namespaces", "modules_of")

Container: TypeAlias = "list[object] | dict[object, object] | set[object] | deque[object] | bytearray"
Role: TypeAlias = "Callable[[object], object]"
CONTAINERS: Final = (list, dict, set, deque, bytearray)
HIDDEN: Final = ("__", "_abc_")
"""How names begin that aren't looked at."""
A_CLASS: Final[Role] = type
"""The role of a value that may have names of its own."""
LAZY: Final = "__getattr__"
"""A module that has this makes its names when they are first asked for."""


@final
class Mark:
    """One name: whose it is, what it stands for, and what is in that, one level deep.

    Attributes:
        owner: The module or class.
        name: What it is called there.
        value: What it stands for.
        content: A shallow copy of what is in it; None for what has nothing in it.
    """

    __slots__ = ("content", "name", "owner", "value")

    def __init__(self, owner: ModuleType | type, name: str, value: object, content: Container | None) -> None:
        self.owner: Final = owner
        self.name: Final = name
        self.value: Final = value
        self.content: Final = content

    def is_same(self, other: Mark) -> bool:
        """Whether it stands for the same, with the same in it."""
        if not is_same(self.value, other.value):
            return False
        mine, its = self.content, other.content
        return mine is None or (its is not None and _is_same_content(mine, its))

    def restore(self) -> None:
        """Put back what it stood for, with what was in it."""
        if vars(self.owner).get(self.name, ABSENT) is not self.value:
            setattr(self.owner, self.name, self.value)
        if self.content is not None:
            _refill(_held(self.value), self.content)

    def remove(self) -> None:
        """Take the name away."""
        delattr(self.owner, self.name)

    def class_of(self, module: ModuleType) -> type | None:
        """The class that it stands for, if the module defines it; None for anything else."""
        # By the type of the value: a proxy may do anything when it is asked for its class.
        if not issubclass(type(self.value), type):
            return None
        found = cast("type", self.value)
        return found if found.__module__ == module.__name__ else None

    def shown(self) -> object:
        """What people are shown of it."""
        return self.value if self.content is None else self.content


@final
class RoleOf(dict[type, "Role | None"]):
    """By the type of a value: what copies what is in it, `A_CLASS`, or None if it is only compared.

    Args:
        packages: Whose classes' instances have their attributes copied.
    """

    __slots__ = ("_packages",)

    def __init__(self, packages: Sequence[str]) -> None:
        super().__init__()
        self._packages = packages

    # By its type: a proxy may do anything when it is asked for its class or attributes.
    def __missing__(self, kind: type) -> Role | None:
        role = self[kind] = self._made(kind)
        return role

    def _made(self, kind: type) -> Role | None:
        if issubclass(kind, type):
            return A_CLASS
        for container in CONTAINERS:
            if issubclass(kind, container):
                return cast("Role", container)
        own = _is_in(str(kind.__module__), self._packages)
        return _attributes if own and kind.__dictoffset__ else None


def _is_same_content(before: Container, after: Container) -> bool:
    if len(before) != len(after):
        return False
    if isinstance(before, dict) and isinstance(after, dict):
        return all(key in after and is_same(value, after[key]) for key, value in before.items())
    if isinstance(before, set) and isinstance(after, set):
        return before == after
    return all(map(is_same, before, after))


def _is_untouched(before: Container, now: Container) -> bool:
    """Whether the same objects are there: quicker to see than whether equal ones are."""
    if len(before) != len(now):
        return False
    if isinstance(before, (set, bytearray)):  # a union would be made anew each time
        return before == now
    if not all(map(is_, before, now)):
        return False
    return not (isinstance(before, dict) and isinstance(now, dict)) or all(
        map(is_, before.values(), now.values())
    )


def _refill(value: Container, content: Container) -> None:
    value.clear()
    if isinstance(value, dict | set):
        value.update(content)  # type: ignore[arg-type]  # a copy of itself
    else:
        value.extend(content)  # type: ignore[arg-type]


@final
class Names(Mapping[str, Mark]):
    """All names in modules and their classes at one moment, with what was in them.

    Their marks are made when they are first asked for, which is after a test that changed something: most
    change nothing.

    Args:
        modules: Whose names.
        role_of: What is to be done with a value, by its type.
    """

    __slots__ = ("_content", "_marks", "modules", "owners")

    def __init__(self, modules: list[ModuleType], role_of: RoleOf) -> None:
        self.modules: Final = modules
        self.owners: Final[dict[int, tuple[ModuleType | type, dict[str, object]]]] = {}
        """The modules, and the classes that they define; with their names."""
        self._content: dict[int, tuple[object, Container]] = {}
        self._marks: dict[str, Mark] | None = None
        for module in modules:
            for inner in self._take(module, role_of):
                if inner.__module__ == module.__name__:
                    self._take(inner, role_of)

    def _take(self, owner: ModuleType | type, role_of: RoleOf) -> list[type]:
        """Copy what there is in `owner`. Returns the classes."""
        names = vars(owner).copy()
        self.owners[id(owner)] = owner, names
        if isinstance(owner, EnumMeta):
            return []
        classes: list[type] = []
        content = self._content
        roles = map(role_of.__getitem__, map(type, names.values()))
        for name, role in zip(names, roles, strict=True):
            if role is None or name.startswith(HIDDEN):
                continue
            value = names[name]
            if role is A_CLASS:
                classes.append(cast("type", value))
            elif id(value) not in content:
                content[id(value)] = value, cast("Container", role(value))
        return classes

    def is_untouched(self) -> bool:
        """Whether the very same things stand there now, in the same order."""
        for owner, names in self.owners.values():
            now = vars(owner)
            # Names are texts, whose comparison runs no code; values may be anything.
            if [*names] != [*now] or not all(map(is_, names.values(), list(now.values()))):
                return False
        return all(_is_untouched(content, _held(value)) for value, content in self._content.values())

    @override
    def __getitem__(self, name: str) -> Mark:
        return self._made()[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._made())

    @override
    def __len__(self) -> int:
        return len(self._made())

    def _made(self) -> dict[str, Mark]:
        if self._marks is None:
            self._marks = dict(self._all())
        return self._marks

    def _all(self) -> Iterator[tuple[str, Mark]]:
        for module in self.modules:
            for name, mark in self._of(module):
                yield f"{module.__name__}.{name}", mark
                inner = mark.class_of(module)
                if inner is not None:
                    prefix = f"{module.__name__}.{inner.__qualname__}."
                    yield from ((prefix + its, one) for its, one in self._of(inner))

    def _of(self, owner: ModuleType | type) -> Iterator[tuple[str, Mark]]:
        if isinstance(owner, EnumMeta):
            return
        for name, value in self.owners[id(owner)][1].items():
            if not name.startswith(HIDDEN):
                _, content = self._content.get(id(value), (None, None))
                yield name, Mark(owner, name, value, content)


@final
class Namespaces(Resource):
    """The names in modules, and in the classes that are defined there.

    Equal numbers and texts are the same; anything else has to be the same object, and containers and
    instances of the package's own classes have to have the same in them. Names with two underscores, and what
    modules are imported or load lazily meanwhile, are fine.

    Args:
        kind: What it is called.
        packages: Names of packages or modules; what is in them counts as well.
    """

    __slots__ = ("_first", "_packages", "_role_of")

    def __init__(self, kind: ContaminationKind, packages: Sequence[str]) -> None:
        super().__init__(kind)
        self._packages = tuple(packages)
        self._role_of = RoleOf(self._packages)
        self._first: Names | None = None

    @override
    def read(self) -> Names:
        found = Names(modules_of(self._packages), self._role_of)
        if self._first is None:
            self._first = found
        return found

    @override
    def is_untouched(self) -> bool:
        # Most tests change nothing, and a comparison of all names costs ten times as much.
        first = self._first
        return first is not None and modules_of(self._packages) == first.modules and first.is_untouched()

    @override
    def is_same(self, name: str, before: object, after: object) -> bool:
        if isinstance(before, Mark):
            return isinstance(after, Mark) and before.is_same(after)
        known = () if self._first is None else self._first.owners
        return isinstance(after, Mark) and (id(after.owner) not in known or _is_import(after))

    @override
    def write(self, name: str, before: object, after: object) -> None:
        if isinstance(before, Mark):
            before.restore()
        elif isinstance(after, Mark):
            after.remove()

    @override
    def texts(self, name: str, before: object, after: object) -> tuple[str, str]:
        was, became = (one.shown() if isinstance(one, Mark) else one for one in (before, after))
        return difference(was, became)


def _is_import(new: Mark) -> bool:
    """Whether a new name comes of an import: a module in its package, or what a lazy module has loaded."""
    return issubclass(type(new.value), ModuleType) or LAZY in vars(new.owner)


def _held(value: object) -> Container:
    """What the content of `value` is a copy of."""
    kind = type(value)
    container = kind in CONTAINERS or issubclass(kind, CONTAINERS)  # the first is quick
    return cast("Container", value if container else _own_dict(value))


def _own_dict(instance: object) -> dict[object, object]:
    """Its attributes, past a `__getattribute__` of its own."""
    return cast("dict[object, object]", object.__getattribute__(instance, "__dict__"))


def _attributes(instance: object) -> object:
    return _own_dict(instance).copy()


def modules_of(packages: Sequence[str]) -> list[ModuleType]:
    """The loaded modules of these packages, by name."""
    beginnings = tuple(packages)
    loaded = cast("dict[str, object]", sys.modules.copy())
    # Hardly any passes the first question.
    found = sorted(name for name in loaded if name.startswith(beginnings) and _is_in(name, packages))
    return [module for module in map(loaded.__getitem__, found) if isinstance(module, ModuleType)]


def _is_in(name: str, packages: Sequence[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)
