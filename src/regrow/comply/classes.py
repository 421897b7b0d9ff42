"""The process classes of a package: its modules are imported for it."""

from __future__ import annotations

import inspect
import pkgutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType

from regrow.runtime.genserver import GenServer


@dataclass(frozen=True, slots=True)
class Classes:
    """What was found.

    Attributes:
        servers: Qualified name -> class, for all GenServers that the package defines.
        broken: Module that can't be imported -> why.
    """

    servers: dict[str, type[GenServer]] = field(default_factory=dict[str, type[GenServer]])
    broken: dict[str, str] = field(default_factory=dict[str, str])


def find_classes(package: str) -> Classes:
    """Import a package's modules, ``__main__`` apart, and take the process classes that they define."""
    found = Classes()
    for name in _modules(package, found):
        module = sys.modules[name]
        for value in vars(module).values():
            if _is_server(value) and value.__module__ == name:
                found.servers[f"{name}.{value.__qualname__}"] = value
    return found


def _is_server(value: object) -> bool:
    return inspect.isclass(value) and issubclass(value, GenServer)


def _modules(package: str, found: Classes) -> Iterator[str]:
    module = _imported(package, found)
    if module is None:
        return
    yield package
    for one in pkgutil.iter_modules(getattr(module, "__path__", ()), f"{package}."):
        if one.name.rpartition(".")[2] != "__main__":
            yield from _modules(one.name, found)


def _imported(name: str, found: Classes) -> ModuleType | None:
    try:
        return import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  # a module is anybody's code
        found.broken[name] = f"{type(error).__name__}: {error}"
        return None
