"""What one test asked for: its marks over the settings of its project."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias, TypeGuard, cast

import msgspec
import pytest

__all__ = ("Isolation", "Plan", "Report", "plan_key", "plan_of")

Isolation: TypeAlias = Literal["basic", "registry", "full", "contamination"]
Report: TypeAlias = Literal["error", "report", "off"]
Settings: TypeAlias = Mapping[str, str | float | bool]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How a test that uses the kit is run.

    Attributes:
        time: Whose seconds its loop counts.
        isolation: The mode of its `rt.Kit`.
        timeout: Seconds of its loop's time that it may take.
        real_timeout: Real seconds that it may take on virtual time.
        allow_leaks: Kinds of leaks that are no failure.
        allow_changes: Kinds of changes to what all tests share that are no failure.
        reason: Why leaks, changes or sleeps are allowed; empty if they aren't.
        sleep: Whether the test may sleep where the project forbids it.
        sockets, threads, subprocesses: Whether it uses real ones, on virtual time.
        leak_check: What becomes of leaks.
        contamination: What becomes of changes to what all tests share.
        blocking: Whether a call that holds up the loop is an error.
        package: The package under test, empty if the project doesn't say.
    """

    time: Literal["virtual", "real"]
    isolation: Isolation
    timeout: float
    real_timeout: float
    allow_leaks: tuple[str, ...]
    allow_changes: tuple[str, ...]
    reason: str
    sleep: bool
    sockets: bool
    threads: bool
    subprocesses: bool
    leak_check: Report
    contamination: Report
    blocking: bool
    package: str


plan_key: Final = pytest.StashKey[Plan]()


def plan_of(item: pytest.Item, settings: Settings) -> Plan:
    """The plan of a test. Of several marks, those closer to the test win, option by option.

    Fails the test if a mark has an unknown option or a bad value.
    """
    __tracebackhide__ = True
    asked: dict[str, object] = {}
    for mark in reversed(list(item.iter_markers("regrow"))):
        if mark.args:
            pytest.fail(f"@pytest.mark.regrow takes options by name only, not {mark.args!r}", pytrace=False)
        asked.update(mark.kwargs)
    problems = [text for option, value in asked.items() if (text := _problem(option, value)) is not None]
    if not asked.get("reason") and any(asked.get(option) for option in _EXCUSES):
        problems.append(f"{', '.join(_EXCUSES)} need a reason: reason='...'")
    if problems:
        pytest.fail(f"@pytest.mark.regrow: {'; '.join(problems)}", pytrace=False)
    plain = {
        "time": settings["loop"],
        "isolation": settings["isolation"],
        "allow_leaks": (),
        "allow_changes": (),
        "reason": "",
        "sleep": not settings["block-sleep"],
        "sockets": False,
        "threads": False,
        "subprocesses": False,
        "leak_check": settings["leak-check"],
        "contamination": settings["contamination"],
        "blocking": settings["blocking-calls"] == "error",
        "package": settings["package"],
    }
    plan = {**plain, **asked}
    usual = settings["virtual-timeout"] if plan["time"] == "virtual" else settings["test-timeout"]
    return msgspec.convert({"timeout": usual, "real_timeout": settings["test-timeout"], **plan}, Plan)


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _are_names(value: object) -> TypeGuard[tuple[str, ...]]:
    return isinstance(value, tuple) and all(isinstance(one, str) for one in cast("tuple[object, ...]", value))


def _one_of(*allowed: str) -> tuple[Callable[[object], bool], str]:
    return (lambda value: value in allowed), f"one of {', '.join(map(repr, allowed))}"


_EXCUSES: Final = ("allow_leaks", "allow_changes", "sleep")
_FLAG: Final = (_is_bool, "True or False")
_OPTIONS: Final[dict[str, tuple[Callable[[object], bool], str]]] = {
    "time": _one_of("virtual", "real"),
    "isolation": _one_of("basic", "registry", "full", "contamination"),
    "timeout": (_is_seconds, "a number of seconds above 0"),
    "real_timeout": (_is_seconds, "a number of seconds above 0"),
    "allow_leaks": (_are_names, "a tuple of kinds, such as ('task',)"),
    "allow_changes": (_are_names, "a tuple of kinds, such as ('env:TZ',)"),
    "reason": (lambda value: isinstance(value, str), "a text"),
    "sleep": _FLAG,
    "sockets": _FLAG,
    "threads": _FLAG,
    "subprocesses": _FLAG,
}


def _problem(option: str, value: object) -> str | None:
    if option not in _OPTIONS:
        return f"unknown option {option}={value!r}; known are {', '.join(_OPTIONS)}"
    fits, allowed = _OPTIONS[option]
    return None if fits(value) else f"{option}={value!r} can't be used: it has to be {allowed}"
