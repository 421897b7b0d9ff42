"""Async tests that nothing ends: where a suite says how long a test may take."""

from __future__ import annotations

import ast
import configparser
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, cast

from regrow.lint.audit.model import Problem
from regrow.lint.audit.units import Unit, arguments_of, marks_of
from regrow.lint.facts.virtual import KIT_FIXTURES
from regrow.lint.file import SourceFile
from regrow.lint.regular import oddity
from regrow.lint.tables import value_at

UNBOUNDED: Final = "no-timeout"
_BOUNDING: Final = KIT_FIXTURES - {"regrow_guard"}  # which looks for leaks alone
_INI: Final = (
    ("pytest.ini", "pytest"),
    (".pytest.ini", "pytest"),
    ("tox.ini", "pytest"),
    ("setup.cfg", "tool:pytest"),
)
_ENDING: Final = frozenset({"run_virtual", "VirtualTestCase", "explore", "simulate"})


def suite_limit(root: Path) -> bool:
    """Whether pytest's settings bound every test: ``timeout``, or ``--timeout`` in ``addopts``."""
    pytest = _table(root / "pyproject.toml", "tool", "pytest")
    options = pytest.get("ini_options")
    tables: list[Mapping[str, object]] = [pytest]
    if isinstance(options, Mapping):
        tables.append(cast("Mapping[str, object]", options))
    tables += [_section(root / name, section) for name, section in _INI]
    return any("timeout" in table or "--timeout" in str(table.get("addopts", "")) for table in tables)


def kit_mode(root: Path) -> str:
    """The isolation that a project's ``[tool.regrow.test]`` gives its tests."""
    return str(_table(root / "pyproject.toml", "tool", "regrow", "test").get("isolation", "registry"))


def unbounded(file: SourceFile, units: Iterable[Unit]) -> Iterator[Problem]:
    """The async tests of a file that may take for ever."""
    scopes = file.settings.timeout_scopes
    bounding = [call.lineno for call, _ in file.calls_to("asyncio.wait_for", *scopes)]
    virtual = any(call for name in _ENDING for call in file.calls_named(name))
    for unit in units:
        if not (unit.is_test and isinstance(unit.node, ast.AsyncFunctionDef)) or virtual:
            continue
        marks = {name for name, _ in marks_of(file, unit)}
        if marks & {"timeout", "regrow"} or arguments_of(unit.node) & _BOUNDING:
            continue
        if not any(unit.holds(line) for line in bounding):
            message = (
                f"nothing ends {unit.node.name} when what it waits for never comes: set pytest-timeout's"
                " `timeout` for the suite, or use Regrow's test kit"
            )
            yield Problem(unit.node.lineno, UNBOUNDED, "", message, unit.name)


def _table(file: Path, *keys: str) -> Mapping[str, object]:
    if oddity(file) is not None:
        return {}
    try:
        table = value_at(tomllib.loads(file.read_text("utf-8")), *keys)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}  # whoever needs it says so
    return cast("Mapping[str, object]", table) if isinstance(table, Mapping) else {}


def _section(file: Path, section: str) -> Mapping[str, object]:
    parser = configparser.ConfigParser(interpolation=None)
    if oddity(file) is not None:
        return {}
    try:
        parser.read(file, "utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return {}
    return dict(parser[section]) if parser.has_section(section) else {}
