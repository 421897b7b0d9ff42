"""What a run would go by: ``regrow check --check-config``."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, cast

from regrow.lint.checker import Checker
from regrow.lint.configuration import Configuration
from regrow.lint.console import counted
from regrow.lint.discovery import find
from regrow.lint.registry import all_rules
from regrow.lint.regular import oddity
from regrow.lint.settings import Settings
from regrow.lint.tables import value_at

_PREFIX: Final = "RG"
_RUFF_FILES: Final = (".ruff.toml", "ruff.toml")


def described(configuration: Configuration, paths: Sequence[Path]) -> Iterator[str]:
    """The settings that aren't the defaults, the rules that are on, and the files that would be looked at.

    Raises:
        NothingToCheck: No rule is on.
        UnknownRule: The settings name a rule that there isn't.
    """
    file = configuration.file
    yield f"settings: {file.absolute() if file else 'no pyproject.toml has a table [tool.regrow]'}"
    yield f"root: {configuration.root.absolute()}"
    default = Settings()
    for name in Settings._fields:
        value: object = getattr(configuration.settings, name)
        if value != getattr(default, name):
            yield f"  {name.replace('_', '-')}: {_shown(value)}"
    on = {rule.code for rule in Checker(configuration.settings).rules}
    yield f"rules on: {' '.join(sorted(on))}"
    yield f"rules off: {' '.join(rule.code for rule in all_rules() if rule.code not in on) or 'none'}"
    found = find(paths, configuration)
    roles = Counter(str(source.role) for source in found.sources)
    listed = ", ".join(f"{count:,} {role}" for role, count in sorted(roles.items()))
    yield f"files: {counted(len(found.sources), 'file')}{f' ({listed})' if listed else ''}"
    ratchet = configuration.ratchet
    there = (configuration.root / ratchet.baseline).exists()
    mode = "exact" if ratchet.exact else "no-grow"
    yield f"baseline: {ratchet.baseline} ({mode}){'' if there else ', not there'}"


def doubts(configuration: Configuration) -> Iterator[str]:
    """What is allowed and probably not meant."""
    root, settings = configuration.root.absolute(), configuration.settings
    for name in _ruffs_without_us(root):
        yield (
            f'{name} configures ruff without `external = ["{_PREFIX}"]` in its lint table: ruff takes'
            " our codes in `# noqa` for unknown ones, and may delete them (RUF100, RUF102)"
        )
    for key in ("src", "tests", "scripts"):
        given: tuple[str, ...] = getattr(settings, key)
        if given != getattr(Settings(), key):
            for folder in given:
                if not (set(folder) & set("*?[") or (root / folder).exists()):
                    yield f"{key}: {folder!r} isn't there"


def _ruffs_without_us(root: Path) -> Iterator[str]:
    """The files of settings that configure ruff, and don't tell it of our codes."""
    for name in (*_RUFF_FILES, "pyproject.toml"):
        if oddity(root / name) is not None:
            continue
        try:
            document: object = tomllib.loads((root / name).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            continue  # none there; what is no TOML is ruff's to say
        ruff = value_at(document, "tool", "ruff") if name == "pyproject.toml" else document
        if ruff is None:
            continue
        external = (value_at(ruff, "external"), value_at(ruff, "lint", "external"))
        codes = [code for one in external if isinstance(one, list) for code in cast("list[object]", one)]
        if not any(isinstance(code, str) and code and _PREFIX.startswith(code) for code in codes):
            yield name


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(repr, cast("tuple[object, ...]", value))) or "none"
    if isinstance(value, Mapping):
        items = cast("Mapping[str, object]", value).items()
        return "; ".join(f"{key}: {_shown(one)}" for key, one in items) or "none"
    return str(value).lower()
