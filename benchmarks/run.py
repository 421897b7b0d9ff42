"""Runs the benchmarks: `python benchmarks/run.py --suite runtime --quick`.

Each cell is one workload by one system, run in a process of its own, interleaved with the other
systems, and checked against sums that only this program can reckon beforehand.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

if __package__ in (None, ""):  # run by its path
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks.suite import report
from benchmarks.suite.cells_table import Table, terminal_progress
from benchmarks.suite.suites import SUITES, Suite

_ROUNDS = 5
_OWN = ("regrow", "asyncio", "erlang", "limit")
_ITS_PAGE = Path()


def _arguments(arguments: list[str] | None) -> tuple[argparse.Namespace, Suite]:
    parser = argparse.ArgumentParser(description="Regrow's benchmarks, beside asyncio, Erlang and peers.")
    parser.add_argument("--suite", choices=SUITES, default="runtime")
    parser.add_argument("--quick", action="store_true", help="the most important ones within 3 minutes")
    parser.add_argument("--json", action="store_true", help="one JSON list of rows on standard output")
    parser.add_argument(
        "--markdown",
        nargs="?",
        type=Path,
        const=_ITS_PAGE,
        help="write the suite's page for the docs, or another file",
    )
    parser.add_argument("--only", nargs="+", default=[], metavar="W2", help="workloads by their short names")
    parser.add_argument("--systems", nargs="+", default=[], metavar="SYSTEM", help="columns by name")
    parser.add_argument("--repeat", type=int, metavar="N", help="rounds; default 5")
    parser.add_argument("--million", action="store_true", help="also W6 with 1,000,000 idle processes")
    options = parser.parse_args(arguments)
    suite = SUITES[options.suite]
    if unknown := set(options.only) - set(suite.families):
        parser.error(
            f"no such workload: {', '.join(sorted(unknown))}. There are: {', '.join(suite.families)}"
        )
    if options.repeat is not None and options.repeat < 1:
        parser.error(f"--repeat {options.repeat}: at least 1")
    if options.markdown == _ITS_PAGE:
        options.markdown = suite.page
    return options, suite


def main(arguments: list[str] | None = None) -> int:
    """Runs the table; exit code 1 when a cell of ours, of asyncio or of Erlang went wrong."""
    options, suite = _arguments(arguments)
    table = Table(
        suite,
        suite.chosen(quick=options.quick, only=tuple(options.only), million=options.million),
        suite.named(tuple(options.systems), quick=options.quick),
        quick=options.quick,
        repeat=options.repeat or _ROUNDS,
    )
    table.run(terminal_progress)
    if options.markdown:
        options.markdown.write_text(report.markdown(table))
    if options.json:
        print(json.dumps([cell.row() for cell in table.cells], indent=1))
    else:
        print(report.text(table))
    wrong = [c for c in table.cells if c.system.name.startswith(_OWN) and (c.note or "").startswith("wrong")]
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
