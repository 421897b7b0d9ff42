"""The linter's tables of a ``pyproject.toml``: found, read, or refused with the place of the fault."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from regrow.errors.lint import BadLintSetting, LintError, UnknownRule
from regrow.lint.regular import oddity
from regrow.lint.settings import RatchetSettings, Settings
from regrow.lint.tables import Table, position, value_at

_ALL: Final = "tool.regrow"
_TABLES: Final = ("check", "ratchet", "test")  # some are read elsewhere
_CHECK: Final = "tool.regrow.check"
_RATCHET: Final = "tool.regrow.ratchet"
_PLACE: Final = re.compile(r"line (\d+), column (\d+)")
_FLAGS: Final = frozenset({"allow-sleep-zero", "require-reason"})
_MAPPINGS: Final = frozenset({"per-file-ignores"})
KEYS: Final = tuple(one.replace("_", "-") for one in Settings._fields)


class Configuration(NamedTuple):
    """Where a run's settings come from.

    Attributes:
        root: The folder that globs and the baseline's paths are relative to.
        file: The file that was read, None where there is none.
        settings: What ``[tool.regrow.check]`` says, defaults filled in.
        ratchet: What ``[tool.regrow.ratchet]`` says, defaults filled in.
    """

    root: Path
    file: Path | None = None
    settings: Settings = Settings()
    ratchet: RatchetSettings = RatchetSettings()


def discover(start: Path) -> Configuration:
    """Read the nearest ``pyproject.toml`` with a table ``[tool.regrow]``, from a folder upwards.

    Without one the root is the nearest folder with a ``pyproject.toml`` or ``.git``, or `start`.

    Raises:
        BadLintSetting: It can't be read or used.
    """
    folders = (start, *start.parents)
    for folder in folders:
        file = folder / "pyproject.toml"
        if file.is_file() and _is_ours(file.read_bytes()):
            return read(file)
    marked = (one for one in folders if (one / "pyproject.toml").is_file() or (one / ".git").exists())
    return Configuration(next(marked, start))


def _is_ours(data: bytes) -> bool:
    """Whether there is something at ``tool.regrow``, however it is written."""
    if b"regrow" not in data:
        return False
    if b"tool.regrow" in data:
        return True
    try:
        return value_at(tomllib.loads(data.decode("utf-8")), "tool", "regrow") is not None
    except (ValueError, RecursionError):  # nothing in it says that it is about us
        return False


def read(file: Path) -> Configuration:
    """Read a settings file.

    Raises:
        BadLintSetting: It can't be read, a key is unknown, or a value is of the wrong kind.
    """
    text = ""
    odd = oddity(file)
    if odd is not None:
        raise BadLintSetting(str(file), 1, 1, f"can't be read: {odd}")
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
    except ValueError as error:  # a number of more digits than Python reads
        raise BadLintSetting(str(file), 1, 1, f"not TOML: {error}") from error
    except RecursionError:
        raise BadLintSetting(str(file), 1, 1, "nested too deeply") from None
    Table(str(file), text, document, _ALL).only(_TABLES)
    settings = _settings(Table(str(file), text, document, _CHECK))
    ratchet = _ratchet(Table(str(file), text, document, _RATCHET))
    return Configuration(file.parent, file, settings, ratchet)


def misplaced(configuration: Configuration, problem: UnknownRule) -> LintError:
    """The error for an unknown rule, with its place where it stands in the settings' file."""
    file = configuration.file
    text = "" if file is None else file.read_text(encoding="utf-8", errors="replace")
    table = _RATCHET if problem.where == "max-total" else _CHECK
    line, column = position(text, table, problem.selector)
    if file is None or problem.selector not in text.split("\n")[line - 1]:
        return problem
    return BadLintSetting(str(file), line, column, str(problem))


def _settings(table: Table) -> Settings:
    table.only(KEYS)
    values: dict[str, object] = {}
    for key in table.values:
        if key in _FLAGS:
            value: object = table.flag(key)
        else:
            value = table.words_by_name(key) if key in _MAPPINGS else table.words(key)
        values[key.replace("-", "_")] = value
    return Settings(**values)  # type: ignore[arg-type]  # each checked


def _ratchet(table: Table) -> RatchetSettings:
    table.only(("baseline", "mode", "max-total", "audit-min"))
    default = RatchetSettings()
    given = table.values
    return RatchetSettings(
        baseline=table.word("baseline") if "baseline" in given else default.baseline,
        exact="mode" not in given or table.choice("mode", ("exact", "no-grow")) == "exact",
        max_total=table.counts("max-total") if "max-total" in given else default.max_total,
        audit_min=table.number("audit-min", most=100) if "audit-min" in given else default.audit_min,
    )
