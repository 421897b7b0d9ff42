"""T2: the same trivial async tests under pytest, with and without a guard, in a project of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.systems.kit import Job, Result

_SETTINGS = {
    "none": 'leak-check = "off"',
    "leaks": 'leak-check = "error"',
    "contamination": 'leak-check = "off"\ncontamination = "error"',
    "package": 'leak-check = "off"\ncontamination = "error"\npackage = "app"',
}
_PROJECT = """[tool.pytest.ini_options]
asyncio_default_fixture_loop_scope = "function"

[tool.regrow.test]
{settings}
"""
_CONFTEST = """
import json, pathlib, time

seen = []
times = []

def pytest_runtest_logstart():
    times.append(time.perf_counter())

def pytest_runtest_logfinish():
    times.append(time.perf_counter())

def pytest_sessionfinish(session):
    row = dict(seconds=times[-1] - times[0], count=len(seen), total=sum(seen), failed=session.testsfailed)
    pathlib.Path("result.json").write_text(json.dumps(row))
"""
_TESTS = """
import asyncio
import pytest
from conftest import seen
{modules}

pytestmark = [pytest.mark.asyncio{mark}]

@pytest.mark.parametrize("value", range({nonce}, {nonce} + {n}))
async def test_trivial(value):
    await asyncio.sleep(0)
    seen.append(value)
"""
_MODULES = 20
_MODULE = "\n".join(
    [
        *(f"NAME_{i} = {i}" for i in range(20)),
        *(f"TABLE_{i} = dict(a={i}, b=[{i}])" for i in range(5)),
        *(f"class Thing{i}:\n    limit = {i}\n    seen = []" for i in range(5)),
    ]
)
"""A module of the package under test, whose globals the contamination guard compares."""


def measure(job: Job) -> Result:
    """Run them once; the time is that from the first test's start to the last one's end."""
    with tempfile.TemporaryDirectory() as folder:
        return _measure(Path(folder), job)


def _measure(folder: Path, job: Job) -> Result:
    n, guard = job.int("n"), job.text("guard")
    (folder / "app").mkdir()
    for i in range(_MODULES):
        (folder / "app" / f"module_{i}.py").write_text(_MODULE)
    (folder / "app" / "__init__.py").write_text("")
    (folder / "pyproject.toml").write_text(_PROJECT.format(settings=_SETTINGS.get(guard, "")))
    (folder / "conftest.py").write_text(_CONFTEST)
    modules = "\n".join(f"import app.module_{i}" for i in range(_MODULES))
    mark = ", pytest.mark.regrow" if guard else ""
    tests = _TESTS.format(modules=modules, mark=mark, nonce=job.nonce, n=n)
    (folder / "test_trivial.py").write_text(tests)
    _pytest(folder)
    row = json.loads((folder / "result.json").read_text())
    proof = {key: row[key] for key in ("count", "total", "failed")}
    return {"seconds": row["seconds"], "per_test": row["seconds"] / n, "proof": proof}


def _pytest(folder: Path) -> None:
    # Nobody else's plugins: they cost time of their own.
    plugins = ["-p", "pytest_asyncio.plugin", "-p", "_regrow_pytest", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *plugins],
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"pytest ended with code {done.returncode}: {done.stdout[-500:]}")
