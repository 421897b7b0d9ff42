"""Runs scenarios on systems, each in a process of its own that is killed when it hangs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import IO, NamedTuple
from xml.etree import ElementTree as ET

from benchmarks.semantics.scenarios import Scenario
from benchmarks.suite import paths, proc

_LIMIT = 15.0
_SETTLE, _WINDOW = 1.0, 6.0
TESTS = "tests/peers/test_peers_failures.py"

# Name of the system to its package and distribution; Regrow's cases are its tests.
PACKAGES = {
    "otpylib": ("otpylib", "otpylib"),
    "triotp": ("triotp", "triotp"),
    "lapinbeam": ("lapinbeam", "lapinbeam"),
    "fauxtp": ("fauxtp", "fauxtp"),
    "papyra": ("papyra", "papyra"),
    "mode": ("mode", "mode-streaming"),
    "pykka": ("pykka", "pykka"),
    "thespian": ("thespian", "thespian"),
    "xoscar": ("xoscar", "xoscar"),
    "genserver": ("genserver", "genserver"),
    "atomr": ("atomr", "atomr"),
}
SYSTEMS = ("regrow", *PACKAGES)


class Row(NamedTuple):
    """One cell of the table."""

    scenario: str
    system: str
    version: str
    verdict: str
    observed: str


def run(systems: list[str], scenarios: list[Scenario], progress: Callable[[str], None]) -> list[Row]:
    rows = []
    if "regrow" in systems:
        progress("regrow: its tests")
        rows += regrow(scenarios)
    for system in (name for name in systems if name != "regrow"):
        for scenario in scenarios:
            progress(f"{system}: {scenario.key}")
            rows.append(peer(system, scenario))
    progress("")
    return rows


def peer(system: str, scenario: Scenario) -> Row:
    """One scenario on one peer."""
    python = paths.peer_python(system)
    if not python.exists():
        why = f"not installed: python benchmarks/peers.py setup {system}"
        return Row(scenario.key, system, "", "can't", why)
    answer = _run([str(python), "-m", "benchmarks.semantics.worker", system, scenario.key])
    running = answer.get("version") or _version(system)
    return Row(scenario.key, system, running, answer["verdict"], answer["observed"])


def _run(command: list[str]) -> dict[str, str]:
    with tempfile.TemporaryFile("w+") as complaints:
        worker = subprocess.Popen(
            command,
            cwd=paths.ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "REGROW_PACKAGES": json.dumps(PACKAGES)},
        )
        alarm = threading.Timer(_LIMIT, _kill, [worker.pid])
        alarm.start()
        started = time.monotonic()
        try:
            answer = _answer(worker)
            if answer is not None:
                return answer
            # It ends by itself, or is killed by the alarm.
            code = worker.wait()
        finally:
            alarm.cancel()
            _kill(worker.pid)
            worker.wait()
        hung = time.monotonic() - started >= _LIMIT
        return {"verdict": "fail", "observed": f"hung for {_LIMIT:.0f} s" if hung else _end(code, complaints)}


def _answer(worker: subprocess.Popen[str]) -> dict[str, str] | None:
    assert worker.stdout is not None
    with worker.stdout:
        for line in worker.stdout:
            try:
                said = json.loads(line)
            except ValueError:
                continue  # a library that prints
            if "idle" not in said:
                return {key: str(value) for key, value in said.items()}
            time.sleep(_SETTLE)
            before = proc.context_switches(worker.pid)
            time.sleep(_WINDOW)
            switches = proc.context_switches(worker.pid) - before
            verdict = "fail" if switches else "pass"
            return {"verdict": verdict, "observed": f"{switches} context switches in {_WINDOW:.0f} s"}
    return None


def _end(code: int, complaints: IO[str]) -> str:
    complaints.seek(0)
    lines = [line.strip() for line in complaints.read().splitlines() if line.strip()]
    last = paths.relative(lines[-1][:160]) if lines else "no word"
    return f"the interpreter ended with code {code}: {last}"


def _kill(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _version(system: str) -> str:
    from benchmarks.peers import load  # noqa: PLC0415 - a program of its own

    return load()[system].version


def regrow(scenarios: list[Scenario]) -> list[Row]:
    """Regrow's tests of the same names, and what they recorded as seen."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        # The default family of reports has no place for what a test recorded.
        command = [*pytest, "-o", "junit_family=xunit1", f"--junitxml={report}", TESTS]
        done = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True, check=False)
        if not report.exists():
            raise SystemExit(f"the tests did not run: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        cases = list(ET.parse(report).getroot().iter("testcase"))
    return [_measured(_regrow_row(scenario, cases)) for scenario in scenarios]


def _measured(row: Row) -> Row:
    """The row with what is seen from outside, where the scenario is about that."""
    if row.scenario != "no_idle_wake_ups" or row.verdict == "fail":
        return row
    seen = _run([sys.executable, "-m", "benchmarks.semantics.worker", "regrow", row.scenario])
    return row._replace(verdict=seen["verdict"], observed=f"{seen['observed']}; {row.observed}")


def _regrow_row(scenario: Scenario, cases: list[ET.Element]) -> Row:
    mine = [case for case in cases if case.get("name", "").split("[")[0] == f"test_{scenario.key}"]
    seen = dict.fromkeys(
        entry.get("value", "")
        for case in mine
        for entry in case.iter("property")
        if entry.get("name") == "observed"
    )
    broken = [
        (entry.get("message") or "failed").splitlines()[0]
        for case in mine
        for kind in ("failure", "error")
        for entry in case.iter(kind)
    ]
    verdict = "fail" if broken or not mine else "pass"
    observed = "; ".join(broken) or ", ".join(seen) or "no such test"
    return Row(scenario.key, "regrow", version("regrow"), verdict, observed)
