"""The options of a journal, checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypedDict, cast, final

import msgspec

from regrow.core.texts import is_name
from regrow.delivery.journal.policy import DeadLetterPolicy
from regrow.errors import BadSetting

__all__ = ("JournalOptions", "JournalSettings", "journal_options")

MOST_CRASHES: Final = 1_000


class JournalSettings(TypedDict, total=False):
    """The options of a journal beside where it is kept: `rg.Journal` says what they mean."""

    capacity: int
    concurrency: int
    max_crashes: int
    dead_letters: DeadLetterPolicy
    aliases: Mapping[str, str]
    code_version: str | None


@final
class JournalOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options that are in order."""

    capacity: int = 1_000_000
    concurrency: int = 64
    max_crashes: int = 3
    dead_letters: DeadLetterPolicy = DeadLetterPolicy()
    aliases: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    code_version: str | None = None


def journal_options(given: JournalSettings) -> JournalOptions:
    """The options as they are used.

    Raises:
        BadSetting: One of them is out of its range, or unknown.
    """
    for option, value in cast("Mapping[str, object]", given).items():
        rule = _RULES.get(option)
        if rule is None:
            raise BadSetting(option, value, f"one of {', '.join(sorted(_RULES))}", owner="Journal")
        holds, allowed = rule
        if not holds(value):
            raise BadSetting(option, value, allowed, owner="Journal")
    return JournalOptions(**given)


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 1


def _is_crash_count(value: object) -> bool:
    return type(value) is int and 1 <= value <= MOST_CRASHES


def _are_aliases(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    names = cast("Mapping[object, object]", value)
    return all(_is_place(name) for pair in names.items() for name in pair)


def _is_place(value: object) -> bool:
    return isinstance(value, str) and 0 < value.find(":") < value.rfind(".") - 1


_RULES: Final[dict[str, tuple[Callable[[object], bool], str]]] = {
    "capacity": (_is_count, "a whole number, 1 or more"),
    "concurrency": (_is_count, "a whole number, 1 or more"),
    "max_crashes": (_is_crash_count, "a whole number from 1 to 1,000"),
    "dead_letters": (lambda value: isinstance(value, DeadLetterPolicy), "an rg.DeadLetterPolicy"),
    "aliases": (_are_aliases, 'a mapping such as {"old.module:Old.handler": "module:New.handler"}'),
    "code_version": (
        lambda value: value is None or value == "" or is_name(value),
        "a str that can be written as UTF-8, or None",
    ),
}
