"""The linter's suite: planted faults are counted in the copy of the standard library, whatever tool looks."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.suite.cells import run_once
from benchmarks.suite.cells_table import Cell, Table
from benchmarks.suite.lint_workloads import lines
from benchmarks.suite.suites import LINT
from benchmarks.suite.targets import targets
from benchmarks.suite.workload import Value, Workload
from benchmarks.systems.lint_bench import TOOLS

SYSTEMS = {system.name: system for system in LINT.systems}
SMALL: dict[str, Value] = {"folders": "json"}


def _workload(family: str) -> Workload:
    (found,) = (workload for workload in LINT.workloads if workload.family == family)
    return found


def _scratch(tmp_path: Path) -> Path:
    """With a copy of one package in the place of the whole library."""
    import json

    tree = tmp_path / "stdlib" / "json"
    tree.mkdir(parents=True)
    for file in Path(json.__file__).parent.glob("*.py"):
        (tree / file.name).write_bytes(file.read_bytes())
    (tree.parent / "pyproject.toml").write_text("[tool.regrow.check]\n")
    return tmp_path


@pytest.mark.parametrize("family", ["L4", "L3"])
def test_every_planted_fault_is_found_cold_and_warm(family: str, tmp_path: Path) -> None:
    workload = _workload(family)
    params = {**workload.full, **SMALL, "scratch": str(_scratch(tmp_path)), "seed": 1}
    run = run_once(SYSTEMS["regrow"], workload, params, limit=60.0)
    assert (run.failed, run.note) == (False, None)
    assert run.measures["per_core_second"] > 0
    assert (tmp_path / "stdlib" / ".regrow_cache").exists() == (family == "L3")


def test_a_tool_that_finds_too_little_is_wrong(tmp_path: Path) -> None:
    workload = _workload("L4")
    scratch = _scratch(tmp_path)
    (scratch / "stdlib" / "pyproject.toml").write_text('[tool.regrow.check]\nignore = ["RG101"]\n')
    params = {**workload.full, **SMALL, "scratch": str(scratch), "seed": 1}
    run = run_once(SYSTEMS["regrow"], workload, params, limit=60.0)
    assert run.failed
    assert (run.note or "").startswith("wrong: planted: 0 instead of ")


def test_parts_are_counted_without_the_rest() -> None:
    assert 0 < lines("json") < lines("json logging")


def test_every_tool_has_a_command_of_its_own() -> None:
    assert {system.options["tool"] for system in LINT.systems} == set(TOOLS)
    shown = {" ".join(tool.line(Path("x"), 2, warm=False)) for tool in TOOLS.values()}
    assert len(shown) == len(TOOLS)
    assert not any("{" in line for line in shown)


def test_targets_are_reckoned_from_rates_per_core() -> None:
    table = Table(LINT, list(LINT.workloads), list(LINT.systems), quick=False, repeat=1)
    rates = {("L1", "regrow"): 90_000.0, ("L1", "ruff"): 1e6, ("L4", "regrow"): 50_000.0}
    rates |= {("L4", "flake8-async"): 800.0, ("L1", "regrow-debian"): 120_000.0}
    for (family, system), rate in rates.items():
        cell = next(c for c in table.cells if (c.workload.family, c.system.name) == (family, system))
        cell.rounds.append({"per_core_second": rate, "seconds": 1.0})
    found = [(target.measured, target.verdict) for target in targets(table)]
    assert found == [
        (90_000.0, "goal"),
        (None, "not measured"),
        (112.5, "goal"),
        (62.5, "MISSED"),
        (0.09, "MISSED"),
        (0.12, "goal"),
    ]


def test_slow_tools_are_asked_for_a_part_alone() -> None:
    table = Table(LINT, list(LINT.workloads), list(LINT.systems), quick=False, repeat=1)
    slow = {"semgrep", "fixit", "pylint", "flake8-async"}
    cells: list[Cell] = [cell for cell in table.cells if cell.system.name in slow]
    assert {cell.workload.family for cell in cells} == {"L4"}
    assert all(cell.system.environment for cell in cells)
