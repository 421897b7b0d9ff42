"""How tests keep to themselves, and the fixtures that make them share processes."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from regrow.lint.audit.model import OUTSIDE, Problem
from regrow.lint.audit.units import Unit, arguments_of, marks_of
from regrow.lint.facts.addresses import SYSTEM_CLASSES, uses_regrow
from regrow.lint.facts.virtual import KIT_FIXTURES
from regrow.lint.file import SourceFile
from regrow.lint.names import FUNCTIONS

SHARED: Final = "shared-process"
KIT: Final = "kit"
OWN_SYSTEM: Final = "own System"
FIXTURE: Final = "a fixture's process"
SHARED_FIXTURE: Final = "a shared process"
NOTHING: Final = "none"
NO_PROCESS: Final = "no process"
"""How a test keeps to itself: `KIT` with its mode behind it."""

_PROCESSES: Final = (
    *SYSTEM_CLASSES,
    *("regrow.spawn", "regrow.runtime.plain.spawn"),
    *("asyncio.create_task", "asyncio.ensure_future"),
    *("asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell", "subprocess.Popen"),
    *("threading.Thread", "multiprocessing.Process", "multiprocessing.Pool"),
    *("concurrent.futures.ThreadPoolExecutor", "concurrent.futures.ProcessPoolExecutor"),
    *("concurrent.futures.thread.ThreadPoolExecutor", "concurrent.futures.process.ProcessPoolExecutor"),
)


@dataclass(frozen=True, slots=True)
class Fixture:
    """A fixture that makes processes.

    Attributes:
        name: What tests ask for.
        folder: Where it can be asked for: its file, or for a ``conftest.py`` its folder.
        shared: Whether several tests get the same one.
    """

    name: str
    folder: PurePosixPath
    shared: bool


def processes_in(file: SourceFile) -> list[tuple[ast.Call, str]]:
    """The calls that make processes, tasks, threads and executors, and the last part of what they call."""
    return [(call, name.rpartition(".")[2]) for call, name in file.calls_to(*_PROCESSES)]


def fixtures_of(file: SourceFile, units: Iterable[Unit], made: list[tuple[ast.Call, str]]) -> list[Fixture]:
    """The fixtures of a file that make processes."""
    path = PurePosixPath(file.path)
    folder = path.parent if path.name == "conftest.py" else path
    return [
        Fixture(unit.node.name, folder, unit.scope != "function")
        for unit in units
        if unit.scope is not None and any(unit.holds(call.lineno) for call, _ in made)
    ]


def shared_processes(
    file: SourceFile, units: Iterable[Unit], made: list[tuple[ast.Call, str]]
) -> Iterator[Problem]:
    """Processes that several tests share: those of wide fixtures, and Systems at module level."""
    for unit in units:
        for call, name in made:
            if unit.scope not in {None, "function"} and unit.holds(call.lineno):
                message = (
                    f"fixture {unit.node.name} makes a {name} for its whole {unit.scope}: what one test does"
                    " to it the next one sees; make it per test"
                )
                yield Problem(call.lineno, SHARED, "", message, unit.name)
                break
    for call, name in made:
        if name == "System" and not any(isinstance(one, FUNCTIONS) for one in file.ancestors(call)):
            message = "a System of the whole module: all its tests share it; make one per test"
            yield Problem(call.lineno, SHARED, "", message, OUTSIDE)


def isolation_of(
    file: SourceFile,
    units: Iterable[Unit],
    made: list[tuple[ast.Call, str]],
    fixtures: Mapping[str, list[Fixture]],
    mode: str,
) -> Iterator[str]:
    """How each test of a file keeps to itself.

    Args:
        file: The file.
        units: Its functions.
        made: Its calls that make processes.
        fixtures: The suite's fixtures that make processes, by name.
        mode: The kit's isolation where a mark doesn't say another.
    """
    path = PurePosixPath(file.path)
    regrow = uses_regrow(file)
    systems = [call for call, name in made if name == "System"]
    for unit in units:
        if not unit.is_test:
            continue
        asked = arguments_of(unit.node)
        mark = next((mark for name, mark in marks_of(file, unit) if name == "regrow"), None)
        near = [
            one
            for name in asked
            for one in fixtures.get(name, ())
            if one.folder == path or one.folder in path.parents
        ]
        if mark is not None or asked & KIT_FIXTURES:
            yield f"{KIT}: {_mode(file, mark) or mode}"
        elif any(unit.holds(call.lineno) for call in systems):
            yield OWN_SYSTEM
        elif near:
            yield SHARED_FIXTURE if any(one.shared for one in near) else FIXTURE
        elif any(unit.holds(call.lineno) for call, _ in made):
            yield NOTHING
        else:
            yield NOTHING if regrow and isinstance(unit.node, ast.AsyncFunctionDef) else NO_PROCESS


def _mode(file: SourceFile, mark: ast.expr | None) -> str | None:
    given = file.argument(mark, "isolation") if isinstance(mark, ast.Call) else None
    return given.value if isinstance(given, ast.Constant) and isinstance(given.value, str) else None
