"""``python -m tests.mutants``: planted bugs, each found by simulation or conformance alone.

Each patch of `patches/` is applied to a copy of `src/`, on which the simulation runs from seed 0 on until it
finds something. A clean copy has to pass the same seeds. Exit status 1 if a mutant isn't found, or the clean
copy fails.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

import msgspec

from tests.mutants.catalogue import MUTANTS, Mutant
from tests.mutants.workshop import Found, conform, copy_of_source, simulate


class Row(msgspec.Struct, kw_only=True):
    """What became of one mutant."""

    mutant: str
    area: str
    what: str
    seeds: int
    simulation: Found | None
    conformance: str | None
    seconds: float

    @property
    def found(self) -> bool:
        return self.simulation is not None or self.conformance is not None


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    chosen = [one for one in MUTANTS if not options.only or one.number in options.only]
    rows: list[Row] = []
    for mutant in chosen:
        row = _try(mutant, conformance=options.conformance)
        rows.append(row)
        if not (options.json or options.markdown):
            _say(_line(row))
    clean = _clean(chosen) if options.clean else []
    if options.json:
        told = {"mutants": msgspec.to_builtins(rows), "clean": msgspec.to_builtins(clean)}
        _say(msgspec.json.encode(told).decode())
    if options.markdown:
        _say(_table(rows))
    for found in clean:
        _say(f"the clean copy FAILS in {found.by}, seed {found.seed}: {found.invariant}")
    missing = [row.mutant for row in rows if not row.found]
    if not options.json:
        _say(f"mutants {len(rows)} found {len(rows) - len(missing)}{_names(missing)}")
    return 1 if missing or clean else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--only", type=int, action="append", metavar="NN", help="this one; may be repeated")
    parser.add_argument("--conformance", action="store_true", help="ask the recorded Erlang traces as well")
    parser.add_argument("--no-clean", dest="clean", action="store_false", help="don't run the clean copy")
    parser.add_argument("--json", action="store_true", help="print the table as one JSON object")
    parser.add_argument("--markdown", action="store_true", help="print it as it stands in docs/simulation.md")
    return parser


def _try(mutant: Mutant, *, conformance: bool) -> Row:
    begun = time.monotonic()
    with copy_of_source(mutant.patch) as root:
        found = simulate(root, seeds=mutant.seeds, part=mutant.part)
        differs = conform(root) if conformance or found is None else None
    return Row(
        mutant=mutant.name,
        area=mutant.area,
        what=mutant.what,
        seeds=mutant.seeds,
        simulation=found,
        conformance=None if differs is None else differs.by,
        seconds=round(time.monotonic() - begun, 1),
    )


def _clean(chosen: Sequence[Mutant]) -> list[Found]:
    """What the clean copy has against it, within the seeds of all mutants."""
    most: dict[str, int] = {}
    for mutant in chosen:
        most[mutant.part] = max(most.get(mutant.part, 0), mutant.seeds)
    with copy_of_source(None) as root:
        found = [simulate(root, seeds=seeds, part=part) for part, seeds in most.items()]
    return [one for one in found if one is not None]


def _table(rows: Sequence[Row]) -> str:
    lines = ["| mutant | area | what is wrong | found by | seeds |", "|---|---|---|---|---|"]
    for row in rows:
        number = row.mutant.partition("-")[0].lstrip("0")
        by, seeds = "not found", f"{row.seeds}"
        if row.simulation is not None:
            by, seeds = f"`{row.simulation.by}`: {row.simulation.invariant}", f"{row.simulation.seed + 1}"
        elif row.conformance is not None:
            by = f"conformance: `{row.conformance}`"
        lines.append(f"| {number} | {row.area} | {row.what} | {by} | {seeds} |")
    return "\n".join(lines)


def _line(row: Row) -> str:
    by = "NOT FOUND"
    if row.simulation is not None:
        by = f"{row.simulation.by}: {row.simulation.invariant}, seed {row.simulation.seed} of {row.seeds}"
    if row.conformance is not None:
        by += f"; conformance: {row.conformance}"
    return f"{row.mutant:42} {by} ({row.seconds:.0f} s)"


def _names(missing: Sequence[str]) -> str:
    return f", NOT FOUND: {', '.join(missing)}" if missing else ""


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
