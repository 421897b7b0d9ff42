"""In a project that doesn't ask for the kit, the plugin changes nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PYPROJECT = """
[tool.other]
[tool.pytest.ini_options]
markers = ["asyncio", "anyio"]
"""
CONFTEST = """
import sys

def pytest_collection_finish(session):
    print([item.nodeid for item in session.items])
    print("modules", sorted(sys.modules))

def pytest_warning_recorded(warning_message, when, nodeid):
    print("\\nwarning", when, nodeid, warning_message.category.__name__, warning_message.message)
"""
TESTS = """
import asyncio
import gc
import sys
import warnings

import pytest

def tell(name):
    loop = asyncio.get_running_loop()
    handler = type(loop.get_exception_handler()).__qualname__
    print(f"\\n{name}: {type(loop).__module__}.{type(loop).__qualname__}", loop.get_task_factory(), handler)

@pytest.mark.asyncio
@pytest.mark.parametrize("n", [1, 2])
async def test_asyncio(n):
    tell("asyncio")

@pytest.mark.anyio
async def test_anyio(anyio_backend_name):
    tell(anyio_backend_name)

@pytest.fixture
def unique_name():
    return "my own"

def test_plain(unique_name):
    warnings.warn("a warning")
    asyncio.run(asyncio.sleep(0))
    print(unique_name, gc.get_freeze_count(), sys.get_coroutine_origin_tracking_depth())
    assert sys.gettrace() is None

async def work(): pass

def test_lost():
    work()
"""
LIBRARIES = ("-p", "no:asyncio", "-p", "no:anyio", "--deselect", "test_it.py::test_anyio")
OTHERS = ("cacheprovider", "faulthandler", "hypothesispytest", "timeout", "xdist", "detangle")


def started(folder: Path, *args: str) -> subprocess.Popen[str]:
    others = [word for name in OTHERS for word in ("-p", f"no:{name}")]
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "-s", "-q", "--tb=line", *others, *args],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("libraries", [(), LIBRARIES], ids=["with libraries", "without"])
def test_nothing_changes(tmp_path: Path, libraries: tuple[str, ...]) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_it.py").write_text(TESTS)
    runs = [started(tmp_path, *libraries, *args) for args in ((), ("-p", "no:regrow"))]
    printed = [run.communicate(timeout=60)[0] for run in runs]
    modules = [next(line for line in text.splitlines() if line.startswith("modules")) for text in printed]
    # The last line has the time that the run took.
    ours, theirs = [[line for line in text.splitlines()[:-1] if line not in modules] for text in printed]
    assert ours == theirs
    assert modules[0].replace("'_regrow_pytest', ", "") == modules[1]
    assert "warning runtest test_it.py::test_plain UserWarning a warning" in ours
    assert any("coroutine 'work' was never awaited" in line for line in ours)
    asyncio_ran = "asyncio: asyncio.unix_events._UnixSelectorEventLoop None NoneType" in ours
    assert asyncio_ran == (libraries == ())
