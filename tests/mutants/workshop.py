"""Runs the simulation, or the conformance suite, on a copy of the source."""

from __future__ import annotations

import json
import os
import py_compile
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tests.mutants.patching import apply

ROOT = Path(__file__).parents[2]
PATIENCE = 1800.0
"""Real seconds for one run."""


class Found(msgspec.Struct, frozen=True):
    """Who found a mutant.

    Attributes:
        by: The scenario.
        invariant: What was broken.
        seed: With which seed; as they are run from 0 on, that many runs passed before.
    """

    by: str
    invariant: str
    seed: int


@contextmanager
def copy_of_source(patch: Path | None) -> Iterator[Path]:
    """A folder with a copy of `src/`, with the patch applied to it; the checkout is never touched."""
    with tempfile.TemporaryDirectory(prefix="regrow-mutant-") as folder:
        root = Path(folder)
        shutil.copytree(ROOT / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__"))
        if patch is not None:
            for path in apply(patch, root):
                py_compile.compile(str(path), doraise=True)
        yield root


def simulate(root: Path, *, seeds: int, part: str, scenario: str | None = None) -> Found | None:
    """Run so many seeds, from 0 on, on the copy; the first violation, None if there is none."""
    command = ["-m", "tests.simulation", "--seeds", str(seeds), "--part", part, "--until-first", "--json"]
    if scenario is not None:
        command += ["--scenario", scenario]
    told = _run(root, command)
    violations = json.loads(told)["violations"]
    if not violations:
        return None
    first = violations[0]
    return Found(first["scenario"], first["invariant"], first["seed"])


def conform(root: Path) -> Found | None:
    """Compare the copy with the recorded traces of Erlang/OTP; the first scenario that differs."""
    told = json.loads(_run(root, ["-m", "tests.mutants.conforming"]))
    return None if told is None else Found(told, "conformance", 0)


def _run(root: Path, command: list[str]) -> str:
    environment = {**os.environ, "PYTHONPATH": str(root / "src"), "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    lines = done.stdout.strip().splitlines()
    if done.returncode not in (0, 1) or not lines:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return lines[-1]
