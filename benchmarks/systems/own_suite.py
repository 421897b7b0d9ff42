"""T3: the project's own suite, the tests that let virtual time pass, in virtual and in real time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal, TypedDict

from benchmarks.suite import paths
from benchmarks.systems.kit import Job, Result

SHORTEST, LONGEST = 0.01, 2.0
"""Virtual seconds of the tests that are run in real time, so that this ends today."""
_ELSEWHERE = ("api", "benchmarks", "cli", "crash", "docs", "peers", "plugin", "power", "typing")
"""Folders whose tests have their loops in child processes, or none."""


class Row(TypedDict):
    """What time_plugin.py has written of a test."""

    clock: float
    seconds: float
    passed: bool


Rows = dict[str, Row]


def measure(job: Job) -> Result:
    """Looks at all, then runs those that count twice."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        survey = {test: row for test, row in _run(folder, job, "virtual").items() if row["passed"]}
        chosen = [test for test, row in survey.items() if SHORTEST <= row["clock"] <= LONGEST]
        (folder / "only.json").write_text(json.dumps(chosen))
        virtual, real = _run(folder, job, "virtual", chosen), _run(folder, job, "real", chosen)
    longer = {test: row for test, row in survey.items() if row["clock"] > LONGEST}
    return {**compared(virtual, real, longer), "proof": _proof(job, chosen, virtual, real)}


def compared(virtual: Rows, real: Rows, longer: Rows) -> dict[str, Any]:
    """The sums of the tests that pass in both, and the list of them."""
    counted = [test for test in virtual if virtual[test]["passed"] and real[test]["passed"]]
    in_virtual, in_real = (sum(rows[test]["seconds"] for test in counted) for rows in (virtual, real))
    listed = [
        {
            "test": test,
            "clock": virtual[test]["clock"],
            "virtual": virtual[test]["seconds"],
            "real": real[test]["seconds"],
        }
        for test in sorted(counted, key=lambda test: -real[test]["seconds"])
    ]
    return {
        "tests": len(counted),
        "in_virtual": in_virtual,
        "in_real": in_real,
        "faster": in_real / in_virtual,
        "details": {
            "counted": listed,
            "not_in_both": [test for test in virtual if test not in set(counted)],
            "longer": [
                {"test": test, "clock": row["clock"], "virtual": row["seconds"]}
                for test, row in sorted(longer.items(), key=lambda item: -item[1]["clock"])
            ],
        },
    }


def _proof(job: Job, chosen: list[str], virtual: Rows, real: Rows) -> dict[str, int]:
    """The same tests were run in both, and the clock went as far in both."""
    ran = [test for test in chosen if test in virtual and test in real]
    apart = [
        test
        for test in ran
        if virtual[test]["passed"]
        and real[test]["passed"]
        and abs(virtual[test]["clock"] - real[test]["clock"]) > virtual[test]["clock"] / 2
    ]
    return {"nonce": job.nonce, "missing": len(chosen) - len(ran), "apart": len(apart)}


def _run(folder: Path, job: Job, how: Literal["virtual", "real"], chosen: list[str] | None = None) -> Rows:
    result = folder / "result.json"
    result.unlink(missing_ok=True)
    environment = {"BENCH_TIME": how, "BENCH_TIME_RESULT": str(result)}
    if chosen is None:
        where = [job.text("paths"), *(f"--ignore=tests/{name}" for name in _ELSEWHERE)]
    else:
        environment["BENCH_TIME_ONLY"] = str(folder / "only.json")
        where = sorted({test.partition("::")[0] for test in chosen})
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:randomly",
            "-p",
            "benchmarks.systems.time_plugin",
            *where,
        ],
        cwd=paths.ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    rows: Rows = json.loads(result.read_text())
    return rows
