"""Every example runs to its end and shows what it is there to show."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import REPOSITORY

EXAMPLES = sorted((REPOSITORY / "examples").glob("*.py"))


SMALL = {"index_stdlib": ("--under", "lib2to3", "--kills", "1", "--json")}
"""Arguments for a part of what the example does by itself."""


def run(example: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(example), *SMALL.get(example.stem, ())],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.stem not in SMALL], ids=lambda path: path.stem)
def test_every_example_runs(example: Path) -> None:
    assert run(example)


def test_what_is_killed_ends_with_the_index_that_one_process_computes() -> None:
    result = json.loads(run(REPOSITORY / "examples" / "index_stdlib.py"))
    assert (result["kills"], result["lost"], result["duplicates"]) == (1, 0, 0)
    assert result["handled"] + result["dead"] == result["files"] > 0
    assert result["matches_sequential"] is True


def test_the_ledger_crashes_restarts_and_finishes() -> None:
    lines = run(REPOSITORY / "examples" / "ledger.py").splitlines()
    crashes = [line for line in lines if "crashed on" in line]
    restarts = [line for line in lines if "starts again" in line]
    assert len(crashes) == len(restarts) == 6
    assert "12 of 18 records booked, 6 set aside, 6 restarts" in lines[-1]
