"""Runs the cells of a table, interleaved, and keeps what each round measured."""

from __future__ import annotations

import secrets
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from benchmarks.suite import paths
from benchmarks.suite.cells import Run, run_once
from benchmarks.suite.suites import Suite
from benchmarks.suite.systems import System
from benchmarks.suite.workload import Value, Workload

QUICK_CELL_SECONDS = 5.0
SEEDS = 1_000_000


@dataclass(slots=True)
class Cell:
    """One workload by one system: the measures of each round."""

    workload: Workload
    system: System
    rounds: list[dict[str, float]] = field(default_factory=list)
    details: Mapping[str, object] | None = None
    note: str | None = None
    version: str | None = None
    failed: bool = False
    spent: float = 0.0

    def add(self, run: Run) -> None:
        self.spent += run.wall
        self.version = run.version or self.version
        self.note = run.note or self.note
        if run.failed:
            self.failed = True
        else:
            self.rounds.append(run.measures)
            self.details = run.details

    def median(self, key: str) -> float | None:
        values = [measures[key] for measures in self.rounds if key in measures]
        return statistics.median(values) if values else None

    def row(self) -> dict[str, object]:
        """The row of the result: medians, or the note that stands in their place."""
        row: dict[str, object] = {"workload": self.workload.name, "system": self.system.name}
        if not self.failed:
            keys = sorted({key for measures in self.rounds for key in measures})
            row |= {key: self.median(key) for key in keys}
            row["runs"] = len(self.rounds)
        if self.note:
            row["note"] = self.note
        if self.version:
            row["version"] = self.version
        if self.details is not None:
            row["details"] = self.details
        return row


class Table:
    """All cells of a run."""

    def __init__(
        self, suite: Suite, workloads: list[Workload], systems: list[System], *, quick: bool, repeat: int
    ) -> None:
        self.suite, self.quick, self.repeat = suite, quick, repeat
        self.cells = [Cell(w, s) for w in workloads for s in systems if s.does(w)]
        self._seed = secrets.randbelow(SEEDS)

    def find(self, workload_name: str, system: str) -> Cell | None:
        for cell in self.cells:
            if cell.workload.name == workload_name and cell.system.name == system:
                return cell
        return None

    def run(self, progress: Callable[[str], None]) -> None:
        """Workload by workload; in each, every system once a round, starting with another each time."""
        # Not the system's folder for such things, which may be memory: a sync has to cost what it costs.
        with tempfile.TemporaryDirectory(prefix="run-", dir=paths.ensure_peers_folder()) as scratch:
            self._run(progress, scratch)

    def _run(self, progress: Callable[[str], None], scratch: str) -> None:
        done, total = 0, sum(self._rounds(cell.workload) for cell in self.cells)
        for workload in dict.fromkeys(cell.workload for cell in self.cells):
            cells = [cell for cell in self.cells if cell.workload is workload]
            for turn in range(self._rounds(workload)):
                for cell in cells[turn % len(cells) :] + cells[: turn % len(cells)]:
                    done += 1
                    progress(f"[{done}/{total}] round {turn + 1} {workload.family} {cell.system.name}")
                    self._once(cell, scratch)
        progress("")

    def _rounds(self, workload: Workload) -> int:
        return self.repeat if workload.rounds is None else min(self.repeat, workload.rounds)

    def _once(self, cell: Cell, scratch: str) -> None:
        limit = self._limit(cell)
        if cell.failed or limit <= 0 or (cell.rounds and limit < cell.spent / len(cell.rounds)):
            return
        smaller = cell.system.smaller.get(cell.workload.family, {})
        params: dict[str, Value] = {**cell.workload.params(quick=self.quick), **smaller}
        if cell.workload.on_disk:
            params |= {"scratch": scratch, "seed": self._seed}
        run = run_once(cell.system, cell.workload, params, limit=limit)
        if run.timed_out and cell.rounds:
            # The cell's time ran out in the middle of a round: those before it stand.
            cell.spent += run.wall
        else:
            if smaller:
                amount = ", ".join(f"{key} = {value}" for key, value in smaller.items())
                run.note = "; ".join(part for part in (f"with {amount}", run.note) if part)
            cell.add(run)

    def _limit(self, cell: Cell) -> float:
        # The cell's time is for all of its rounds together.
        return (QUICK_CELL_SECONDS if self.quick else cell.workload.cell_seconds) - cell.spent


def terminal_progress(text: str) -> None:
    """One line that is written over, on a terminal only."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
