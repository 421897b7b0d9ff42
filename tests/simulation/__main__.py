"""``python -m tests.simulation``: Regrow under simulated misfortune, seed after seed.

Each seed is one run of one scenario. Exit status 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import msgspec

from tests.simulation.campaign import Campaign, Result
from tests.simulation.scenario import PARTS, Scenario, scenarios

SHOWN = 20


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.list:
        _say("\n".join(f"{one.part:8} {name}" for name, one in scenarios().items()))
        return 0
    if options.replay or options.story:
        return _one(scenarios()[options.scenario], options)
    campaign = Campaign(
        first=options.first,
        count=options.seeds,
        part=options.part,
        scenario=options.scenario,
        until_first=options.until_first,
        replay=options.again,
    )
    result = campaign.run(processes=options.processes, tell=_Progress(options.seeds))
    if options.json:
        _say(msgspec.json.encode(_as_json(result, campaign)).decode())
    else:
        _tell(result)
    return 1 if result.violations else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, metavar="N", help="how many (default 1000)")
    parser.add_argument(
        "--from", type=int, default=0, dest="first", metavar="S", help="the first (default 0)"
    )
    parser.add_argument("--part", choices=PARTS, help="only scenarios of this part")
    parser.add_argument("--scenario", choices=list(scenarios()), metavar="NAME", help="only this one")
    parser.add_argument("--processes", type=int, default=1, metavar="P", help="run on so many (default 1)")
    parser.add_argument("--until-first", action="store_true", help="stop at the first violation")
    parser.add_argument("--again", action="store_true", help="replay each run, and compare both")
    parser.add_argument("--replay", metavar="TOKEN", help="run that of a token again; with --scenario")
    parser.add_argument(
        "--story",
        action="store_true",
        help="make the first seed's failure small and tell it; with --scenario",
    )
    parser.add_argument("--list", action="store_true", help="name the scenarios")
    parser.add_argument("--json", action="store_true", help="print the outcome as one JSON object")
    return parser


def _one(scenario: Scenario, options: argparse.Namespace) -> int:
    """Look closer at one run."""
    if options.replay:
        failure = scenario.replay(options.replay).failure
        _say(f"{type(failure).__name__}: {failure}" if failure else "passed")
        return 1 if failure else 0
    story = scenario.story(options.first)
    _say(story or "passed")
    return 1 if story else 0


class _Progress:
    """One line on a terminal, written over; nothing elsewhere."""

    def __init__(self, seeds: int) -> None:
        self._seeds = seeds

    def __call__(self, result: Result) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(
                f"\r{result.seeds}/{self._seeds} seeds, {len(result.violations)} violations, "
                f"{result.seeds / max(result.seconds, 0.001):.0f} seeds/s \x1b[K"
            )
            sys.stderr.flush()


def _as_json(result: Result, campaign: Campaign) -> dict[str, object]:
    return {
        "seeds": result.seeds,
        "from": campaign.first,
        "runs": dict(sorted(result.runs.items())),
        "steps": result.steps,
        "virtual_seconds": round(result.virtual_seconds, 1),
        "faults": dict(sorted(result.faults.items())),
        "violations": [msgspec.to_builtins(one) for one in result.violations],
        "seconds": round(result.seconds, 2),
        "seeds_per_second": round(result.seeds / max(result.seconds, 0.001), 1),
    }


def _tell(result: Result) -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\n")
    for name, runs in sorted(result.runs.items()):
        _say(f"{runs:8} {name}")
    _say(f"{result.seeds} seeds, {result.steps} steps, {result.virtual_seconds:.0f} virtual seconds")
    _say("faults: " + (", ".join(f"{n} {kind}" for kind, n in sorted(result.faults.items())) or "none"))
    _say(f"{result.seconds:.1f} s, {result.seeds / max(result.seconds, 0.001):.0f} seeds per second")
    for one in result.violations[:SHOWN]:
        _say(f"VIOLATED by {one.scenario}, seed {one.seed}: {one.text}\n  {one.token}")
    if len(result.violations) > SHOWN:
        _say(f"... and {len(result.violations) - SHOWN} more")
    _say(f"violations {len(result.violations)}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
