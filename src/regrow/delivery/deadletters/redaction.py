"""Hiding what nobody should read on a screen: values by their names, and secrets within texts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, cast, final

__all__ = ("HIDDEN", "Redaction")

HIDDEN: Final = "[redacted]"
SECRETS: Final = (
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "authorization",
    "api_key",
    "access_key",
    "private_key",
    "credential",
    "cookie",
)
MAX_DEPTH: Final = 64


@final
class Redaction:
    """Hides the values of names that contain one of `SECRETS` or of `more`, whatever their spelling."""

    __slots__ = ("_names", "_texts")

    def __init__(self, more: Iterable[str] = ()) -> None:
        names = [_bare(name) for name in (*SECRETS, *more)]
        self._names = re.compile("|".join(map(re.escape, names)))
        spelt = "|".join("[-_ ]?".join(map(re.escape, name.split("_"))) for name in (*SECRETS, *more))
        self._texts = re.compile(
            rf"""(?ix) \b ([\w-]* (?:{spelt}) [\w-]* ["']? \s*[=:]\s*)"""
            r""" ( "[^"]*" | '[^']*' | (?:bearer|basic)\s+\S+ | [^\s,;&)\]}]+ )"""
        )

    def names(self, name: str) -> bool:
        """Whether values of this name are hidden."""
        return self._names.search(_bare(name)) is not None

    def value(self, value: object, depth: int = 0) -> object:
        """The value, with what stands under a secret's name hidden, however deep."""
        if depth > MAX_DEPTH:
            return "..."
        if isinstance(value, dict):
            items = cast("dict[object, object]", value).items()
            return {
                key: HIDDEN if isinstance(key, str) and self.names(key) else self.value(inner, depth + 1)
                for key, inner in items
            }
        if isinstance(value, (list, tuple)):
            return [self.value(inner, depth + 1) for inner in cast("list[object]", value)]
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> str:
        """The text, with `password=...` and the like hidden."""
        return self._texts.sub(rf"\g<1>{HIDDEN}", text)


def _bare(name: str) -> str:
    """`apiKey`, `API-KEY` and `api_key` are one name."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
