"""The benchmarks believe nobody: sums are reckoned from a nonce that the worker is told at the start."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.suite.cells import Run, run_once
from benchmarks.suite.suites import RUNTIME
from benchmarks.suite.systems import System
from benchmarks.suite.targets import Target

ROOT = Path(__file__).resolve().parents[2]
BY_FAMILY = {workload.family: workload for workload in RUNTIME.workloads}


def test_a_lost_message_is_seen() -> None:
    workload, params = BY_FAMILY["W1"], {"n": 4}
    right = {"count": 4, "total": 7 + 8 + 9 + 10}
    assert workload.check(params, 7, right) == (None, None)
    wrong, _ = workload.check(params, 7, right | {"total": 33})
    assert wrong == "total: 33 instead of 34"
    assert workload.check(params, 8, right)[0] is not None
    assert workload.check(params, 7, {})[0] == "count: None instead of 4"


def test_a_shutdown_out_of_order_is_a_remark() -> None:
    workload = next(w for w in RUNTIME.workloads if w.family == "W10")
    params = {"depth": 1, "fan": 3}
    proof = {"started": 3, "stopped": 3, "order": 0 * 2 + 1 * 1 + 2 * 0, "nonce": 5}
    assert workload.check(params, 5, proof) == (None, None)
    assert workload.check(params, 5, proof | {"order": 5}) == (None, workload.soft_note)
    assert workload.check(params, 5, proof | {"stopped": 2})[0] == "stopped: 2 instead of 3"


class _Script(System):
    """A worker that is a line of Python, which finds its nonce in `nonce`."""

    def command(self, family: str, params: object, nonce: int) -> list[str]:
        return [sys.executable, "-c", f"nonce = {nonce}\n{self.adapter}"]


def _answer(worker: str) -> Run:
    return run_once(_Script("script", worker), BY_FAMILY["W1"], {"n": 1}, limit=10.0)


def test_a_worker_that_does_the_work_is_believed() -> None:
    run = _answer(
        """print('{"seconds": 1e-9, "proof": {"count": 1, "total": %d}, "version": "1.0"}' % nonce)"""
    )
    assert (run.failed, run.note, run.version) == (False, None, "1.0")
    assert run.measures["per_second"] == pytest.approx(1e9)


@pytest.mark.parametrize(
    ("worker", "note"),
    [
        ("""print('{"seconds": 1e-9, "proof": {"count": 1, "total": -1}}')""", "wrong: total: -1"),
        ("""print('{"seconds": 1e9, "proof": {"count": 1, "total": %d}}' % nonce)""", "wrong: claims"),
        ("""print('{"cannot": true, "note": "no casts"}')""", "no casts"),
        ("raise SystemExit('gone')", "ended with code 1: gone"),
    ],
)
def test_any_other_worker_is_not(worker: str, note: str) -> None:
    run = _answer(worker)
    assert run.failed
    assert (run.note or "").startswith(note)
    assert "per_second" not in run.measures


def test_the_quick_set_is_the_promised_one() -> None:
    assert {w.family for w in RUNTIME.chosen(quick=True, only=(), million=False)} == {"W1", "W2", "W6", "W9"}
    assert len(RUNTIME.chosen(quick=True, only=(), million=False)) == 4
    peers = [s.name for s in RUNTIME.systems if s.quick and s.environment is not None]
    assert len(peers) == 3


def test_targets_know_their_direction() -> None:
    assert Target(1, "faster", 1.3, 1.2, 1.5).verdict == "floor"
    assert Target(1, "faster", 1.1, 1.2, 1.5).verdict == "MISSED"
    assert Target(5, "smaller", 440, 600, 450, less_is_better=True).verdict == "goal"
    assert Target(5, "smaller", None, 600, 450, less_is_better=True).verdict == "not measured"


def test_json_is_one_list_and_nothing_else() -> None:
    command = ["benchmarks/run.py", "--suite", "runtime", "--json", "--repeat", "1"]
    cell = ["--only", "W0", "--systems", "asyncio"]
    done = subprocess.run(
        [sys.executable, *command, *cell], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )
    (row,) = json.loads(done.stdout)
    assert row["workload"] == "W0 bare asyncio.Queue"
    assert row["system"] == "asyncio"
    assert row["per_second"] > 0
    assert done.stderr == ""
