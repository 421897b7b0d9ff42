"""Puts the fence up and takes it down, also where names were bound before: `from time import time`."""

from __future__ import annotations

import ctypes
import gc
import queue
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import ModuleType
from typing import Final, cast, final

from regrow.testing.sim.fence.clocks import class_patches, clock_patches
from regrow.testing.sim.fence.guards import is_library
from regrow.testing.sim.fence.outside import outside_patches, watch
from regrow.testing.sim.fence.randomness import random_patches

__all__ = ("fenced",)

BOUND_EARLY: Final = (threading, queue)
"""Modules of the standard library that keep clocks of their own by name, and wait by them."""


@final
class _Posts:
    """What has to be changed, and to what: made once, as long as nobody else changes it, too."""

    __slots__ = ("attributes", "classes", "modules", "names")

    def __init__(self) -> None:
        self.attributes = [
            (owner, name, getattr(owner, name), guarded)
            for patches in (clock_patches, random_patches, outside_patches)
            for owner, name, guarded in patches()
        ]
        self.classes = [(kind, name, vars(kind)[name], guarded) for kind, name, guarded in class_patches()]
        self.names: list[tuple[dict[str, object], str, object, object]] = []
        self.modules = 0

    @property
    def valid(self) -> bool:
        """Whether everything is as it was when this was made."""
        return all(getattr(owner, name) is real for owner, name, real, _ in self.attributes)

    def look_around(self) -> None:
        """Find the names in the modules under test, and a few others, that mean what is guarded."""
        if len(sys.modules) == self.modules:
            return
        guards = {id(real): (real, guarded) for _, _, real, guarded in self.attributes}
        modules = list(sys.modules.values())
        self.modules = len(modules)
        self.names = [
            (names, name, *guards[id(value)])
            for module in modules
            if _is_under_test(module) or module in BOUND_EARLY
            for names in (cast("dict[str, object]", vars(module)),)
            for name, value in names.items()
            if id(value) in guards
        ]

    def put_up(self) -> None:
        """Change it."""
        for owner, name, _, guarded in self.attributes:
            setattr(owner, name, guarded)
        for kind, name, _, guarded in self.classes:
            _set_on_class(kind, name, guarded)
        for names, name, _, guarded in self.names:
            names[name] = guarded

    def take_down(self) -> None:
        """Change it back, but for what somebody else has changed meanwhile."""
        for names, name, real, guarded in self.names:
            if names.get(name) is guarded:
                names[name] = real
        for kind, name, real, _ in self.classes:
            _set_on_class(kind, name, real)
        for owner, name, real, guarded in self.attributes:
            if getattr(owner, name) is guarded:
                setattr(owner, name, real)


_posts: _Posts | None = None
_up = False


@contextmanager
def fenced() -> Generator[None]:
    """Inside, the fence is up: it keeps runs in, and nobody else. Within another it changes nothing."""
    global _posts, _up  # noqa: PLW0603  # one for the program
    if _up:
        yield
        return
    watch()
    if _posts is None or not _posts.valid:
        _posts = _Posts()
    posts = _posts
    posts.look_around()
    _up = True
    try:
        posts.put_up()
        yield
    finally:
        posts.take_down()
        _up = False


def _is_under_test(module: object) -> bool:
    file: object = getattr(module, "__file__", None)
    return isinstance(module, ModuleType) and isinstance(file, str) and not is_library(file)


def _set_on_class(kind: type, name: str, value: object) -> None:
    """Set an attribute of a class that is written in C: whoever has the class by any name meets it."""
    attributes = cast("dict[str, object]", gc.get_referents(vars(kind))[0])
    attributes[name] = value
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))
