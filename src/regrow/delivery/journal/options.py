"""The options of a journal, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast, final

import msgspec

from regrow.delivery.journal.policy import DeadLetterPolicy
from regrow.errors import BadSetting

__all__ = ("JournalOptions",)


@final
class JournalOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a journal is told at its making: see `Journal`."""

    capacity: int = 1_000_000
    concurrency: int = 64
    dead_letters: DeadLetterPolicy = DeadLetterPolicy()
    aliases: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    code_version: str | None = None

    def __post_init__(self) -> None:
        for option in ("capacity", "concurrency"):
            value: object = getattr(self, option)
            if type(value) is not int or value < 1:
                raise _bad(option, value, "a whole number, 1 or more")
        if not isinstance(self.dead_letters, DeadLetterPolicy):
            raise _bad("dead_letters", self.dead_letters, "an rg.DeadLetterPolicy")
        if not _are_aliases(self.aliases):
            raise _bad(
                "aliases", self.aliases, 'a mapping such as {"old.module:Old.handler": "module:New.handler"}'
            )
        if self.code_version is not None and not isinstance(self.code_version, str):
            raise _bad("code_version", self.code_version, "a str or None")


def _are_aliases(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    names = cast("Mapping[object, object]", value)
    return all(_is_place(name) for pair in names.items() for name in pair)


def _is_place(value: object) -> bool:
    return isinstance(value, str) and 0 < value.find(":") < value.rfind(".") - 1


def _bad(option: str, value: object, allowed: str) -> BadSetting:
    return BadSetting(option, value, allowed, owner="Journal")
