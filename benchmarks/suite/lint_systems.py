"""The systems of the linter's suite."""

from __future__ import annotations

from benchmarks.suite.systems import System


def _tool(name: str, environment: str | None, *families: str, tool: str = "", quick: bool = False) -> System:
    options = {"tool": tool or name}
    return System(name, "lint_bench", options, environment=environment, only=frozenset(families), quick=quick)


SYSTEMS: tuple[System, ...] = (
    _tool("regrow", None, "L1", "L2", "L3", "L4", quick=True),
    _tool("regrow-debian", "debian", "L1", "L2", "L3", "L4", tool="regrow"),
    _tool("ast.parse", None, "L1", "L4"),
    _tool("ruff", "ruff", "L1", "L2", "L3", "L4", quick=True),
    _tool("ast-grep", "astgrep", "L1", "L2", "L4"),
    # The whole library would take them from minutes to most of an hour.
    _tool("semgrep", "semgrep", "L4"),
    _tool("fixit", "fixit", "L4"),
    _tool("pylint", "pylint", "L4"),
    _tool("flake8-async", "flake8async", "L4"),
)
