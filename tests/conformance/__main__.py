"""``python -m tests.conformance``: Regrow against real Erlang/OTP."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from tests.conformance import coverage, erlang_side, golden, planted, reasons
from tests.conformance.compare import Difference, Outcome, compare, erlang_traces
from tests.conformance.generator import random_scenario
from tests.conformance.matrix import matrix
from tests.conformance.model import Scenario
from tests.conformance.regrow_side import run_regrow
from tests.conformance.scenarios import written
from tests.conformance.shrink import shrink

RANDOM_BY_DEFAULT = 1000
BATCH = 1000
Talk = Callable[[object], None]


def say(what: object) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def be_silent(what: object) -> None:
    """Leave it out."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if not erlang_side.available():
        say("conformance: no erl on the path (Debian: erlang-base)")
        say("golden traces stand in: pytest tests/conformance")
        return 3
    if options.record:
        return _record()
    begun = time.monotonic()
    talk = be_silent if options.json else say
    fixed = {} if options.only_random else {**written(), **matrix()}
    random = {s.name: s for s in (random_scenario(options.seed, i) for i in range(options.random))}
    outcome = _compare_all(fixed, random, talk)
    cells = coverage.count((fixed[name], outcome.erlang[name]) for name in fixed)
    if options.coverage:
        talk(coverage.table(cells))
        talk(reasons.table())
    caught = _planted(fixed, outcome, talk) if options.planted else None
    _report(outcome, {**fixed, **random}, talk)
    talk(f"Erlang/OTP {outcome.release}, {time.monotonic() - begun:.0f} s")
    if options.json:
        say(json.dumps(_as_json(outcome, cells, caught)))
    say(outcome.line)
    complete = not options.coverage or not coverage.empty_cells(cells)
    good = not outcome.differences and complete and caught in (None, len(planted.PLANTS))
    return 0 if good else 1


def _parser() -> _Defaults:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument(
        "--coverage", action="store_true", help="print the coverage table and the table of reasons"
    )
    parser.add_argument(
        "--planted", action="store_true", help="plant twelve differences and see that each is caught"
    )
    parser.add_argument("--random", type=int, metavar="N", help="only N random scenarios")
    parser.add_argument("--seed", type=int, default=1, help="of the random scenarios (default 1)")
    parser.add_argument("--record", action="store_true", help="write the golden traces anew")
    parser.add_argument(
        "--json", action="store_true", help="print the outcome as JSON before the closing line"
    )
    parser.set_defaults(only_random=False)
    return _Defaults(parser)


class _Defaults:
    """Without any choice everything is done."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._parser = parser

    def parse_args(self, arguments: Sequence[str] | None) -> argparse.Namespace:
        options = self._parser.parse_args(arguments)
        options.only_random = options.random is not None
        if not (options.coverage or options.planted or options.only_random or options.record):
            options.coverage = options.planted = True
            options.random = RANDOM_BY_DEFAULT
        options.random = options.random or 0
        return options


def _compare_all(fixed: Mapping[str, Scenario], random: Mapping[str, Scenario], talk: Talk) -> Outcome:
    total = Outcome("none")
    names = list(random)
    batches = [dict(fixed)] if fixed else []
    batches += [{n: random[n] for n in names[i : i + BATCH]} for i in range(0, len(names), BATCH)]
    for batch in batches:
        part = compare(batch, run_regrow)
        total.release = part.release
        total.erlang.update(part.erlang)
        total.differences += part.differences
        total.unstable += part.unstable
        total.total += part.total
    return total


def _planted(scenarios: Mapping[str, Scenario], outcome: Outcome, talk: Talk) -> int:
    broken = {difference.scenario for difference in outcome.differences}
    sound = {name: s for name, s in scenarios.items() if name not in broken and name not in outcome.unstable}
    caught = 0
    for name in planted.PLANTS:
        by = planted.caught_by(name, sound, outcome.erlang, run_regrow)
        caught += by is not None
        talk(f"  {name}: {f'caught by {by}' if by else 'NOT CAUGHT'}")
    talk(f"planted {len(planted.PLANTS)} caught {caught}")
    return caught


def _report(outcome: Outcome, scenarios: Mapping[str, Scenario], talk: Talk) -> None:
    for name in outcome.unstable:
        talk(f"UNSTABLE {name}: Erlang differs from itself under two schedulers; not counted")
    for difference in outcome.differences:
        talk(difference)
    random = [d for d in outcome.differences if d.scenario.startswith("random/")]
    if random:
        _shrunk(random[0], scenarios[random[0].scenario], talk)


def _shrunk(difference: Difference, scenario: Scenario, talk: Talk) -> None:
    small = shrink(scenario, run_regrow)
    talk(f"the first random difference, {difference.scenario}, made smaller:\n  {small.root}")
    for number, step in enumerate(small.steps, 1):
        talk(f"  {number}: {step}")


def _as_json(outcome: Outcome, cells: Mapping[coverage.Cell, int], caught: int | None) -> dict[str, object]:
    return {
        "otp": outcome.release,
        "scenarios": outcome.total,
        "agree": outcome.agree,
        "unstable": outcome.unstable,
        "differences": [{"scenario": d.scenario, "lines": d.lines} for d in outcome.differences],
        "planted": None if caught is None else {"planted": len(planted.PLANTS), "caught": caught},
        "coverage": [[*cell, n] for cell, n in sorted(cells.items())],
    }


def _record() -> int:
    scenarios = {**written(), **matrix()}
    release, traces, unstable = erlang_traces(list(scenarios.values()))
    if unstable:
        say("\n  ".join(["Erlang differs from itself, nothing written:", *unstable]))
        return 1
    count = golden.write(release, [(scenarios[name], traces[name]) for name in scenarios])
    say(f"recorded {count} golden traces of Erlang/OTP {release}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
