"""A table of a ``pyproject.toml``: its values checked, and refused with the place of the fault."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import cast

from regrow.errors.lint import BadLintSetting


class Table:
    """One table.

    Args:
        file: The settings' file, for errors.
        text: What is in it, for their places.
        document: The same, parsed.
        name: The table's, dotted.

    Raises:
        BadLintSetting: What has this name is no table.
    """

    def __init__(self, file: str, text: str, document: Mapping[str, object], name: str) -> None:
        self._file = file
        self._text = text
        self._name = name
        value: object = document
        for part in name.split("."):
            value = _inside(value, part)
        if not isinstance(value, Mapping):
            above, _, last = name.rpartition(".")
            raise BadLintSetting(file, *position(text, above, last), f"[{name}] has to be a table")
        self.values: Mapping[str, object] = cast("Mapping[str, object]", value)

    def only(self, known: Collection[str]) -> None:
        """Refuse keys that aren't known."""
        for key in self.values:
            if key not in known:
                import difflib  # noqa: PLC0415  # for errors alone

                nearest = difflib.get_close_matches(key, known, n=1)
                hint = f"did you mean {nearest[0]}?" if nearest else f"known are {', '.join(known)}"
                raise self.error(key, f"[{self._name}] has no key {key!r}; {hint}")

    def flag(self, key: str) -> bool:
        """A value that is true or false."""
        value = self.values[key]
        if isinstance(value, bool):
            return value
        raise self.error(key, f"{key} = {value!r} has to be true or false")

    def choice(self, key: str, choices: Collection[str]) -> str:
        """A value that is one of a few texts."""
        value = self.values[key]
        if isinstance(value, str) and value in choices:
            return value
        raise self.error(key, f"{key} = {value!r} has to be one of {', '.join(choices)}")

    def word(self, key: str) -> str:
        """A value that is a text with something in it."""
        value = self.values[key]
        if isinstance(value, str) and value:
            return value
        raise self.error(key, f"{key} = {value!r} has to be a string that isn't empty")

    def words(self, key: str) -> tuple[str, ...]:
        """A value that is a list of texts."""
        return self._words(key, self.values[key])

    def words_by_name(self, key: str) -> dict[str, tuple[str, ...]]:
        """A value that is a table of lists of texts."""
        value = self.values[key]
        if isinstance(value, Mapping):
            return {name: self._words(key, one) for name, one in cast("Mapping[str, object]", value).items()}
        raise self.error(key, f"{key} = {value!r} has to be a table of lists")

    def counts(self, key: str) -> dict[str, int]:
        """A value that is a table of numbers from 0 on."""
        value = self.values[key]
        if isinstance(value, Mapping):
            counts = cast("Mapping[str, object]", value)
            good = {name: one for name, one in counts.items() if type(one) is int and one >= 0}
            if len(good) == len(counts):
                return good
        raise self.error(key, f"{key} = {value!r} has to be a table of numbers from 0 on")

    def number(self, key: str, *, most: int) -> int:
        """A value that is a number from 0 to `most`."""
        value = self.values[key]
        if type(value) is int and 0 <= value <= most:
            return value
        raise self.error(key, f"{key} = {value!r} has to be a number from 0 to {most}")

    def error(self, key: str, problem: str) -> BadLintSetting:
        """The error that says what is wrong with a key."""
        return BadLintSetting(self._file, *position(self._text, self._name, key), problem)

    def _words(self, key: str, value: object) -> tuple[str, ...]:
        listed = cast("list[object]", value) if isinstance(value, list) else [None]
        words = tuple(one for one in listed if isinstance(one, str))
        if len(words) == len(listed):
            return words
        raise self.error(key, f"{key}: {value!r} has to be a list of strings")


def _inside(value: object, key: str) -> object:
    return cast("Mapping[str, object]", value).get(key, {}) if isinstance(value, Mapping) else value


def value_at(document: object, *keys: str) -> object:
    """What stands at a place of nested tables, None where there is nothing."""
    for key in keys:
        document = cast("Mapping[str, object]", document).get(key) if isinstance(document, Mapping) else None
    return document


def position(text: str, table: str, key: str) -> tuple[int, int]:
    """The line and column, from 1 on, where a key of a table stands; tomllib doesn't tell."""
    inside = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("["):
            inside = line.strip().startswith(f"[{table}")
            if not inside:
                continue
        found = re.search(rf"(?<![\w-])[\"']?{re.escape(key)}(?![\w-])", line)
        if inside and found:
            return number, found.start() + 1
    return 1, 1
