"""Every example runs to its end, and the demo shows what it is there to show."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import REPOSITORY

EXAMPLES = sorted((REPOSITORY / "examples").glob("*.py"))


def run(example: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(example)],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_runs(example: Path) -> None:
    assert run(example)


def test_the_demo_crashes_restarts_and_finishes() -> None:
    lines = run(REPOSITORY / "examples" / "demo.py").splitlines()
    crashes = [line for line in lines if "crashed on" in line]
    restarts = [line for line in lines if "starts again" in line]
    assert len(crashes) == len(restarts) == 6
    assert "12 of 18 records booked, 6 set aside, 6 restarts" in lines[-1]
