"""One validator per option of a child or a supervisor; each returns nothing or raises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias, cast

from regrow.core.texts import is_name
from regrow.errors.specs import (
    BadAutoShutdown,
    BadChildId,
    BadChildName,
    BadIntensity,
    BadKind,
    BadMetadata,
    BadRestart,
    BadShutdown,
    BadSignificant,
    BadStartTimeout,
    BadStrategy,
)

__all__ = (
    "DAY",
    "AutoShutdown",
    "Kind",
    "Restart",
    "ShutdownOption",
    "Strategy",
    "check_auto_shutdown",
    "check_id",
    "check_kind",
    "check_max_restarts",
    "check_max_seconds",
    "check_metadata",
    "check_name",
    "check_restart",
    "check_shutdown",
    "check_significant",
    "check_start_timeout",
    "check_strategy",
    "is_seconds",
)

Restart: TypeAlias = Literal["permanent", "transient", "temporary"]
Kind: TypeAlias = Literal["worker", "supervisor"]
Strategy: TypeAlias = Literal["one_for_one", "one_for_all", "rest_for_one"]
AutoShutdown: TypeAlias = Literal["never", "any_significant", "all_significant"]
ShutdownOption: TypeAlias = float | Literal["brutal_kill"] | None

DAY: Final = 86_400.0
"""The longest bound that is taken for one: 24 hours, in seconds."""
RESTARTS: Final = ("permanent", "transient", "temporary")
KINDS: Final = ("worker", "supervisor")
STRATEGIES: Final = ("one_for_one", "one_for_all", "rest_for_one")
AUTO_SHUTDOWNS: Final = ("never", "any_significant", "all_significant")


def is_seconds(value: object) -> bool:
    """Whether `value` is a number of seconds above 0 and at most a day (nan and bool are not)."""
    return isinstance(value, (float, int)) and not isinstance(value, bool) and 0 < value <= DAY


def check_id(value: object) -> None:
    """Raise BadChildId unless `value` is a string that isn't empty."""
    if not isinstance(value, str) or not value:
        raise BadChildId(value)


def check_name(value: object, child: str | None = None) -> None:
    """Raise BadChildName unless `value` is None or a string that isn't empty and can be written as UTF-8."""
    if value is not None and not is_name(value):
        raise BadChildName(value, child)


def check_restart(value: object, child: str | None = None) -> None:
    """Raise BadRestart unless `value` is a restart type."""
    if value not in RESTARTS:
        raise BadRestart(value, child)


def check_shutdown(value: object, child: str | None = None) -> None:
    """Raise BadShutdown unless `value` is seconds from 0 to a day, 'brutal_kill' or None."""
    if value is None or value == "brutal_kill" or is_seconds(value):
        return
    if type(value) not in (float, int) or value != 0:
        raise BadShutdown(value, child)


def check_start_timeout(value: object, child: str | None = None) -> None:
    """Raise BadStartTimeout unless `value` is None or seconds above 0 and at most a day."""
    if value is not None and not is_seconds(value):
        raise BadStartTimeout(value, child)


def check_significant(value: object, restart: object, child: str | None = None) -> None:
    """Raise BadSignificant unless `value` is a bool that goes with the restart type."""
    if not isinstance(value, bool):
        raise BadSignificant(value, "it has to be True or False", child)
    if value and restart == "permanent":
        raise BadSignificant(
            value,
            "a permanent child never ends for good; make it restart='transient' or 'temporary'",
            child,
        )


def check_kind(value: object, child: str | None = None) -> None:
    """Raise BadKind unless `value` is 'worker' or 'supervisor'."""
    if value not in KINDS:
        raise BadKind(value, child)


def check_metadata(value: object, child: str | None = None) -> None:
    """Raise BadMetadata unless `value` is None or a mapping with string keys."""
    if value is None:
        return
    given = value
    if not isinstance(value, Mapping) or not _all_strings(cast(Mapping[object, object], value)):
        raise BadMetadata(given, child)


def _all_strings(keys: Iterable[object]) -> bool:
    return all(isinstance(key, str) for key in keys)


def check_strategy(value: object) -> None:
    """Raise BadStrategy unless `value` is a strategy."""
    if value not in STRATEGIES:
        raise BadStrategy(value)


def check_auto_shutdown(value: object) -> None:
    """Raise BadAutoShutdown unless `value` is a way of shutting down by significant children."""
    if value not in AUTO_SHUTDOWNS:
        raise BadAutoShutdown(value)


def check_max_restarts(value: object) -> None:
    """Raise BadIntensity unless `value` is a whole number, 0 or more."""
    if type(value) is not int or value < 0:
        raise BadIntensity("max_restarts", value)


def check_max_seconds(value: object) -> None:
    """Raise BadIntensity unless `value` is a finite number of seconds above 0."""
    if type(value) not in (float, int) or not 0.0 < value < float("inf"):  # type: ignore[operator]
        raise BadIntensity("max_seconds", value)
