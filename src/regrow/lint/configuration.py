"""``[tool.regrow.check]`` of a ``pyproject.toml``: found, read, or refused with the place of the fault."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Final, cast

from regrow.errors.lint import BadLintSetting, LintError, UnknownRule
from regrow.lint.settings import Settings

_TABLE: Final = "tool.regrow.check"
_PLACE: Final = re.compile(r"line (\d+), column (\d+)")
_FLAGS: Final = frozenset({"allow-sleep-zero", "require-reason"})
_MAPPINGS: Final = frozenset({"per-file-ignores"})
KEYS: Final = tuple(one.name.replace("_", "-") for one in fields(Settings))


@dataclass(frozen=True, slots=True)
class Configuration:
    """Where a run's settings come from.

    Attributes:
        root: The folder that globs and the baseline's paths are relative to.
        file: The file that was read, None where there is none.
        settings: What it says, defaults filled in.
    """

    root: Path
    file: Path | None = None
    settings: Settings = field(default_factory=Settings)


def discover(start: Path) -> Configuration:
    """Read the nearest ``pyproject.toml`` with a table ``[tool.regrow]``, from a folder upwards.

    Without one the root is the nearest folder with a ``pyproject.toml`` or ``.git``, or `start`.

    Raises:
        BadLintSetting: It can't be read or used.
    """
    folders = (start, *start.parents)
    for folder in folders:
        file = folder / "pyproject.toml"
        if file.is_file() and b"tool.regrow" in file.read_bytes():
            return read(file)
    marked = (one for one in folders if (one / "pyproject.toml").is_file() or (one / ".git").exists())
    return Configuration(next(marked, start))


def read(file: Path) -> Configuration:
    """Read a settings file.

    Raises:
        BadLintSetting: It can't be read, a key is unknown, or a value is of the wrong kind.
    """
    text = ""
    try:
        text = file.read_text(encoding="utf-8")
        document: Mapping[str, object] = tomllib.loads(text)
    except OSError as error:
        raise BadLintSetting(str(file), 1, 1, f"can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadLintSetting(str(file), 1, 1, f"not UTF-8: {error.reason}") from error
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.search(str(error))
        line, column = (int(place[1]), int(place[2])) if place else (text.count("\n") or 1, 1)
        raise BadLintSetting(str(file), line, column, f"not TOML: {error}") from error
    table: object = document
    for part in _TABLE.split("."):
        table = cast("Mapping[str, object]", table).get(part, {}) if isinstance(table, Mapping) else table
    if not isinstance(table, Mapping):
        raise BadLintSetting(str(file), *_position(text, "check"), f"[{_TABLE}] has to be a table")
    given = cast("Mapping[str, object]", table)
    values = {key.replace("-", "_"): _value(str(file), text, key, value) for key, value in given.items()}
    return Configuration(file.parent, file, Settings(**values))  # type: ignore[arg-type]  # each checked


def misplaced(configuration: Configuration, problem: UnknownRule) -> LintError:
    """The error for an unknown rule, with its place where it stands in the settings' file."""
    file = configuration.file
    text = "" if file is None else file.read_text(encoding="utf-8", errors="replace")
    line, column = _position(text, problem.selector)
    if file is None or problem.selector not in text.split("\n")[line - 1]:
        return problem
    return BadLintSetting(str(file), line, column, str(problem))


def _value(file: str, text: str, key: str, value: object) -> object:
    if key not in KEYS:
        nearest = difflib.get_close_matches(key, KEYS, n=1)
        hint = f"did you mean {nearest[0]}?" if nearest else f"known are {', '.join(KEYS)}"
        raise BadLintSetting(file, *_position(text, key), f"[{_TABLE}] has no key {key!r}; {hint}")
    if key in _FLAGS:
        if isinstance(value, bool):
            return value
        raise BadLintSetting(file, *_position(text, key), f"{key} = {value!r} has to be true or false")
    if key in _MAPPINGS:
        if isinstance(value, Mapping):
            globs = cast("Mapping[str, object]", value)
            return {glob: _texts(file, text, key, codes) for glob, codes in globs.items()}
        raise BadLintSetting(file, *_position(text, key), f"{key} = {value!r} has to be a table of lists")
    return _texts(file, text, key, value)


def _texts(file: str, text: str, key: str, value: object) -> tuple[str, ...]:
    listed = cast("list[object]", value) if isinstance(value, list) else [None]
    texts = tuple(one for one in listed if isinstance(one, str))
    if len(texts) == len(listed):
        return texts
    raise BadLintSetting(file, *_position(text, key), f"{key}: {value!r} has to be a list of strings")


def _position(text: str, key: str) -> tuple[int, int]:
    """Where a key of the table stands; tomllib doesn't tell."""
    inside = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("["):
            inside = line.strip().startswith(f"[{_TABLE}")
            if not inside:
                continue
        found = re.search(rf"(?<![\w-])[\"']?{re.escape(key)}(?![\w-])", line)
        if inside and found:
            return number, found.start() + 1
    return 1, 1
