"""``python -m tests.power``: what a commit made safe survives the loss of power.

Loads run on a real store whose writes and syncs are recorded. Then the power is cut at every sync and at
random moments: what was not synced is dropped, reordered and torn by sectors, and the store is opened on
what is left. Exit status 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Callable, Sequence

import msgspec

from tests.power.campaign import Options, Result, run
from tests.power.recorder import SYNCS


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    options = Options(
        images=given.images,
        seed=given.seed,
        level=given.level,
        store_level=given.store_level,
        ignored=given.ignore,
    )
    result = run(options, _progress(options.images))
    if sys.stderr.isatty():
        sys.stderr.write("\n")
    if given.json:
        _say(msgspec.json.encode(dataclasses.asdict(result)).decode())
    else:
        _tell(result)
    return 1 if result.problems else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.power", description=__doc__)
    parser.add_argument("--images", type=int, default=1_000, metavar="N", help="how many (default 1000)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="of loads and cuts (default 1)")
    parser.add_argument("--level", choices=["power", "process"], default="power", help="what must survive")
    parser.add_argument("--store-level", choices=["power", "process", "none"], help="plant: the store's own")
    parser.add_argument("--ignore", choices=SYNCS, nargs="+", default=(), help="plant: syncs left out")
    parser.add_argument("--json", action="store_true", help="print the outcome as one JSON object")
    return parser


def _progress(images: int) -> Callable[[Result], None]:
    """One line on a terminal, written over; nothing elsewhere."""

    def show(result: Result) -> None:
        if sys.stderr.isatty() and result.images % 20 == 0:
            wrong = len(result.problems)
            sys.stderr.write(f"\r{result.images}/{images} images, {result.workloads} loads, {wrong} problems")
            sys.stderr.flush()

    return show


def _tell(result: Result) -> None:
    _say(
        f"level {result.level}, seed {result.seed}: {result.images} images of {result.workloads} loads in "
        f"{result.seconds} s, cut at {result.cut_points_distinct} moments, {result.sync_points} of them syncs"
    )
    _say(
        f"{result.lost_acknowledged} acknowledged lost, {result.torn_batches} images with a torn one, "
        f"{result.failed_opens} failed opens, {result.broken} otherwise broken; "
        f"{result.lost_unsynced} batches lost that this level may lose"
    )
    for problem in result.problems[:20]:
        _say(f"WRONG: {problem}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
