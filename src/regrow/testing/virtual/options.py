"""The options of a virtual loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final, TypedDict, cast

from regrow.errors.settings import BadSetting

__all__ = ("LoopSettings", "check_options")


class LoopSettings(TypedDict, total=False):
    """The options of a virtual loop: `rt.VirtualLoop` says what they mean."""

    sockets: bool
    threads: bool
    subprocesses: bool
    patience: float
    silence: float
    max_passes: int
    limit: float | None
    seed: int


def check_options(given: Mapping[str, object]) -> None:
    """Raise `BadSetting` if one of them is unknown or out of its range."""
    for option, value in given.items():
        rule = _RULES.get(option)
        if rule is None:
            raise BadSetting(option, value, f"one of {', '.join(sorted(_RULES))}", owner="VirtualLoop")
        holds, allowed = rule
        if not holds(value):
            raise BadSetting(option, value, allowed, owner="VirtualLoop")


def _is_flag(value: object) -> bool:
    return type(value) is bool


def _is_seconds(value: object) -> bool:
    return type(value) in (int, float) and 0 <= cast("float", value) < math.inf


def _is_limit(value: object) -> bool:
    return value is None or (_is_seconds(value) and cast("float", value) > 0)


_FLAG: Final = (_is_flag, "True or False")
_SECONDS: Final = (_is_seconds, "real seconds, 0 or more")
_RULES: Final[Mapping[str, tuple[Callable[[object], bool], str]]] = {
    "sockets": _FLAG,
    "threads": _FLAG,
    "subprocesses": _FLAG,
    "patience": _SECONDS,
    "silence": _SECONDS,
    "max_passes": (lambda value: type(value) is int and value > 0, "an integer above 0"),
    "limit": (_is_limit, "real seconds above 0, or None"),
    "seed": (lambda value: type(value) is int, "an integer"),
}
