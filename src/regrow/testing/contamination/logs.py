"""Logging and warnings."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias, cast, final

from typing_extensions import override

from regrow.testing.contamination.resources import ABSENT, Resource

__all__ = ("Logging", "Warnings")

FIELDS: Final = ("level", "disabled", "propagate", "handlers", "filters")
FRESH: Final[dict[str, object]] = {
    "level": logging.NOTSET,
    "disabled": False,
    "propagate": True,
    "handlers": (),
    "filters": (),
}
"""What a logger is that nobody has set up: one that a test is the first to ask for may be so."""

Handlers: TypeAlias = "tuple[tuple[logging.Handler, int], ...]"


@final
class Logging(Resource):
    """Levels, handlers, filters and the rest of all loggers; the handlers of pytest itself come and go."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("logging")

    @override
    def read(self) -> Mapping[str, object]:
        found: dict[str, object] = {
            "logging.disable": logging.root.manager.disable,
            "logging.raiseExceptions": logging.raiseExceptions,
            "logging.lastResort": logging.lastResort,
            "the logger class": logging.getLoggerClass(),
        }
        for name, logger in _loggers():
            found[f"{name}.level"] = logger.level
            found[f"{name}.disabled"] = logger.disabled
            found[f"{name}.propagate"] = logger.propagate
            found[f"{name}.handlers"] = tuple(
                (one, one.level) for one in logger.handlers if not _is_pytests(one)
            )
            found[f"{name}.filters"] = tuple(logger.filters)
        return found

    @override
    def is_same(self, name: str, before: object, after: object) -> bool:
        return before == after or (before is ABSENT and _is_fresh(name, after))

    @override
    def write(self, name: str, before: object, after: object) -> None:
        if name in _SETTINGS:
            _SETTINGS[name](before)
            return
        owner, _, field = name.rpartition(".")
        logger = logging.root if owner == logging.root.name else logging.getLogger(owner)
        value = FRESH[field] if before is ABSENT else before
        if field == "handlers":
            _set_handlers(logger, cast("Handlers", value))
        elif field == "filters":
            logger.filters[:] = cast("tuple[logging.Filter, ...]", value)
        elif field == "level":
            logger.setLevel(cast("int", value))
        else:
            setattr(logger, field, value)


def _loggers() -> Iterator[tuple[str, logging.Logger]]:
    yield logging.root.name, logging.root
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger):
            yield name, logger


def _is_fresh(name: str, value: object) -> bool:
    """Whether a new logger has nothing set, but perhaps the handler that libraries bring: it does nothing."""
    field = name.rpartition(".")[2]
    if field == "handlers":
        return all(isinstance(handler, logging.NullHandler) for handler, _ in cast("Handlers", value))
    return value == FRESH[field]


def _is_pytests(handler: logging.Handler) -> bool:
    return type(handler).__module__.startswith("_pytest.")


def _set_handlers(logger: logging.Logger, pairs: Handlers) -> None:
    for handler in list(logger.handlers):
        if not _is_pytests(handler):
            logger.removeHandler(handler)
    for handler, level in pairs:
        handler.setLevel(level)
        logger.addHandler(handler)


def _set_raise(on: bool) -> None:  # noqa: FBT001  # one value of many
    logging.raiseExceptions = on


def _set_last_resort(handler: logging.Handler | None) -> None:
    logging.lastResort = handler


_SETTINGS: Final[dict[str, Callable[..., object]]] = {
    "logging.disable": logging.disable,
    "logging.raiseExceptions": _set_raise,
    "logging.lastResort": _set_last_resort,
    "the logger class": logging.setLoggerClass,
}


@final
class Warnings(Resource):
    """The filters of warnings and how they are shown."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("warnings")

    @override
    def read(self) -> Mapping[str, object]:
        return {
            "warnings.filters": list(warnings.filters),
            "warnings.showwarning": warnings.showwarning,
            "warnings.formatwarning": warnings.formatwarning,
        }

    @override
    def write(self, name: str, before: object, after: object) -> None:
        if name == "warnings.filters":
            with warnings.catch_warnings():  # at its end the caches are told that the filters have changed
                pass
            cast("list[object]", warnings.filters)[:] = cast("list[object]", before)
        else:
            setattr(warnings, name.rpartition(".")[2], before)
