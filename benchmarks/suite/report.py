"""The result as text: a table for the terminal, a page for the docs."""

from __future__ import annotations

import datetime as dt
import os
import platform
from pathlib import Path

from benchmarks.suite import own_tests
from benchmarks.suite.cells_table import Cell, Table
from benchmarks.suite.targets import Target, targets

_INTRO = """# {title}

Written by `python benchmarks/run.py --suite {suite}{quick} --markdown`; what the workloads are, and what is
fair about them, stands in `benchmarks/README.md`. Medians of {repeat} interleaved rounds, each cell of
each round in a process of its own, each result checked against sums that the worker could not know.

{machine}
"""


def machine() -> list[str]:
    """Processor, cores, memory, kernel, Python, date."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB",
        f"{platform.system()}, Python {platform.python_version()}",
        dt.datetime.now(tz=dt.UTC).strftime("%Y-%m-%d"),
    ]


def per_second(value: float) -> str:
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g}"


def duration(value: float) -> str:
    for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def columns(cell: Cell) -> dict[str, str]:
    """The cell's measures, for reading."""
    if cell.failed:
        return {"note": cell.note or "failed"}
    shown = {}
    for key, show in (
        ("per_second", per_second),
        ("per_core_second", per_second),
        ("handled_per_second", per_second),
        ("seconds", duration),
        ("cpu", duration),
        ("p50", duration),
        ("p99", duration),
        ("p999", duration),
        ("per_test", duration),
        ("tests", lambda value: f"{value:,.0f}"),
        ("in_virtual", duration),
        ("in_real", duration),
        ("faster", lambda value: f"{value:.1f} x"),
        ("learn_p50", duration),
        ("learn_p99", duration),
        ("worst", duration),
        ("accepted_p50", duration),
        ("accepted_p99", duration),
        ("commit_p50", duration),
        ("commit_p99", duration),
        ("lost", lambda value: f"{value:,.0f}"),
        ("doubled", lambda value: f"{value:,.0f}"),
        ("bytes", lambda value: f"{value:,.0f}"),
        ("switches", lambda value: f"{value:,.0f}"),
        ("distinct", lambda value: f"{value:,.0f}"),
        ("runs_until", lambda value: f"{value:,.3g}"),
    ):
        value = cell.median(key)
        if value is not None:
            shown[key] = show(value)
    if cell.note:
        shown["note"] = cell.note
    return shown


_HEADINGS = {
    "system": "system",
    "per_second": "per second",
    "per_core_second": "per second of a core",
    "handled_per_second": "handled per second",
    "seconds": "time",
    "cpu": "processor time",
    "p50": "p50",
    "p99": "p99",
    "p999": "p99.9",
    "per_test": "per test",
    "tests": "tests",
    "in_virtual": "virtual time",
    "in_real": "real time",
    "faster": "faster",
    "learn_p50": "caller learns, p50",
    "learn_p99": "caller learns, p99",
    "worst": "worst",
    "accepted_p50": "accepted, p50",
    "accepted_p99": "accepted, p99",
    "commit_p50": "commit, p50",
    "commit_p99": "commit, p99",
    "lost": "lost",
    "doubled": "doubled",
    "bytes": "bytes",
    "switches": "switches",
    "distinct": "distinct runs",
    "runs_until": "runs until found, median",
    "note": "",
}


def sections(table: Table) -> list[tuple[str, list[list[str]]]]:
    """Per workload the lines of its table, headings first."""
    found = []
    for workload in dict.fromkeys(cell.workload for cell in table.cells):
        cells = [cell for cell in table.cells if cell.workload is workload]
        shown = [{"system": f"{c.system.name} {_short(c.version)}".strip(), **columns(c)} for c in cells]
        used = [key for key in _HEADINGS if any(key in line for line in shown)]
        lines = [[_HEADINGS[key] for key in used]]
        lines += [[line.get(key, "") for key in used] for line in shown]
        found.append((workload.name, lines))
    return found


def _short(version: str | None) -> str:
    return (version or "").removeprefix("Python ")


def text(table: Table) -> str:
    """The tables for a terminal."""
    blocks = []
    for title, lines in sections(table):
        widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
        body = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        blocks.append("\n".join([title, *(f"  {line}" for line in body)]))
    blocks.append(_targets_text(targets(table)))
    return "\n\n".join(blocks)


def _targets_text(found: list[Target]) -> str:
    lines = ["Targets of the design (floor, goal)"]
    lines += [
        f"  {target.row}  {_measured(target):>8}  {target.verdict:<6}  {target.what}"
        for target in found
        if target.measured is not None
    ]
    return "\n".join(lines)


def _measured(target: Target) -> str:
    assert target.measured is not None
    show = {"x": lambda value: f"{value:.2f} x", "s": duration, "/s": per_second}
    return show.get(target.unit, "{:.0f}".format)(target.measured)


def markdown(table: Table) -> str:
    """The page for the docs."""
    intro = _INTRO.format(
        title=table.suite.title,
        suite=table.suite.name,
        quick=" --quick" if table.quick else "",
        repeat=table.repeat,
        machine="; ".join(machine()) + ".",
    )
    page = [intro]
    page.append("## Targets\n\n| row | what | measured | floor | goal | |\n|---|---|---|---|---|---|")
    for target in targets(table):
        measured = "" if target.measured is None else _measured(target)
        page.append(
            f"| {target.row} | {target.what} | {measured} | {target.floor:g} | {target.goal:g}"
            f" | {target.verdict} |"
        )
    for title, lines in sections(table):
        page.append(f"\n## {title}\n")
        page.append("| " + " | ".join(lines[0]) + " |")
        page.append("|" + "---|" * len(lines[0]))
        page += ["| " + " | ".join(line) + " |" for line in lines[1:]]
        details = (cell.details for cell in table.cells if cell.workload.name == title)
        page += [line for one in details if one is not None for line in own_tests.page(one)]
    return "\n".join(page) + "\n"
