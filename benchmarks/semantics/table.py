"""The result as text and as a page for the docs."""

from __future__ import annotations

from benchmarks.semantics.runner import Row
from benchmarks.semantics.scenarios import SCENARIOS
from benchmarks.suite.report import machine

_INTRO = """# What the peers do when things fail

Written by `python benchmarks/peers_semantics.py --markdown`: each scenario run on each library at the
version named, and on Regrow, where it is also a test (`tests/peers`). "can't" means that the library has
nothing the scenario could be tried on. What was seen stands in the tables below the overview.

{machine}
"""


def text(rows: list[Row]) -> str:
    lines = []
    for scenario in SCENARIOS:
        found = [row for row in rows if row.scenario == scenario.key]
        if found:
            lines.append(f"{scenario.title}: {scenario.passes}")
            lines += [f"  {row.verdict:5}  {row.system} {row.version}: {row.observed}" for row in found]
    return "\n".join(lines)


def markdown(rows: list[Row]) -> str:
    systems = list(dict.fromkeys(row.system for row in rows))
    versions = {row.system: row.version for row in rows if row.version}
    verdicts = {(row.scenario, row.system): row.verdict for row in rows}
    page = [_INTRO.format(machine="; ".join(machine()) + ".")]
    page.append("| scenario | " + " | ".join(f"{s} {versions.get(s, '')}".strip() for s in systems) + " |")
    page.append("|" + "---|" * (len(systems) + 1))
    for scenario in SCENARIOS:
        cells = [_mark(verdicts.get((scenario.key, system), "")) for system in systems]
        page.append(f"| {scenario.title} | " + " | ".join(cells) + " |")
    for scenario in SCENARIOS:
        page.append(
            f"\n## {scenario.title[0].upper()}{scenario.title[1:]}\n\nPasses when {scenario.passes}.\n"
        )
        page.append("| system | | seen |\n|---|---|---|")
        page += [
            f"| {row.system} {row.version} | {_mark(row.verdict)} | {_escaped(row.observed)} |"
            for row in rows
            if row.scenario == scenario.key
        ]
    return "\n".join(page) + "\n"


def _mark(verdict: str) -> str:
    return f"**{verdict}**" if verdict == "fail" else verdict


def _escaped(observed: str) -> str:
    return observed.replace("|", "\\|").replace("<", "&lt;")
