"""``python -m tests.crash``: nothing is lost under kill -9.

A child program under load is killed with SIGKILL at random moments and started again on the same journal;
in the end everything is done, and what the parent heard, what the receivers wrote and what the journal says
are compared. Exit status 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from regrow.delivery.journal.commits import EARLY
from tests.crash.campaign import Campaign, Options, Result
from tests.crash.plants import PLANTS


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="regrow-crash-", dir=options.folder))
    campaign = Campaign(
        Options(
            kills=options.kills,
            seed=options.seed,
            level=options.level,
            redrive=options.redrive,
            plant=options.plant,
            early=options.early,
        ),
        folder,
        _Progress(options.kills),
    )
    result = campaign.run()
    if result.ok:
        shutil.rmtree(folder)
    if options.json:
        _say(msgspec.json.encode(result).decode())
    else:
        _tell(result)
    return 0 if result.ok else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=25, metavar="N", help="how many (default 25)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="of load and moments (default 1)")
    parser.add_argument("--level", choices=["power", "process", "none"], default="power")
    parser.add_argument("--redrive", action="store_true", help="the command redrives at the same time")
    parser.add_argument("--plant", choices=PLANTS, help="plant a bug; it must be found")
    early = "operations with which a transaction begins at once, or follows another (default 128)"
    parser.add_argument("--early", type=int, default=EARLY, metavar="N", help=early)
    parser.add_argument("--folder", type=Path, help="where to make the journal's folder")
    parser.add_argument("--json", action="store_true", help="print the outcome as one JSON object")
    return parser


class _Progress:
    """One line on a terminal, written over; nothing elsewhere."""

    def __init__(self, kills: int) -> None:
        self._kills = kills

    def __call__(self, result: Result) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(
                f"\r{result.kills}/{self._kills} kills, {result.accepted} accepted, "
                f"{result.handled} handled, {result.dead} dead, {result.lost} lost, "
                f"{result.duplicates} started again \x1b[K"
            )
            sys.stderr.flush()


def _tell(result: Result) -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\n")
    share = result.kills_with_16_in_flight / max(1, result.kills)
    _say(
        f"level {result.level}, seed {result.seed}: {result.kills} kills in {result.seconds} s, "
        f"{share:.0%} of them with 16 or more operations in flight"
    )
    _say(
        f"{result.accepted} accepted, {result.handled} handled, {result.dead} dead, {result.lost} lost, "
        f"{result.phantom} phantom"
    )
    _say(
        f"{result.duplicates} handler starts without a recorded failure, "
        f"{result.in_flight_at_kills} deliveries in flight at the kills"
    )
    _say(f"{result.followed} transactions followed another one on the thread")
    _say(f"conservation {'exact' if result.conservation else 'BROKEN'}")
    for problem in result.problems:
        _say(f"WRONG: {problem}")
    if result.folder:
        _say(f"kept: {result.folder}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
