"""The interpreter's and the operating system's: environment, directory, modules, hooks, signals."""

from __future__ import annotations

import asyncio
import builtins
import gc
import locale
import os
import signal
import sys
import threading
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from types import ModuleType
from typing import Final, cast, final

from typing_extensions import override

from regrow.errors.base import show
from regrow.testing.contamination.resources import ABSENT, Entries, Entry, Resource, is_same

__all__ = ("Builtins", "Environment", "Modules", "Signals", "interpreter_entries")

SECRET: Final = ("KEY", "PASS", "SECRET", "TOKEN", "CREDENTIAL")
NOTES: Final = frozenset({"_", "__annotations__", "__warningregistry__"})
"""The last value of an interactive session, and what modules get when they are looked into."""
GONE: Final = "a directory that is gone"


@final
class Environment(Resource):
    """The environment variables.

    Args:
        variables: Where they stand. Default: `os.environ`.
    """

    __slots__ = ("_variables",)

    def __init__(self, variables: MutableMapping[str, str] = os.environ) -> None:
        super().__init__("env")
        self._variables = variables

    @override
    def read(self) -> Mapping[str, object]:
        # Set by pytest itself, from phase to phase of a test.
        return {name: value for name, value in self._variables.items() if name != "PYTEST_CURRENT_TEST"}

    @override
    def write(self, name: str, before: object, after: object) -> None:
        if before is ABSENT:
            self._variables.pop(name, None)
        else:
            self._variables[name] = cast("str", before)

    @override
    def texts(self, name: str, before: object, after: object) -> tuple[str, str]:
        if not any(word in name.upper() for word in SECRET):
            return show(before), show(after)
        if before is ABSENT:
            return show(before), "a secret"
        return "a secret", show(after) if after is ABSENT else "another"


@final
class Modules(Resource):
    """`sys.modules`: what is imported is fine; what is taken away, replaced, or put there by hand isn't."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("modules")

    @override
    def read(self) -> Mapping[str, object]:
        return dict(sys.modules)

    @override
    def is_same(self, name: str, before: object, after: object) -> bool:
        return before is after or (before is ABSENT and is_imported(after))

    @override
    def write(self, name: str, before: object, after: object) -> None:
        if before is ABSENT:
            sys.modules.pop(name, None)
        else:
            sys.modules[name] = cast("ModuleType", before)


def is_imported(module: object) -> bool:
    """Whether the import system made it: no bare `ModuleType("x")`, mock, or None, which forbids a name."""
    if type(module) is ModuleType:
        return module.__spec__ is not None
    return module is not None and not type(module).__module__.startswith("unittest.mock")


@final
class Signals(Resource):
    """The signal handlers."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("signals")

    @override
    def read(self) -> Mapping[str, object]:
        return {one.name: signal.getsignal(one) for one in signal.Signals}

    @override
    def is_same(self, name: str, before: object, after: object) -> bool:
        return before == after  # bound methods are equal, not identical

    @override
    def write(self, name: str, before: object, after: object) -> None:
        if before is not None:  # set by C code, which alone can set it again
            signal.signal(signal.Signals[name], cast("signal.Handlers", before))


@final
class Builtins(Resource):
    """What is built in, without what the interpreter itself puts there."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("builtins")

    @override
    def read(self) -> Mapping[str, object]:
        return {name: value for name, value in vars(builtins).items() if name not in NOTES}

    @override
    def is_same(self, name: str, before: object, after: object) -> bool:
        return before is after

    @override
    def write(self, name: str, before: object, after: object) -> None:
        if before is ABSENT:
            delattr(builtins, name)
        else:
            setattr(builtins, name, before)


def interpreter_entries() -> list[Resource]:
    """What has a fixed list of names."""
    return [
        Entries("cwd", {"the working directory": (_directory, _change_directory)}),
        Entries("path", {f"sys.{name}": _items(name) for name in ("path", "meta_path", "path_hooks")}),
        Entries("interpreter", {f"sys.{name}": _attribute(sys, name) for name in _SYS} | _SWITCHES),
        Entries("umask", {"the file mode mask": (_umask, _set_umask)}),
        Entries("locale", {"the locale": (_locale, _set_locale)}),
        _LoopPolicy(),
    ]


def _attribute(owner: object, name: str) -> Entry:
    def write(old: object) -> None:
        setattr(owner, name, old)

    return lambda: getattr(owner, name), write


def _items(name: str) -> Entry:
    def write(old: list[object]) -> None:
        getattr(sys, name)[:] = old

    return lambda: list(getattr(sys, name)), write


def _collect(on: bool) -> None:  # noqa: FBT001  # one value of many
    if on:
        gc.enable()
    else:
        gc.disable()


def _set_thresholds(old: tuple[int, int, int]) -> None:
    gc.set_threshold(*old)


_SYS: Final = (
    "argv",
    "breakpointhook",
    "displayhook",
    "excepthook",
    "stderr",
    "stdin",
    "stdout",
    "unraisablehook",
)
_SWITCHES: Final[dict[str, Entry]] = {
    "threading.excepthook": _attribute(threading, "excepthook"),
    "the recursion limit": (sys.getrecursionlimit, sys.setrecursionlimit),
    "the switch interval": (sys.getswitchinterval, sys.setswitchinterval),
    "the trace function": (sys.gettrace, sys.settrace),
    "the profile function": (sys.getprofile, sys.setprofile),
    "the garbage collector": (gc.isenabled, _collect),
    "its thresholds": (gc.get_threshold, _set_thresholds),
}


def _directory() -> str:
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        return GONE


def _change_directory(old: str) -> None:
    if old != GONE:
        os.chdir(old)


def _locale() -> str:
    return locale.setlocale(locale.LC_ALL)


def _set_locale(old: str) -> None:
    locale.setlocale(locale.LC_ALL, old)


def _umask() -> str:
    mask = os.umask(0o077)
    os.umask(mask)
    return f"{mask:#o}"


def _set_umask(old: str) -> None:
    os.umask(int(old, 8))


@final
class _LoopPolicy(Resource):
    """asyncio's event loop policy; that the default one is made when it is first asked for is no change."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("loop_policy")

    @override
    def read(self) -> Mapping[str, object]:
        # Not by the public function, which makes one where there is none.
        return {"asyncio's": getattr(asyncio.events, "_event_loop_policy", None)}

    @override
    def is_same(self, name: str, before: object, after: object) -> bool:
        made: object = type(after)
        return is_same(before, after) or (
            before is None and made is getattr(asyncio, "DefaultEventLoopPolicy", None)
        )

    @override
    def write(self, name: str, before: object, after: object) -> None:
        setattr(asyncio.events, "_event_loop_policy", before)  # noqa: B010  # the public one warns from 3.14 on
