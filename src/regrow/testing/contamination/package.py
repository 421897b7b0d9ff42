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
CONTAINERS: Final = (list, dict, set, deque, bytearray)
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

    def is_untouched(self) -> bool:
        """Whether the very same things are in it, in the same order; what it stands for isn't looked at."""
        return self.content is None or _is_untouched(self.content, self._held())

    def restore(self) -> None:
        """Put back what it stood for, with what was in it."""
        if vars(self.owner).get(self.name, ABSENT) is not self.value:
            setattr(self.owner, self.name, self.value)
        if self.content is not None:
            _refill(self._held(), self.content)

    def _held(self) -> Container:
        """What `content` is a copy of."""
        container = issubclass(type(self.value), CONTAINERS)
        return cast("Container", self.value if container else _own_dict(self.value))

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


def _is_same_content(before: Container, after: Container) -> bool:
    if len(before) != len(after):
        return False
    if isinstance(before, dict) and isinstance(after, dict):
        return all(key in after and is_same(value, after[key]) for key, value in before.items())
    if isinstance(before, set) and isinstance(after, set):
        return before == after
    return all(map(is_same, before, after))


def _is_untouched(before: Container | dict[str, object], now: Container | dict[str, object]) -> bool:
    """Whether the same objects are there: quicker to see than whether equal ones are."""
    if len(before) != len(now):
        return False
    if isinstance(before, dict) and isinstance(now, dict):
        return all(map(is_, before, now)) and all(map(is_, before.values(), now.values()))
    if isinstance(before, set | bytearray):
        return before == now
    return all(map(is_, before, now))


def _refill(value: Container, content: Container) -> None:
    value.clear()
    if isinstance(value, dict | set):
        value.update(content)  # type: ignore[arg-type]  # a copy of itself
    else:
        value.extend(content)  # type: ignore[arg-type]


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

    __slots__ = ("_content_of", "_known", "_modules", "_packages", "_with_content")

    def __init__(self, kind: ContaminationKind, packages: Sequence[str]) -> None:
        super().__init__(kind)
        self._packages = tuple(packages)
        self._known: dict[int, tuple[ModuleType | type, dict[str, object]]] | None = None
        self._modules: list[ModuleType] = []
        self._with_content: list[Mark] = []
        self._content_of: dict[type, Callable[..., Container] | None] = {}

    @override
    def read(self) -> Mapping[str, object]:
        found: dict[str, object] = {}
        owners: list[ModuleType | type] = []
        modules = modules_of(self._packages)
        for module in modules:
            owners.append(module)
            for name, mark in self._marks(module):
                found[f"{module.__name__}.{name}"] = mark
                inner = mark.class_of(module)
                if inner is not None:
                    owners.append(inner)
                    prefix = f"{module.__name__}.{inner.__qualname__}."
                    found.update((prefix + name, one) for name, one in self._marks(inner))
        if self._known is None:
            self._known = {id(owner): (owner, dict(vars(owner))) for owner in owners}
            self._modules = modules
            marks = cast("list[Mark]", list(found.values()))
            self._with_content = [mark for mark in marks if mark.content is not None]
        return found

    @override
    def is_untouched(self) -> bool:
        # Most tests change nothing, and a comparison of all names costs ten times as much.
        known = self._known or {}
        return (
            modules_of(self._packages) == self._modules
            and all(_is_untouched(names, dict(vars(owner))) for owner, names in known.values())
            and all(mark.is_untouched() for mark in self._with_content)
        )

    def _marks(self, owner: ModuleType | type) -> Iterator[tuple[str, Mark]]:
        if isinstance(owner, EnumMeta):
            return
        for name, value in list(vars(owner).items()):
            if not name.startswith(("__", "_abc_")):
                yield name, Mark(owner, name, value, self._content(value))

    def _content(self, value: object) -> Container | None:
        # By its type: a proxy may do anything when it is asked for its class or attributes.
        kind = type(value)
        try:
            copier = self._content_of[kind]
        except KeyError:
            copier = self._content_of[kind] = self._copier(kind)
        return None if copier is None else copier(value)

    def _copier(self, kind: type) -> Callable[..., Container] | None:
        for container in CONTAINERS:
            if issubclass(kind, container):
                return container
        own = _is_in(str(kind.__module__), self._packages)
        return _attributes if own and kind.__dictoffset__ and not issubclass(kind, type) else None

    @override
    def is_same(self, name: str, before: object, after: object) -> bool:
        if isinstance(before, Mark):
            return isinstance(after, Mark) and before.is_same(after)
        return isinstance(after, Mark) and (id(after.owner) not in (self._known or ()) or _is_import(after))

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


def _own_dict(instance: object) -> dict[object, object]:
    """Its attributes, past a `__getattribute__` of its own."""
    return cast("dict[object, object]", object.__getattribute__(instance, "__dict__"))


def _attributes(instance: object) -> dict[object, object]:
    return _own_dict(instance).copy()


def modules_of(packages: Sequence[str]) -> list[ModuleType]:
    """The loaded modules of these packages, by name."""
    loaded = cast("list[tuple[str, object]]", list(sys.modules.items()))
    found = sorted((name, module) for name, module in loaded if _is_in(name, packages))
    return [module for _, module in found if isinstance(module, ModuleType)]


def _is_in(name: str, packages: Sequence[str]) -> bool:
    if not name.startswith(tuple(packages)):  # nearly always
        return False
    return any(name == package or name.startswith(f"{package}.") for package in packages)
