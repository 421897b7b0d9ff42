"""Shows what supervision means elsewhere: `python benchmarks/peers_semantics.py [--json] [--markdown]`.

Each scenario is run on each peer in its environment, and on Regrow: there the scenarios are the tests of
tests/peers, and the table says what they saw.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

if __package__ in (None, ""):  # run by its path
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks.semantics import runner, table
from benchmarks.semantics.scenarios import SCENARIOS
from benchmarks.suite.cells_table import terminal_progress
from benchmarks.suite.paths import ROOT


def main() -> int:
    """Runs the table; exit code 1 when Regrow fails a scenario."""
    parser = argparse.ArgumentParser(description="The peers' failing behaviours, run on them and on Regrow.")
    parser.add_argument("--json", action="store_true", help="one JSON list of rows on standard output")
    parser.add_argument(
        "--markdown",
        nargs="?",
        type=Path,
        const=ROOT / "docs" / "peers-semantics.md",
        help="write the page for the docs (default: docs/peers-semantics.md)",
    )
    parser.add_argument("--systems", nargs="+", default=[], metavar="SYSTEM")
    parser.add_argument("--only", nargs="+", default=[], metavar="SCENARIO")
    options = parser.parse_args()
    systems = [name for name in runner.SYSTEMS if not options.systems or name in options.systems]
    scenarios = [one for one in SCENARIOS if not options.only or one.key in options.only]
    if not systems or not scenarios:
        parser.error(
            f"systems: {', '.join(runner.SYSTEMS)}; scenarios: {', '.join(s.key for s in SCENARIOS)}"
        )
    rows = runner.run(systems, scenarios, terminal_progress)
    if options.markdown:
        options.markdown.write_text(table.markdown(rows))
    print(json.dumps([row._asdict() for row in rows], indent=1) if options.json else table.text(rows))
    return int(any(row.system == "regrow" and row.verdict == "fail" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
