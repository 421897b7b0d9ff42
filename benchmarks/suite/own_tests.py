"""T3's details on the page: the tests that let time pass, the slowest in real time first."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import cast

_SHOWN = 40
_LONGER_SHOWN = 20
_DECADES = 1e9

Row = Mapping[str, float | str]


def page(details: Mapping[str, object]) -> list[str]:
    """The lists of `own_suite.compared`, cut."""
    counted, longer = (cast("list[Row]", details[key]) for key in ("counted", "longer"))
    not_in_both = cast("list[str]", details["not_in_both"])
    return [
        f"\n### The {min(_SHOWN, len(counted))} that take longest in real time, of {len(counted)}\n",
        "`--json` prints all. Times are whole tests, set-up and teardown included.\n",
        "| test | virtual seconds | virtual time | real time |",
        "|---|---|---|---|",
        *(_line(row, "virtual", "real") for row in counted[:_SHOWN]),
        *_missing(not_in_both),
        f"\n### Longer ones, not counted: {len(longer)}\n",
        f"Half of them would take {_median(longer):,.0f} s or more for real. The longest {_LONGER_SHOWN}:\n",
        "| test | virtual seconds | virtual time |",
        "|---|---|---|",
        *(_line(row, "virtual") for row in longer[:_LONGER_SHOWN]),
    ]


def _line(row: Row, *columns: str) -> str:
    times = (f"{float(row[key]):.3f} s" for key in columns)
    seconds = float(row["clock"])
    clock = f"{seconds:,.2f}" if seconds < _DECADES else f"{seconds:.0e}"
    return f"| `{str(row['test']).replace('|', chr(92) + '|')}` | {clock} | {' | '.join(times)} |"


def _missing(tests: list[str]) -> list[str]:
    if not tests:
        return []
    listed = ", ".join(f"`{test}`" for test in tests)
    return [f"\nNot counted, since they don't pass in real time: {listed}."]


def _median(rows: list[Row]) -> float:
    return statistics.median(float(row["clock"]) for row in rows) if rows else 0.0
