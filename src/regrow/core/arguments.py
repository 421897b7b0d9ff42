"""What a System is made and run with, checked before anything starts."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias, cast

from regrow.core.ports import Ports
from regrow.core.settings import Settings
from regrow.core.timeouts import TimeoutTable
from regrow.errors.settings import BadSetting

__all__ = ("check_main", "check_run", "check_system")

Check: TypeAlias = "Callable[[object], bool]"


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_fields(value: object) -> bool:
    return isinstance(value, tuple) and all(_is_text(field) for field in cast("tuple[object, ...]", value))


def _is_one_or_none(kind: type) -> Check:
    return lambda value: value is None or isinstance(value, kind)


def _is_function_or_none(value: object) -> bool:
    return value is None or callable(value)


FLAG: Final = (_is_flag, "True or False")
SYSTEM: Final[Mapping[str, tuple[Check, str]]] = {
    "name": (_is_text, "a string that isn't empty"),
    "services": (lambda value: isinstance(value, Iterable), "a list of services"),
    "settings": (_is_one_or_none(Settings), "made with rg.Settings(...), or None"),
    "ports": (_is_one_or_none(Ports), "made with rg.Ports(...), or None"),
    "timeouts": (_is_one_or_none(TimeoutTable), "made with rg.TimeoutTable({...}), or None"),
    "debug": FLAG,
    "strict": FLAG,
    "hand_off": FLAG,
    "indexes": (_is_fields, 'a tuple of metadata fields, like ("role",)'),
    "redact": (_is_function_or_none, "a function of the value to be shown, or None"),
}
MAIN: Final = "an async def function that takes the System, itself and not what a call of it gives; or None"
RUN: Final[Mapping[str, tuple[Check, str]]] = {
    "main": (_is_function_or_none, MAIN),
    "loop_factory": (_is_function_or_none, "a function that makes an event loop, or None"),
}


def check_system(**options: object) -> None:
    """Check the options of a System, by name; children, budget and each service have checks of their own.

    Raises:
        BadSetting: One of them can't be used.
    """
    _check("System", SYSTEM, options)


def check_run(*, main: object, loop_factory: object) -> None:
    """Check the arguments of `System.run`.

    Raises:
        BadSetting: One of them can't be called. If that is a coroutine, it is closed: nobody awaits it.
    """
    try:
        _check("System.run", RUN, {"main": main, "loop_factory": loop_factory})
    except BadSetting:
        if inspect.iscoroutine(main):
            main.close()
        raise


def check_main(main: object, given: object) -> None:
    """Raise BadSetting if `main` is no `async def`, as `given`, which it gave when it was called, shows."""
    if not inspect.isawaitable(given):
        raise BadSetting("main", main, MAIN, owner="System.run")


def _check(owner: str, checks: Mapping[str, tuple[Check, str]], options: Mapping[str, object]) -> None:
    for option, value in options.items():
        fits, allowed = checks[option]
        if not fits(value):
            raise BadSetting(option, value, allowed, owner=owner)
