"""Run the tests many times in random order on two workers, to find those that fail now and then.

    python tools/flakes.py --times 20 --seed 1 --json

Run n has the seed `seed + n`, which `pytest --random-order-seed` takes to repeat that order. The folders that
kill processes and cut the power, and those of the long proofs, run in the first three only (`--long`). All
tests are mixed; `--bucket module` mixes the files, and the tests in each, which is faster.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parents[1]
LONG = ("tests/crash", "tests/power", "tests/simulation", "tests/conformance", "tests/mutants")
DISTRIBUTION = {"global": "load", "module": "loadfile"}
SHOWN = 500
"""Characters of what a failure says."""


class Run(NamedTuple):
    """One run of the tests."""

    seed: int
    tests: int
    failed: list[str]
    seconds: float


def run(seed: int, *, long: bool, bucket: str, paths: list[str]) -> Run:
    """Run the tests once, in the order of a seed."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        command = [sys.executable, "-m", "pytest", "-q", "-n", "2", f"--junit-xml={report}"]
        command += ["--dist", DISTRIBUTION[bucket]]
        command += [f"--random-order-bucket={bucket}", f"--random-order-seed={seed}"]
        command += [] if long else [f"--ignore={path}" for path in LONG]
        began = time.monotonic()
        done = subprocess.run([*command, *paths], cwd=ROOT, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - began
        if not report.exists():
            sys.exit(f"flakes: pytest gave no report:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        cases = list(ET.parse(report).iter("testcase"))
    failed = [
        f"{case.get('classname')}::{case.get('name')}: {' '.join(problem.get('message', '').split())[:SHOWN]}"
        for case in cases
        for problem in (*case.iter("failure"), *case.iter("error"))
    ]
    if done.returncode and not failed:
        sys.exit(f"flakes: pytest ended with {done.returncode}:\n{done.stdout[-2000:]}")
    return Run(seed, len(cases), failed, seconds)


def main() -> int:
    """Run them all; 1 if anything failed."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    options.add_argument("paths", nargs="*", help="files and folders; default: all tests")
    options.add_argument("--times", type=int, default=20, help="how many runs; default: 20")
    options.add_argument("--seed", type=int, default=1, help="of the first run; default: 1")
    options.add_argument("--long", type=int, default=3, help="runs with the long proofs; default: 3")
    options.add_argument("--bucket", choices=DISTRIBUTION, default="global", help="default: global")
    options.add_argument("--json", action="store_true", help="one JSON object in place of lines")
    given = options.parse_args()
    runs: list[Run] = []
    for number in range(given.times):
        runs.append(
            run(given.seed + number, long=number < given.long, bucket=given.bucket, paths=given.paths)
        )
        last = runs[-1]
        line = f"run {number + 1} of {given.times}, seed {last.seed}: {last.tests} tests"
        print(f"{line}, {len(last.failed)} failed, {last.seconds:.0f} s", file=sys.stderr, flush=True)
        for name in last.failed:
            print(f"  {name}", file=sys.stderr, flush=True)
    failures = sum(len(one.failed) for one in runs)
    if given.json:
        print(json.dumps({"runs": [one._asdict() for one in runs], "failures": failures}))
    else:
        print(f"{len(runs)} runs, {sum(one.tests for one in runs)} tests, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
