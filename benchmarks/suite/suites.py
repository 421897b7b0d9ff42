"""The suites: which workloads by which systems, and where their page is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.suite import (
    delivery_systems,
    delivery_workloads,
    lint_systems,
    lint_workloads,
    paths,
    runtime_systems,
    runtime_workloads,
    testkit_systems,
    testkit_workloads,
)
from benchmarks.suite.systems import System
from benchmarks.suite.workload import Workload


@dataclass(frozen=True, slots=True, eq=False)
class Suite:
    """What one run of the program can measure."""

    name: str
    title: str
    page: Path
    workloads: tuple[Workload, ...]
    systems: tuple[System, ...]

    @property
    def families(self) -> list[str]:
        return list(dict.fromkeys(workload.family for workload in self.workloads))

    def chosen(self, *, quick: bool, only: tuple[str, ...], million: bool) -> list[Workload]:
        """The workloads of a run: by name, or those of the quick or the full set."""
        if only:
            return [w for w in self.workloads if w.family in only]
        return [w for w in self.workloads if (w.in_quick or not quick) and (million or not w.optional)]

    def named(self, names: tuple[str, ...], *, quick: bool) -> list[System]:
        """The systems of a run; raises SystemExit for a name that there is none of."""
        known = {system.name: system for system in self.systems}
        unknown = [name for name in names if name not in known]
        if unknown:
            raise SystemExit(f"no such system: {', '.join(unknown)}. There are: {', '.join(known)}")
        if names:
            return [known[name] for name in names]
        return [system for system in self.systems if system.quick or not quick]


_DOCS = paths.ROOT / "docs"
RUNTIME = Suite(
    "runtime", "Benchmarks", _DOCS / "benchmarks.md", runtime_workloads.WORKLOADS, runtime_systems.SYSTEMS
)
DELIVERY = Suite(
    "delivery",
    "Benchmarks of delivery",
    _DOCS / "benchmarks-delivery.md",
    delivery_workloads.WORKLOADS,
    delivery_systems.SYSTEMS,
)
TESTKIT = Suite(
    "testkit",
    "Benchmarks of the test kit",
    _DOCS / "benchmarks-testkit.md",
    testkit_workloads.WORKLOADS,
    testkit_systems.SYSTEMS,
)
LINT = Suite(
    "lint",
    "Benchmarks of the linter",
    _DOCS / "benchmarks-lint.md",
    lint_workloads.WORKLOADS,
    lint_systems.SYSTEMS,
)
SUITES = {suite.name: suite for suite in (RUNTIME, DELIVERY, TESTKIT, LINT)}
