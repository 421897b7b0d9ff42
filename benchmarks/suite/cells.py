"""One run of one workload by one system, in a process of its own, checked from outside.

The worker writes one JSON object a line: `{"phase": name}` when it wants to be looked at from
outside (it goes on when it is sent a line), and in the end its result. It is told a nonce that
it cannot know before, and its sums must come out as the orchestrator reckons them.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO

from benchmarks.suite import paths, proc
from benchmarks.suite.systems import System, Unavailable
from benchmarks.suite.workload import Params, Workload, number

Measures = dict[str, float]
_SETTLE_SECONDS = 1.0
_NONCES = 1_000_000


@dataclass(slots=True)
class Run:
    """What came of a run: measures, or the reason why there are none."""

    measures: Measures = field(default_factory=dict)
    # What the measures are made up of, for the list and the page.
    details: Mapping[str, object] | None = None
    note: str | None = None
    version: str | None = None
    failed: bool = False
    timed_out: bool = False
    wall: float = 0.0


class _WorkerFailed(Exception):
    """The worker ended without a result."""


def run_once(system: System, workload: Workload, params: Params, *, limit: float) -> Run:
    """Runs a worker to its end, or kills it after `limit` seconds."""
    nonce = secrets.randbelow(_NONCES)
    started = time.monotonic()
    try:
        command = system.command(workload.family, params, nonce)
    except Unavailable as error:
        return Run(note=str(error), failed=True)
    worker = _Worker(command, limit)
    try:
        answer, measures = worker.result(workload, params)
    except _WorkerFailed as error:
        wall = time.monotonic() - started
        return Run(note=str(error), failed=True, timed_out=worker.timed_out, wall=wall)
    finally:
        worker.close()
    run = Run(measures=measures, wall=time.monotonic() - started)
    _judge(run, workload, params, nonce, answer)
    return run


def _judge(run: Run, workload: Workload, params: Params, nonce: int, answer: dict[str, object]) -> None:
    """Fills in the run from the worker's answer, if the answer is right."""
    note, version, proof = answer.get("note"), answer.get("version"), answer.get("proof")
    run.version = str(version) if version else None
    run.note = str(note) if note else None
    details = answer.get("details")
    run.details = details if isinstance(details, dict) else None
    if answer.get("cannot"):
        run.failed = True
        return
    wrong, remark = workload.check(params, nonce, proof if isinstance(proof, dict) else {})
    measures = {key: float(value) for key, value in answer.items() if isinstance(value, int | float)}
    if wrong is None and not 0 < measures.get("seconds", run.wall) <= run.wall:
        wrong = f"claims {measures['seconds']} s of {run.wall:.3f} s"
    if wrong is not None:
        run.failed, run.note = True, f"wrong: {wrong}"
        return
    run.note = "; ".join(part for part in (run.note, remark) if part) or None
    run.measures |= measures
    if "seconds" in measures and "per_second" not in measures:
        run.measures["per_second"] = workload.operations(params) / measures["seconds"]


class _Worker:
    """A child process that speaks the protocol; killed with all its children when time is up."""

    def __init__(self, command: list[str], limit: float) -> None:
        self._limit = limit
        self._complaints: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the worker
        self._process = subprocess.Popen(
            command,
            cwd=paths.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )
        self.timed_out = False
        self._alarm = threading.Timer(limit, self._time_is_up)
        self._alarm.daemon = True
        self._alarm.start()

    def result(self, workload: Workload, params: Params) -> tuple[dict[str, object], Measures]:
        stdout, stdin = self._process.stdout, self._process.stdin
        assert stdout is not None
        assert stdin is not None
        seen = _Outside(self._process.pid, workload, params)
        for line in stdout:
            try:
                said = json.loads(line)
            except ValueError:
                continue  # a library that prints
            if "phase" in said:
                seen.look(said["phase"])
                stdin.write("\n")
                stdin.flush()
            else:
                return said, seen.measures
        self._process.wait()
        raise _WorkerFailed(self._why())

    def close(self) -> None:
        self._alarm.cancel()
        self._kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._complaints):
            if stream is not None:
                stream.close()

    def _time_is_up(self) -> None:
        self.timed_out = True
        self._kill()

    def _kill(self) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def _why(self) -> str:
        if self.timed_out:
            return f"not done after {self._limit:.0f} s"
        self._complaints.seek(0)
        lines = [line.strip() for line in self._complaints.read().splitlines() if line.strip()]
        last = lines[-1][:200] if lines else "no word"
        return f"ended with code {self._process.returncode}: {paths.relative(last)}"


class _Outside:
    """What is read about the worker while it stands still in a phase."""

    def __init__(self, pid: int, workload: Workload, params: Params) -> None:
        self._pid = pid
        self._params = params
        self._base = 0
        self.measures: Measures = {}

    def look(self, phase: str) -> None:
        if phase == "base":
            self._base = proc.resident_bytes(self._pid)
        elif phase == "full":
            grown = proc.resident_bytes(self._pid) - self._base
            self.measures["bytes"] = grown / number(self._params, "idle")
        elif phase == "idle":
            time.sleep(_SETTLE_SECONDS)
            before = proc.context_switches(self._pid)
            time.sleep(number(self._params, "seconds"))
            self.measures["switches"] = float(proc.context_switches(self._pid) - before)
